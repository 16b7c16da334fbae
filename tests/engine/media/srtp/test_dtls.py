# SPDX-License-Identifier: AGPL-3.0-or-later
"""Handshakes of DTLS-SRTP without sockets: with ourselves, with OpenSSL as others set it up, and with who means harm."""

from __future__ import annotations

import datetime
import random
import time
from collections.abc import Callable
from contextlib import suppress

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st
from OpenSSL import SSL

from engine.media.srtp.dtls import PATIENCE_NS, Dtls
from engine.media.srtp.fingerprints import Fingerprint, fingerprint_of
from engine.media.srtp.identity import PROFILES, Identity, suite_of
from engine.media.srtp.session import Srtp
from engine.media.srtp.suites import AEAD_AES_128_GCM, AES_CM_128_HMAC_SHA1_32, Suite
from tests.engine.media.srtp.reference import rtp

_OURS, _THEIRS = Identity(), Identity()
_S = 1_000_000_000


def both(ours: Identity = _OURS, theirs: Identity = _THEIRS, **more: int) -> tuple[Dtls, Dtls]:
    """A client of ours and a server of theirs that know each other's fingerprints."""
    client = Dtls(ours, client=True, now_ns=0, fingerprints=[theirs.fingerprint], **more)
    return client, Dtls(theirs, client=False, now_ns=0, fingerprints=[ours.fingerprint], **more)


def exchange(client: Dtls, server: Dtls, keep: Callable[[bytes], bool] = lambda _: True, now_ns: int = 0) -> int:
    """Everything that they have for each other; how many datagrams that was."""
    count = 0
    for _ in range(20):
        for sender, receiver in ((client, server), (server, client)):
            for datagram in sender.take():
                count += 1
                if keep(datagram):
                    receiver.feed(datagram, now_ns)
    return count


def talk(client: Dtls, server: Dtls) -> None:
    """What one sends with its keys the other reads, both ways."""
    left, right = Srtp(client.outgoing, client.incoming), Srtp(server.outgoing, server.incoming)
    assert right.unprotect(left.protect(rtp(1, b"left"))) == rtp(1, b"left")
    assert left.unprotect(right.protect(rtp(1, b"right"))) == rtp(1, b"right")


@pytest.mark.parametrize("suite", PROFILES, ids=[suite.profile for suite in PROFILES])
def test_keys_of_every_profile(suite: Suite) -> None:
    client, server = both(theirs=Identity((suite,)))
    assert exchange(client, server) == 4
    assert (client.done, server.done, client.failed, server.failed) == (True, True, None, None)
    assert client.due_ns is server.due_ns is None
    assert client.outgoing is not None
    assert client.outgoing.suite is suite
    assert client.outgoing != client.incoming
    talk(client, server)


def test_identities_are_their_own() -> None:
    assert _OURS.fingerprint != _THEIRS.fingerprint
    assert _OURS.fingerprint == fingerprint_of(_OURS.certificate)
    assert _OURS.fingerprint.function == "sha-256"
    assert suite_of(b"SRTP_AEAD_AES_128_GCM") is AEAD_AES_128_GCM
    assert suite_of(b"") is None


@pytest.mark.parametrize("wrong", ["client", "server"])
def test_another_certificate_than_the_sdp_said_fails(wrong: str) -> None:
    client, server = both()
    stranger = [fingerprint_of(b"another certificate")]
    (client if wrong == "client" else server).expect(stranger)
    exchange(client, server)
    failed = client if wrong == "client" else server
    assert failed.failed == "the peer's certificate is not the one of its a=fingerprint"
    assert (failed.done, failed.outgoing, failed.incoming, failed.due_ns) == (False, None, None, None)


@pytest.mark.parametrize("function", ["sha-1", "sha-384", "sha-512"])
def test_fingerprints_of_other_functions(function: str) -> None:
    client = Dtls(_OURS, client=True, now_ns=0, fingerprints=[fingerprint_of(_THEIRS.certificate, function)])
    server = Dtls(_THEIRS, client=False, now_ns=0, fingerprints=[fingerprint_of(_OURS.certificate, function)])
    exchange(client, server)
    assert client.done
    assert server.done


def test_the_sdp_may_come_after_the_handshake() -> None:
    client, _ = both()
    server = Dtls(_THEIRS, client=False, now_ns=0)
    exchange(client, server)
    assert (client.done, server.done, server.outgoing) == (True, False, None)
    server.expect([_OURS.fingerprint])
    assert server.done
    talk(client, server)
    late = Dtls(_THEIRS, client=False, now_ns=0)
    exchange(Dtls(_OURS, client=True, now_ns=0, fingerprints=[_THEIRS.fingerprint]), late)
    late.expect([Fingerprint("sha-256", bytes(32))])
    assert late.failed == "the peer's certificate is not the one of its a=fingerprint"


