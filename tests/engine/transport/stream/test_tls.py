# SPDX-License-Identifier: AGPL-3.0-or-later
"""TLS as a layer, without sockets: two of ours against each other, and ours against the standard library's."""

from __future__ import annotations

import contextlib
import os
import ssl
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa as rsa_key
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import KeyPasswordNeeded, OptionError
from engine.messages import Failure
from engine.options import RunConfig
from engine.transport import Addresses
from engine.transport.stream.framing import SipFraming
from engine.transport.stream.layer import StreamBroken
from engine.transport.stream.stack import Stack
from engine.transport.stream.tls import MOST_FRUITLESS, Tls
from engine.transport.stream.tls_context import KEY_LOG_VARIABLE, PASSWORD_VARIABLE, context_of, tls
from tests.certificates import PASSWORD, Lab, self_signed
from tests.engine.transport.sides import message
from tests.growth import grows_linearly

ADDRESSES = Addresses(local_ip="127.0.0.1")


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    return Lab(tmp_path_factory.mktemp("lab"))


def own(lab: Lab, name: str = "server") -> dict[str, str]:
    return {"tls_certificate": lab[f"{name}.pem"], "tls_key": lab[f"{name}.key"]}


def trust(lab: Lab, name: str = "ca.pem", **more: str) -> dict[str, str]:
    return {"tls_ca": lab[name], **{option: lab[file] for option, file in more.items()}}


