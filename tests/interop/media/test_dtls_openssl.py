# SPDX-License-Identifier: AGPL-3.0-or-later
"""Our handshake of DTLS-SRTP with the command line of OpenSSL, either side ours: both have the same keys."""

from __future__ import annotations

import re
import select
import shlex
import socket
import subprocess
import time
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509 import load_pem_x509_certificate

from engine.media.srtp.dtls import Dtls
from engine.media.srtp.fingerprints import fingerprint_of
from engine.media.srtp.identity import Identity
from engine.media.srtp.suites import AES_CM_128_HMAC_SHA1_32, AES_CM_128_HMAC_SHA1_80, Suite
from tests.programs import Program, Programs, free_port, require

_LIMIT_S = 15
_OURS = Identity()


def certificate(folder: Path) -> tuple[Path, Path, bytes]:
    """OpenSSL's own files, made by itself, and its certificate in DER."""
    certificate, key = folder / "openssl.pem", folder / "openssl.key"
    private = ec.generate_private_key(ec.SECP256R1())
    key.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    command = [
        require("openssl"),
        "req",
        "-x509",
        "-key",
        str(key),
        "-out",
        str(certificate),
        "-subj",
        "/CN=other",
        "-days",
        "2",
    ]
    subprocess.run(command, check=True, capture_output=True)
    return certificate, key, load_pem_x509_certificate(certificate.read_bytes()).public_bytes(Encoding.DER)


def drive(dtls: Dtls, channel: socket.socket, other: tuple[str, int] | None, lose: int) -> None:
    """The handshake over a real socket until it is over; the first `lose` datagrams of ours are lost."""
    end = time.monotonic() + _LIMIT_S
    while not dtls.done and dtls.failed is None:
        assert time.monotonic() < end, "the handshake takes too long"
        for datagram in dtls.take():
            if lose:
                lose -= 1
            elif other is not None:
                channel.sendto(datagram, other)
        if select.select([channel], [], [], 0.05)[0]:
            datagram, other = channel.recvfrom(65536)
            dtls.feed(datagram, time.monotonic_ns())
        dtls.timeout(time.monotonic_ns())
    if other is not None:
        for datagram in dtls.take():
            channel.sendto(datagram, other)


@pytest.mark.parametrize("lose", [0, 1], ids=["nothing lost", "a datagram lost"])
@pytest.mark.parametrize("suite", [AES_CM_128_HMAC_SHA1_80, AES_CM_128_HMAC_SHA1_32], ids=lambda suite: suite.profile)
@pytest.mark.parametrize("we_begin", [True, False], ids=["we begin", "openssl begins"])
def test_both_have_the_same_keys(programs: Programs, tmp_path: Path, we_begin: bool, suite: Suite, lose: int) -> None:
    pem, key, der = certificate(tmp_path)
    port = free_port()
    common = ("-cert", str(pem), "-key", str(key), "-use_srtp", suite.profile)
    export = ("-keymatexport", "EXTRACTOR-dtls_srtp", "-keymatexportlen", "60")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
        channel.bind(("127.0.0.1", 0 if we_begin else port))
        command = ("s_server", "-accept") if we_begin else ("s_client", "-connect")
        other = openssl(programs, *command, f"127.0.0.1:{port}", "-dtls1_2", "-verify", "1", *common, *export)
        if we_begin:
            other.wait_bound(port)
        ours = Dtls(_OURS, client=we_begin, now_ns=time.monotonic_ns(), fingerprints=[fingerprint_of(der)])
        drive(ours, channel, ("127.0.0.1", port) if we_begin else None, lose)
        assert ours.failed is None
        secret = exported(other)
    assert ours.outgoing is not None
    assert ours.incoming is not None
    client, server = secret[:16] + secret[32:46], secret[16:32] + secret[46:]
    assert (ours.outgoing.master, ours.incoming.master) == ((client, server) if we_begin else (server, client))
    assert ours.outgoing.suite is suite
    assert f"profile={suite.profile}" in other.output


def openssl(programs: Programs, *arguments: str) -> Program:
    """OpenSSL's command line. A standard input that is at its end would end it."""
    return programs.start("sh", "-c", f"sleep {_LIMIT_S} | {shlex.join((require('openssl'), *arguments))}")


def exported(other: Program) -> bytes:
    """What OpenSSL prints of its keys."""
    end = time.monotonic() + _LIMIT_S
    while (found := re.search(r"Keying material: ([0-9A-F]{120})", other.output)) is None:
        assert time.monotonic() < end, other.output
        time.sleep(0.02)
    return bytes.fromhex(found[1])