def test_without_a_common_profile_there_is_no_srtp() -> None:
    client, server = both(Identity((AEAD_AES_128_GCM,)), Identity((AES_CM_128_HMAC_SHA1_32,)))
    exchange(client, server)
    assert "agreed on no profile of SRTP" in str(client.failed)
    assert "agreed on no profile of SRTP" in str(server.failed)


def test_flights_keep_to_the_mtu_and_records_whole() -> None:
    sizes: list[int] = []
    client, server = both(mtu_bytes=300)
    exchange(client, server, lambda datagram: sizes.append(len(datagram)) is None)
    assert client.done
    assert server.done
    assert max(sizes) <= 300
    assert len(sizes) > 4


def test_the_order_of_datagrams_and_repeated_ones_do_not_matter() -> None:
    client, server = both(mtu_bytes=300)
    draw = random.Random(4)
    for _ in range(20):
        for sender, receiver in ((client, server), (server, client)):
            datagrams = sender.take() * 2
            draw.shuffle(datagrams)
            for datagram in datagrams:
                receiver.feed(datagram, 0)
    assert client.done
    assert server.done


def test_what_is_lost_is_sent_again() -> None:
    """OpenSSL counts by its own clock: the first time is a second."""
    client, server = both()
    client.take()  # lost
    assert client.due_ns is not None
    assert 0.8 * _S <= client.due_ns <= _S
    client.timeout(client.due_ns - 1)
    assert client.take() == []
    time.sleep(1.02)
    client.timeout(client.due_ns)
    assert client.due_ns > 1.5 * _S
    exchange(client, server, now_ns=client.due_ns)
    assert client.done
    assert server.done


def test_a_clock_that_is_ahead_of_openssls_only_asks_again() -> None:
    client, _ = both()
    client.take()
    first = client.due_ns
    assert first is not None
    client.timeout(first)
    assert client.take() == []
    assert client.due_ns is not None
    assert first < client.due_ns <= first + _S


def test_a_peer_that_says_nothing_is_given_up() -> None:
    client, server = both()
    for dtls in (client, server):
        dtls.timeout(PATIENCE_NS - 1)
        assert dtls.failed is None
        dtls.timeout(PATIENCE_NS)
        assert dtls.failed == "the peer did not complete the handshake of DTLS in time"
        assert dtls.due_ns is None


def test_a_last_flight_that_was_lost_is_sent_again_after_the_handshake() -> None:
    client, server = both()
    [hello] = client.take()
    server.feed(hello, 0)
    for datagram in server.take():
        client.feed(datagram, 0)
    flight = client.take()
    for datagram in flight:
        server.feed(datagram, 0)
    assert server.done
    assert server.take()  # lost
    time.sleep(1.02)
    client.timeout(client.due_ns or 0)
    exchange(client, server)
    assert client.done


def test_goodbyes_are_told_and_keys_stay() -> None:
    client, server = both()
    exchange(client, server)
    client.close(0)
    [goodbye] = client.take()
    server.feed(goodbye, 0)
    assert server.closed
    assert server.done
    assert server.failed is None
    talk(client, server)
    client.close(0)
    server.close(0)
    server.feed(goodbye, 0)


def test_one_that_never_began_can_be_closed() -> None:
    server = Dtls(_OURS, client=False, now_ns=0)
    server.close(0)
    assert (server.take(), server.due_ns, server.failed) == ([], None, None)
    server.feed(b"\x16" * 100, 0)
    assert server.failed is None


def test_data_that_nobody_asked_for_is_passed_over() -> None:
    client, server = both()
    exchange(client, server)
    for _ in range(100):
        client._connection.send(b"hello")
    client._collect(0)
    for datagram in client.take():
        server.feed(datagram, 0)
    assert server.done
    assert not server.closed


def test_data_that_nobody_asked_for_is_not_kept() -> None:
    client, server = both()
    exchange(client, server)
    for _ in range(20):
        for _ in range(40):
            client._connection.send(b"x")
        server.feed(client._connection.bio_read(16384)[:2048], 0)
    client.close(0)
    assert [len(datagram) < 100 for datagram in client._outbox] == [True]
    server.feed(client.take()[0], 0)
    assert server.closed  # its goodbye does not stand behind the data


# --- with OpenSSL as others set it up ----------------------------------------------------------------------------------------


def others_context(profiles: bytes, key: rsa.RSAPrivateKey, certificate: x509.Certificate) -> SSL.Context:
    context = SSL.Context(SSL.DTLS_METHOD)
    context.use_certificate(certificate)
    context.use_privatekey(key)
    context.set_verify(SSL.VERIFY_PEER, lambda *_: True)
    context.set_tlsext_use_srtp(profiles)
    return context