@pytest.fixture(scope="module")
def rsa(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A certificate with an RSA key."""
    issued = self_signed(key=rsa_key.generate_private_key(65537, 2048))
    folder = tmp_path_factory.mktemp("rsa")
    (folder / "rsa.pem").write_bytes(issued.pem)
    (folder / "rsa.key").write_bytes(issued.key_pem())
    return {"tls_certificate": str(folder / "rsa.pem"), "tls_key": str(folder / "rsa.key")}


class Two:
    """A client and a server and what passes between them."""

    def __init__(self, client: dict[str, str], server: dict[str, str], host: str = "localhost") -> None:
        sides = ((client, False, host), (server, True, ""))
        self.stacks = [Stack([tls(RunConfig(**options), ADDRESSES, role)(name), SipFraming()]) for options, role, name in sides]
        self.got: tuple[list[bytes], list[bytes]] = ([], [])
        for stack in self.stacks:
            stack.begin()

    @property
    def client(self) -> Stack:
        return self.stacks[0]

    @property
    def server(self) -> Stack:
        return self.stacks[1]

    def pass_on(self, piece: int = 1 << 20) -> None:
        """Carry what waits between both, in pieces, until nothing does."""
        for _ in range(20):
            for here, there in ((0, 1), (1, 0)):
                data = self.stacks[here].take_output()
                for start in range(0, len(data), piece):
                    self.hand(there, data[start : start + piece])

    def hand(self, side: int, data: bytes) -> None:
        if self.stacks[side].broken is None:
            self.got[side].extend(self.stacks[side].receive(data))

    def reasons(self) -> tuple[str, str]:
        """Why it broke, at the client and at the server."""
        client, server = ("" if stack.broken is None else stack.broken.reason for stack in self.stacks)
        return client, server


def test_both_sides_agree_and_speak(lab: Lab) -> None:
    two = Two(trust(lab), own(lab))
    two.client.hold(message(1))
    two.pass_on()
    assert two.client.is_ready
    assert two.got == ([], [message(1)])
    two.server.output += two.server.wrap(message(2))
    two.pass_on()
    assert two.got[0] == [message(2)]
    assert two.client.agreed() == two.server.agreed() == ("TLSv1.3", "TLS_AES_256_GCM_SHA384")
    assert two.reasons() == ("", "")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1", "[::1]"])
def test_a_certificate_is_for_names_and_addresses(lab: Lab, host: str) -> None:
    two = Two(trust(lab), own(lab), host)
    two.pass_on()
    assert two.client.is_ready


@pytest.mark.parametrize("version", ["1.0", "1.1", "1.2", "1.3"])
def test_a_version_that_was_asked_for_is_the_one_that_is_spoken(lab: Lab, version: str) -> None:
    two = Two({"tls_version": version}, own(lab) | {"tls_version": version})
    two.client.hold(message())
    two.pass_on()
    agreed = two.client.agreed()
    assert agreed is not None
    assert agreed[0] == {"1.0": "TLSv1"}.get(version, f"TLSv{version}")
    assert two.got[1] == [message()]


FAILURES = {
    "a CA that did not issue it": ("ca=other", "server", "the peer's certificate was issued by no CA of -tls_ca"),
    "self-signed": ("ca", "self-signed", "the peer's certificate is self-signed and not in -tls_ca"),
    "expired": ("ca", "expired", "the peer's certificate has expired"),
    "not yet valid": ("ca", "not-yet-valid", "the peer's certificate is not valid yet"),
    "wrong name": ("ca", "wrong-name", "the peer's certificate is not for the name localhost"),
    "revoked": ("ca crl", "revoked", "the peer's certificate was revoked (-tls_crl)"),
}


@pytest.mark.parametrize(("trusts", "shows", "told"), FAILURES.values(), ids=FAILURES)
def test_a_server_that_is_not_to_be_trusted(lab: Lab, trusts: str, shows: str, told: str) -> None:
    client = trust(lab, "other-ca.pem" if "other" in trusts else "ca.pem")
    if "crl" in trusts:
        client["tls_crl"] = lab["crl.pem"]
    two = Two(client, own(lab, shows))
    two.pass_on()
    assert two.reasons()[0] == told
    assert two.client.broken is not None
    assert (two.client.broken.failure, two.client.broken.garbage) == (Failure.TCP_CONNECT, False)
    assert not two.client.is_ready
    assert "refused our certificate" in two.reasons()[1], "the alert arrives"
    again = Two({}, own(lab, shows))
    again.pass_on()
    assert again.client.is_ready, "without a CA nobody is verified"


def test_a_wrong_address_is_named(lab: Lab) -> None:
    two = Two(trust(lab), own(lab, "wrong-name"), "127.0.0.1")
    two.pass_on()
    assert two.reasons()[0] == "the peer's certificate is not for the address 127.0.0.1"


def test_a_list_that_revokes_somebody_else_revokes_nobody(lab: Lab) -> None:
    two = Two(trust(lab, tls_crl="crl.pem"), own(lab))
    two.pass_on()
    assert two.client.is_ready


def test_verification_can_be_left_out(lab: Lab) -> None:
    config = RunConfig(**trust(lab, "other-ca.pem"), tls_skip_verify=True)
    assert context_of(config, server=False).verify_mode is ssl.CERT_NONE
    assert context_of(RunConfig(**trust(lab), tls_skip_verify=True), server=True).verify_mode is ssl.CERT_REQUIRED


@pytest.mark.parametrize("version", ["1.2", "1.3"])
@pytest.mark.parametrize(
    ("shows", "at_client", "at_server"),
    [
        ("client", "", ""),
        ("", "the peer asks for a certificate and we have none", "the peer gave no certificate, and -tls_ca asks for one"),
        ("other", "it does not know the CA", "the peer's certificate was issued by no CA of -tls_ca"),
        ("expired", "it has expired", "the peer's certificate has expired"),
    ],
    ids=["known", "none", "of another CA", "expired"],
)
def test_a_server_with_a_ca_lets_in_who_has_a_certificate(
    lab: Lab, version: str, shows: str, at_client: str, at_server: str
) -> None:
    client = trust(lab) | (own(lab, shows) if shows else {}) | {"tls_version": version}
    two = Two(client, own(lab) | trust(lab))
    two.client.hold(message())
    two.pass_on()
    told = two.reasons()
    if version == "1.2" and not shows:
        at_client = "it wants a certificate of us"  # there is no alert of its own for that before TLS 1.3
    assert at_client in told[0]
    assert told[1] == at_server
    assert two.got[1] == ([] if at_server else [message()])
    if at_client:
        assert two.client.broken is not None
        assert two.client.broken.failure is Failure.TCP_CONNECT


def test_versions_that_do_not_meet(lab: Lab) -> None:
    two = Two({"tls_version": "1.3"}, own(lab) | {"tls_version": "1.2"})
    two.pass_on()
    assert two.reasons() == (
        "the peer takes no TLS version that we offer; see -tls_version (alert protocol version)",
        "the peer offers no TLS version that we take; see -tls_version",
    )


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (message(), "the peer speaks no TLS: it sent 'OPTIONS sip:a@b SIP/2.0'"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "the peer speaks no TLS: it sent 'HTTP/1.1 400 Bad Request'"),
        (b"\0\xff\0", "the peer speaks no TLS"),
        (b"\r\n\r\n", "the peer speaks no TLS"),
    ],
)
@pytest.mark.parametrize("side", [0, 1])
def test_a_peer_that_speaks_no_tls(lab: Lab, said: bytes, told: str, side: int) -> None:
    two = Two({}, own(lab))
    two.hand(side, said)
    assert two.reasons()[side] == told
    stack = two.stacks[side]
    assert stack.broken is not None
    assert (stack.broken.failure, stack.broken.garbage) == (Failure.TCP_CONNECT, True)


def test_the_peer_says_goodbye_or_is_cut_off(lab: Lab) -> None:
    two = Two({}, own(lab))
    with pytest.raises(StreamBroken, match="instead of a TLS handshake"):
        two.client.ended()
    two.pass_on()
    with pytest.raises(StreamBroken, match="without ending TLS"):
        two.client.ended()
    two.server.output += two.server.wrap(message(1))
    two.server.end()
    two.pass_on()
    assert two.got[0] == [message(1)]
    two.client.ended()


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_a_peer_that_says_goodbye_has_closed_also_when_its_socket_stays(lab: Lab, version: str) -> None:
    two = Two({"tls_version": version}, own(lab))
    two.pass_on()
    two.server.output += two.server.wrap(message(1))
    two.server.end()
    two.hand(0, two.server.take_output())
    assert two.got[0] == [message(1)]
    assert two.client.broken is not None
    assert (two.client.broken.reason, two.client.broken.failure) == ("closed by the peer", Failure.TCP_CLOSED)
    assert not two.client.broken.garbage
    assert two.client.take_output(), "we say goodbye too"


def test_a_goodbye_in_the_handshake_is_no_garbage(lab: Lab) -> None:
    two = Two({}, own(lab))
    two.hand(0, b"\x15\x03\x03\x00\x02\x01\x00")  # close_notify
    assert two.client.broken is not None
    assert two.client.broken.reason == "the peer closed the connection during the TLS handshake"
    assert two.client.broken.failure is Failure.TCP_CONNECT
    assert not two.client.broken.garbage


def test_what_came_before_a_broken_record_is_not_lost(lab: Lab) -> None:
    two = Two({}, own(lab))
    two.pass_on()
    good, bad = two.client.wrap(message(1)), bytearray(two.client.wrap(message(2)))
    bad[-1] ^= 1
    two.hand(1, good + bytes(bad))
    assert two.got[1] == [message(1)]
    assert two.server.broken is not None
    assert two.server.broken.garbage
    assert two.client.wrap(message(3)), "the other side does not know yet"


@given(st.lists(st.binary(max_size=40_000), min_size=1, max_size=4), st.integers(1, 20_000))
@settings(max_examples=30, deadline=None)
def test_any_cut_gives_the_same_messages(lab: Lab, bodies: list[bytes], piece: int) -> None:
    two = Two({}, own(lab))
    two.pass_on()
    messages = [message(number, body) for number, body in enumerate(bodies)]
    two.client.output += b"".join(map(two.client.wrap, messages))
    two.pass_on(piece)
    assert two.got[1] == messages


def test_a_handshake_byte_by_byte(lab: Lab) -> None:
    two = Two(trust(lab), own(lab))
    two.client.hold(message())
    two.pass_on(1)
    assert two.got[1] == [message()]


@given(st.lists(st.binary(max_size=300), max_size=8), st.booleans())
@settings(max_examples=60, deadline=None)
def test_any_bytes_end_in_nothing_or_one_error(lab: Lab, pieces: list[bytes], after_handshake: bool) -> None:
    two = Two({}, own(lab))
    if after_handshake:
        two.pass_on()
    for piece in pieces:
        two.hand(1, b"\x16" + piece if not after_handshake else b"\x17\x03\x03" + piece)
    assert two.got[1] == []
    assert two.server.broken is None or two.server.broken.reason


def test_a_peer_that_never_comes_to_the_point_is_left(lab: Lab) -> None:
    two = Two({}, own(lab))
    record = b"\x16\x03\x03\x40\x00" + b"\x01\x00\xff\xff" + b"\0" * (0x4000 - 4)
    for _ in range(MOST_FRUITLESS // len(record) + 2):
        two.hand(1, record)
    assert two.server.broken is not None
    assert two.server.broken.garbage


def test_the_time_of_many_records_grows_with_their_number(lab: Lab) -> None:
    def carry(size: int) -> None:
        two = Two({}, own(lab))
        two.pass_on()
        two.hand(1, b"".join(two.client.wrap(b"OPTIONS sip:a SIP/2.0\r\n\r\n") for _ in range(size)))
        assert len(two.got[1]) == size

    assert grows_linearly(carry, 500)


def pumped(layer: Tls, other: ssl.SSLObject, to_other: ssl.MemoryBIO, from_other: ssl.MemoryBIO) -> None:
    layer.begin()
    for _ in range(6):
        to_other.write(layer.own())
        with contextlib.suppress(ssl.SSLWantReadError):
            other.do_handshake()
        data = from_other.read()
        if data:
            layer.receive(data)


@pytest.mark.parametrize("server", [True, False])
def test_the_standard_library_understands_us(lab: Lab, server: bool) -> None:
    options = own(lab) if server else trust(lab)
    layer = tls(RunConfig(**options), ADDRESSES, server)("" if server else "localhost")
    assert isinstance(layer, Tls)
    to_other, from_other = ssl.MemoryBIO(), ssl.MemoryBIO()
    if server:
        other = ssl.create_default_context(cafile=lab["ca.pem"]).wrap_bio(to_other, from_other, server_hostname="localhost")
    else:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(lab["server.pem"], lab["server.key"])
        other = context.wrap_bio(to_other, from_other, server_side=True)
    pumped(layer, other, to_other, from_other)
    to_other.write(layer.send(b"hello"))
    assert other.read() == b"hello"
    other.write(b"and you")
    assert layer.receive(from_other.read()) == [b"and you"]


# --- what the options mean ---------------------------------------------------------------------------------------------


@pytest.fixture
def no_password(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.delenv(PASSWORD_VARIABLE, raising=False)
    return monkeypatch


def test_a_key_with_a_password_is_opened_by_the_environment(lab: Lab, no_password: pytest.MonkeyPatch) -> None:
    config = RunConfig(tls_certificate=lab["server.pem"], tls_key=lab["encrypted.key"])
    with pytest.raises(KeyPasswordNeeded, match=PASSWORD_VARIABLE) as needed:
        context_of(config, server=True)
    assert needed.value.path == lab["encrypted.key"]
    no_password.setenv(PASSWORD_VARIABLE, "wrong")
    with pytest.raises(OptionError, match="-tls_key: the password does not open"):
        context_of(config, server=True)
    no_password.setenv(PASSWORD_VARIABLE, PASSWORD)
    context_of(config, server=True)


def test_a_key_of_another_certificate_is_refused(lab: Lab) -> None:
    config = RunConfig(tls_certificate=lab["server.pem"], tls_key=lab["client.key"])
    with pytest.raises(OptionError, match=r"client\.key is not the key of the certificate in .*server\.pem"):
        context_of(config, server=True)


def test_certificate_and_key_may_stand_in_one_file(lab: Lab, tmp_path: Path) -> None:
    both = tmp_path / "both.pem"
    both.write_bytes(Path(lab["server.pem"]).read_bytes() + Path(lab["server.key"]).read_bytes())
    two = Two(trust(lab), {"tls_certificate": str(both)})
    two.pass_on()
    assert two.client.is_ready


def test_the_files_that_sipp_looks_for_are_ours_too(lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cacert.pem").write_bytes(Path(lab["server.pem"]).read_bytes())
    (tmp_path / "cakey.pem").write_bytes(Path(lab["server.key"]).read_bytes())
    monkeypatch.chdir(tmp_path)
    two = Two(trust(lab), {})
    two.pass_on()
    assert two.client.is_ready


def test_keys_are_written_where_the_environment_says(lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_LOG_VARIABLE, str(tmp_path / "keys"))
    Two({}, own(lab)).pass_on()
    assert "CLIENT_HANDSHAKE_TRAFFIC_SECRET" in (tmp_path / "keys").read_text()
    monkeypatch.setenv(KEY_LOG_VARIABLE, str(tmp_path / "nowhere" / "keys"))
    with pytest.raises(OptionError, match=f"{KEY_LOG_VARIABLE}: .*No such file"):
        context_of(RunConfig(), server=False)


def test_keys_are_not_written_into_what_may_wait_for_a_reader(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.setenv(KEY_LOG_VARIABLE, str(tmp_path / "pipe"))
    with pytest.raises(OptionError, match=f"{KEY_LOG_VARIABLE}: .*pipe is no regular file"):
        context_of(RunConfig(), server=False)


def test_the_cipher_that_rfc_3261_makes_mandatory_is_spoken(lab: Lab, rsa: dict[str, str]) -> None:
    """TLS_RSA_WITH_AES_128_CBC_SHA (RFC 3261 section 26.2.1): old equipment may have no other."""
    for ours, theirs in ((False, True), (True, False)):
        peer = context_of(RunConfig(tls_version="1.2", **rsa), server=theirs)
        peer.set_ciphers("AES128-SHA")
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        session = peer.wrap_bio(incoming, outgoing, server_side=theirs)
        layer = tls(RunConfig(**rsa), ADDRESSES, ours)("")
        layer.begin()
        for _ in range(4):
            incoming.write(layer.own())
            with contextlib.suppress(ssl.SSLWantReadError):
                session.do_handshake()
            layer.receive(outgoing.read())
        assert layer.is_ready
        assert session.cipher()[0] == "AES128-SHA"
