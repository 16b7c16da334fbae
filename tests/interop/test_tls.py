# SPDX-License-Identifier: AGPL-3.0-or-later
"""TLS with ourselves and with OpenSSL's own client and server: who is let in, and what is said of who is not."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from engine.messages import Failure, Summary
from tests.certificates import PASSWORD, Lab
from tests.interop.sides import LOOPBACK, Ours, at
from tests.programs import GOSSIPPER, WITH_GOSSIPPER, Program, Programs, free_port, require

CALLS = 100
FEW = 3
INVITE = b"""INVITE sip:service@127.0.0.1 SIP/2.0
Via: SIP/2.0/TLS 127.0.0.1:5061;branch=z9hG4bK1
From: <sip:openssl@127.0.0.1>;tag=1
To: <sip:service@127.0.0.1>
Call-ID: of-openssl@127.0.0.1
CSeq: 1 INVITE
Contact: <sip:openssl@127.0.0.1;transport=tls>
Max-Forwards: 70
Content-Length: 0

""".replace(b"\n", b"\r\n")


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    return Lab(tmp_path_factory.mktemp("lab"))


def shows(lab: Lab, name: str) -> tuple[str, ...]:
    return ("-tls_cert", lab[f"{name}.pem"], "-tls_key", lab[f"{name}.key"])


@pytest.mark.parametrize("transport", ["l1", "ln", "ws1", "wsn"])
@pytest.mark.parametrize("ip_version", [4, 6])
def test_ours_with_ours_both_verified(tmp_path: Path, programs: Programs, lab: Lab, transport: str, ip_version: int) -> None:
    host = LOOPBACK[ip_version]
    (tmp_path / "uas").mkdir()
    callee, caller = Ours(Programs(tmp_path / "uas"), host), Ours(programs, host)
    server = callee.start("-sn", "uas", "-m", str(CALLS), "-t", transport, *shows(lab, "server"), "-tls_ca", lab["ca.pem"])
    try:
        server.wait_bound(callee.port)
        trusted = (*shows(lab, "client"), "-tls_ca", lab["ca.pem"], "-tls_crl", lab["crl.pem"])
        client = caller.start("-sn", "uac", "-m", str(CALLS), "-r", "100", at(host, callee.port), "-t", transport, *trusted)
        assert (client.wait(), server.wait()) == (0, 0), client.output + server.output
    finally:
        server.end()
    called, answered = caller.summary(), callee.summary()
    for summary in (called, answered):
        assert (summary.counters.created, summary.counters.successful) == (CALLS, CALLS)
        assert summary.tls is not None
        assert (summary.tls.verified, summary.tls.version) == (True, "TLSv1.3")
    assert "TLS, verified · TLSv1.3" in client.output


def test_a_client_that_verifies_nobody_says_so(tmp_path: Path, programs: Programs, lab: Lab) -> None:
    (tmp_path / "uas").mkdir()
    callee, caller = Ours(Programs(tmp_path / "uas")), Ours(programs)
    server = callee.start("-sn", "uas", "-m", "1", "-t", "l1", *shows(lab, "wrong-name"))
    try:
        server.wait_bound(callee.port)
        client = caller.start(
            "-sn", "uac", "-m", "1", at(caller.host, callee.port), "-t", "cl", "-tls_ca", lab["ca.pem"], "-tls_skip_verify"
        )
        assert (client.wait(), server.wait()) == (0, 0), client.output
    finally:
        server.end()
    assert "TLS, not verified" in client.output
    tls = caller.summary().tls
    assert tls is not None
    assert tls.verified is False


def test_a_key_with_a_password(tmp_path: Path, programs: Programs, lab: Lab) -> None:
    port = free_port()
    command = (*GOSSIPPER, "sipp", "-sn", "uas", "-t", "sl", "-i", "127.0.0.1", "-p", str(port), "-nostdin", "-m", "1")
    command = (*command, "-tls_cert", lab["server.pem"], "-tls_key", lab["encrypted.key"])
    without = programs.start(*command)
    assert without.wait() == 255
    assert without.output.count("\n") == 1
    assert "encrypted.key has a password; put it into the environment variable GOSSIPPER_TLS_KEY_PASSWORD" in without.output
    environment = {**WITH_GOSSIPPER, "GOSSIPPER_TLS_KEY_PASSWORD": PASSWORD}
    programs.start(*command, environment=environment).wait_bound(port)


def test_a_server_without_a_certificate_is_told_what_makes_one(programs: Programs) -> None:
    server = Ours(programs).start("-sn", "uas", "-t", "l1")
    assert server.wait() == 255
    assert server.output.count("\n") == 1
    assert "'gossipper tls-cert' makes one" in server.output


# --- our client, OpenSSL's server --------------------------------------------------------------------------------------


@contextmanager
def openssl_server(programs: Programs, *arguments: str) -> Iterator[int]:
    """`openssl s_server` on a free port."""
    port = free_port()
    server = programs.start(
        require("openssl"), "s_server", "-accept", f"127.0.0.1:{port}", "-quiet", "-naccept", "100", *arguments
    )
    server.wait_bound(port)
    yield port
    server.end()


def called(programs: Programs, port: int, *arguments: str) -> tuple[Program, Summary]:
    """A few calls with a connection each."""
    ours = Ours(programs)
    client = ours.start(
        "-sn", "uac", "-m", str(FEW), "-r", "50", "-recv_timeout", "2s", at("127.0.0.1", port), "-t", "ln", *arguments
    )
    assert client.wait() == 1, client.output
    summary = ours.summary()
    assert (summary.counters.created, summary.counters.failed) == (FEW, FEW)
    return client, summary


REFUSED = {
    "wrong CA": ("other", "the peer's certificate was issued by no CA of -tls_ca"),
    "self-signed": ("self-signed", "the peer's certificate is self-signed and not in -tls_ca"),
    "expired": ("expired", "the peer's certificate has expired"),
    "not yet valid": ("not-yet-valid", "the peer's certificate is not valid yet"),
    "revoked": ("revoked", "the peer's certificate was revoked (-tls_crl)"),
    "wrong name": ("wrong-name", "the peer's certificate is not for the address 127.0.0.1"),
}


@pytest.mark.parametrize(("name", "told"), REFUSED.values(), ids=REFUSED)
def test_a_server_that_is_not_to_be_trusted_gets_no_call(programs: Programs, lab: Lab, name: str, told: str) -> None:
    trust = ("-tls_ca", lab["ca.pem"], "-tls_crl", lab["crl.pem"])
    with openssl_server(programs, "-cert", lab[f"{name}.pem"], "-key", lab[f"{name}.key"]) as port:
        _, summary = called(programs, port, *trust)
        place = f"no TLS connection to 127.0.0.1 port {port}"
        assert summary.counters.failures == {Failure.TCP_CONNECT: FEW}
        assert summary.counters.reasons == {f"{place}: {told}": FEW}
        shared = Ours(programs).start("-sn", "uac", "-m", "1", at("127.0.0.1", port), "-t", "l1", *trust)
        assert shared.wait() == 255
        assert shared.output.rstrip().endswith(f"{place}: {told}")


def test_a_server_that_asks_for_a_certificate_gets_ours_or_says_no(programs: Programs, lab: Lab) -> None:
    asks = (
        "-cert",
        lab["server.pem"],
        "-key",
        lab["server.key"],
        "-CAfile",
        lab["ca.pem"],
        "-Verify",
        "1",
        "-verify_return_error",
    )
    with openssl_server(programs, *asks) as port:
        _, summary = called(programs, port)
        assert summary.counters.failures == {Failure.TCP_CONNECT: FEW}
        (reason,) = summary.counters.reasons
        assert "the peer asks for a certificate and we have none; give one with -tls_cert and -tls_key" in reason
        _, summary = called(programs, port, *shows(lab, "other"))
        (reason,) = summary.counters.reasons
        assert "the peer refused our certificate: it does not know the CA" in reason
        _, summary = called(programs, port, *shows(lab, "client"))
        assert Failure.TCP_CONNECT not in summary.counters.failures, "it lets us in, but answers no SIP"


@pytest.mark.parametrize(("offered", "asked"), [("-tls1_2", "1.3"), ("-tls1_3", "1.2")])
def test_no_version_in_common(programs: Programs, lab: Lab, offered: str, asked: str) -> None:
    with openssl_server(programs, "-cert", lab["server.pem"], "-key", lab["server.key"], offered) as port:
        _, summary = called(programs, port, "-tls_version", asked)
        (reason,) = summary.counters.reasons
        assert "takes no TLS version that we offer; see -tls_version" in reason


# --- OpenSSL's client, our server --------------------------------------------------------------------------------------


def greet(port: int, *arguments: str) -> str:
    """What `openssl s_client` says that connects and goes."""
    command = (require("openssl"), "s_client", "-connect", f"127.0.0.1:{port}", *arguments)
    done = subprocess.run(command, input=b"", capture_output=True, timeout=20, check=False)
    return (done.stdout + done.stderr).decode(errors="replace")


def test_openssl_calls_us(programs: Programs, lab: Lab) -> None:
    ours = Ours(programs)
    server = ours.start("-sn", "uas", "-t", "l1", *shows(lab, "server"))
    server.wait_bound(ours.port)
    for version, name in (("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")):
        told = greet(ours.port, version, "-CAfile", lab["ca.pem"], "-verify_return_error", "-verify_hostname", "localhost")
        assert f"New, {name}, Cipher is" in told
        assert "Verify return code: 0 (ok)" in told
    command = (require("openssl"), "s_client", "-connect", f"127.0.0.1:{ours.port}", "-quiet")
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as client:
        assert client.stdin is not None
        assert client.stdout is not None
        client.stdin.write(INVITE)
        client.stdin.flush()
        answers: list[bytes] = []
        while len(answers) < 2:
            line = client.stdout.readline()
            assert line, server.output
            if line.startswith(b"SIP/2.0"):
                answers.append(line.strip())
        client.kill()
    assert answers == [b"SIP/2.0 180 Ringing", b"SIP/2.0 200 OK"]


def test_who_is_not_let_in_is_told_and_the_server_goes_on(programs: Programs, lab: Lab) -> None:
    ours = Ours(programs)
    server = ours.start("-sn", "uas", "-t", "l1", "-tls_version", "1.3", *shows(lab, "server"), "-tls_ca", lab["ca.pem"])
    server.wait_bound(ours.port)
    greet(ours.port, "-tls1_2")
    greet(ours.port, "-tls1_3")
    greet(ours.port, "-tls1_3", "-cert", lab["other.pem"], "-key", lab["other.key"])
    told = greet(ours.port, "-tls1_3", "-cert", lab["client.pem"], "-key", lab["client.key"])
    assert "New, TLSv1.3, Cipher is" in told
    server.process.terminate()
    server.wait()
    for reason in (
        "the peer offers no TLS version that we take; see -tls_version",
        "the peer gave no certificate, and -tls_ca asks for one",
        "the peer's certificate was issued by no CA of -tls_ca",
    ):
        assert f"a connection from 127.0.0.1 failed: {reason}" in server.output
    assert ours.summary().counters.created == 0