@pytest.mark.parametrize("we_begin", [True, False])
def test_a_peer_with_a_certificate_of_rsa(we_begin: bool) -> None:
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "other")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, _day(-1), _day(1))
    certificate = builder.sign(key, hashes.SHA256())
    other = SSL.Connection(others_context(b"SRTP_AES128_CM_SHA1_32", key, certificate))
    other.set_accept_state() if we_begin else other.set_connect_state()
    ours = Dtls(
        _OURS, client=we_begin, now_ns=0, fingerprints=[fingerprint_of(certificate.public_bytes(Encoding.DER), "sha-384")]
    )
    for _ in range(10):
        step(other)
        ours.feed(drain(other), 0)
        for datagram in ours.take():
            other.bio_write(datagram)
            step(other)
    assert (ours.done, ours.failed) == (True, None)
    secret = other.export_keying_material(b"EXTRACTOR-dtls_srtp", 60)
    assert ours.outgoing is not None
    assert ours.incoming is not None
    client, server = secret[:16] + secret[32:46], secret[16:32] + secret[46:]
    assert (ours.outgoing.master, ours.incoming.master) == ((client, server) if we_begin else (server, client))
    assert ours.outgoing.suite is AES_CM_128_HMAC_SHA1_32


def _day(days: int) -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC) + datetime.timedelta(days)


def step(connection: SSL.Connection) -> None:
    with suppress(SSL.WantReadError):
        connection.do_handshake()


def drain(connection: SSL.Connection) -> bytes:
    try:
        return connection.bio_read(16384)
    except SSL.WantReadError:
        return b""


def refused(mode: int, accepts: bool) -> tuple[Dtls, list[str]]:
    """Ours after a handshake with a client that has no certificate, and what OpenSSL tells that client, once each."""
    context = SSL.Context(SSL.DTLS_METHOD)
    context.set_verify(mode, lambda *_: accepts)
    context.set_tlsext_use_srtp(b"SRTP_AES128_CM_SHA1_80")
    other = SSL.Connection(context)
    other.set_connect_state()
    ours = Dtls(_OURS, client=False, now_ns=0, fingerprints=[_THEIRS.fingerprint])
    told: list[str] = []
    for _ in range(5):
        try:
            step(other)
        except SSL.Error as error:
            told.append(str(error))
        ours.feed(drain(other), 0)
        for datagram in ours.take():
            other.bio_write(datagram)
    return ours, told


def test_a_peer_without_a_certificate_is_refused() -> None:
    ours, told = refused(SSL.VERIFY_NONE, accepts=True)
    assert ours.failed is not None
    assert "peer did not return a certificate" in ours.failed
    assert "alert" in " ".join(told)


def test_a_peer_that_refuses_our_certificate_is_told_of() -> None:
    ours, told = refused(SSL.VERIFY_PEER, accepts=False)
    assert "certificate verify failed" in told[0]
    assert ours.failed is not None
    assert "alert" in ours.failed
    assert "\n" not in ours.failed


# --- with who means harm -----------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(max_size=400), max_size=12), st.booleans())
def test_garbage_raises_nothing_and_keeps_nothing(datagrams: list[bytes], client: bool) -> None:
    dtls = Dtls(_OURS, client=client, now_ns=0, fingerprints=[_THEIRS.fingerprint])
    for datagram in datagrams:
        dtls.feed(datagram, 0)
        dtls.feed(b"\x16\xfe\xfd" + datagram, 0)
        dtls.timeout(0)
        dtls.take()
    assert not dtls.done


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 255), st.integers(0, 3))
def test_a_handshake_with_a_changed_byte_raises_nothing(place: int, change: int, which: int) -> None:
    client, server = both()
    seen = 0

    def spoiled(datagram: bytes) -> bytes:
        nonlocal seen
        seen += 1
        at = place % len(datagram)
        return datagram if seen - 1 != which else datagram[:at] + bytes((datagram[at] ^ change,)) + datagram[at + 1 :]

    for _ in range(6):
        for sender, receiver in ((client, server), (server, client)):
            for datagram in sender.take():
                receiver.feed(spoiled(datagram), 0)
    for dtls in (client, server):
        assert dtls.failed is None or "\n" not in dtls.failed
    if client.done and server.done:
        assert client.outgoing == server.incoming


def test_garbage_between_flights_does_not_stop_a_handshake() -> None:
    client, server = both()
    for _ in range(6):
        for sender, receiver in ((client, server), (server, client)):
            for datagram in sender.take():
                for garbage in (b"\x16", b"\x16\xfe\xfd" + bytes(10), bytes(200), b"\x3f" * 1500, b"\x17" * 40, b"x" * 20000):
                    receiver.feed(garbage, 0)
                receiver.feed(datagram, 0)
    assert client.done
    assert server.done
