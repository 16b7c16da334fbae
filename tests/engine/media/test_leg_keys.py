# SPDX-License-Identifier: AGPL-3.0-or-later
"""Legs with SRTP: keys of SDP and of handshakes, what is refused is counted as what it is, ICE says where media goes."""

from __future__ import annotations

import os

import pytest

from engine.media.agreement import Place
from engine.media.demux import is_dtls, is_rtcp, is_rtp, is_stun
from engine.media.srtp.identity import Identity
from engine.media.srtp.sdes import new_key
from engine.media.srtp.session import Srtp
from engine.media.srtp.suites import AEAD_AES_128_GCM, AES_CM_128_HMAC_SHA1_80, SUITES, Suite
from engine.media.stun import _signed, _written, is_authentic
from tests.engine.media.virtual_legs import Host, Wire, offer_and_answer, source_of

_IDENTITIES = Identity(), Identity()


def crypto(suite: Suite, tag: int = 1) -> str:
    return f"a=crypto:{tag} {suite.name} inline:{new_key(suite, os.urandom)}"


def dtls(identity: Identity, setup: str) -> tuple[str, ...]:
    return f"a=fingerprint:{identity.fingerprint}", f"a=setup:{setup}", "a=rtcp-mux"


def keyed(suite: Suite = AES_CM_128_HMAC_SHA1_80) -> tuple[Wire, Host, Host]:
    """Two sides that have agreed on keys in SDP."""
    wire = Wire()
    caller, callee = Host(wire, 1), Host(wire, 2)
    offer_and_answer(caller, callee, caller.line(crypto(suite)), callee.line(crypto(suite)))
    return wire, caller, callee


def shaken(setup: str = "active", offered: str = "actpass") -> tuple[Wire, Host, Host]:
    """Two sides that have shaken hands."""
    wire = Wire()
    caller, callee = (Host(wire, number, identity) for number, identity in enumerate(_IDENTITIES, 1))
    offer = caller.line(*dtls(_IDENTITIES[0], offered), protocol="UDP/TLS/RTP/SAVP")
    answer = callee.line(*dtls(_IDENTITIES[1], setup), protocol="UDP/TLS/RTP/SAVP")
    offer_and_answer(caller, callee, offer, answer)
    return wire, caller, callee


@pytest.mark.parametrize("suite", SUITES, ids=[suite.name for suite in SUITES])
def test_each_suite_both_ways(suite: Suite) -> None:
    wire, caller, callee = keyed(suite)
    for sequence in range(10):
        caller.send(sequence)
        callee.send(sequence)
    wire.run()
    for host in (caller, callee):
        assert host.said == []
        assert host.tally.packets_received == 10
        assert (host.tally.srtp_rejected, host.tally.srtp_replayed, host.tally.garbage) == (0, 0, 0)
    for _, _, data in wire.sent:
        assert is_rtp(data)
        assert len(data) == 172 + suite.tag_bytes
        assert (b"x" * 8 in data) is not suite.encrypts


def test_reports_are_protected_too() -> None:
    wire, caller, callee = keyed()
    for sequence in range(100):
        caller.send(sequence)
        callee.send(sequence)
        wire.run(20)
    reports = [data for _, _, data in wire.sent if is_rtcp(data)]
    assert len(reports) >= 2
    assert not any(b"host-" in data for data in reports)
    assert caller.tally.rtcp_received == callee.tally.rtcp_sent > 0
    assert caller.tally.garbage == 0


def test_replayed_packets_another_key_and_garbage_are_told_apart() -> None:
    wire, caller, callee = keyed()
    caller.send(1)
    wire.run()
    packet = wire.sent[0][2]
    stranger = Srtp(keyed()[1].leg.keying._keys[0], None)  # type: ignore[index]
    wire.put(caller.here, callee.here, packet)
    wire.put(caller.here, callee.here, stranger.protect(b"\x80\0" + bytes(170)))
    wire.put(caller.here, callee.here, packet[:3] + b"\x02" + packet[4:])
    wire.put(caller.here, callee.here, b"\x80\0" + bytes(12))
    wire.put(caller.here, callee.here, b"\xff" * 100)
    wire.run()
    tally = callee.tally
    assert (tally.packets_received, tally.srtp_replayed, tally.srtp_rejected, tally.garbage) == (1, 1, 2, 2)


def test_plain_packets_are_not_believed() -> None:
    wire, caller, callee = keyed()
    wire.put(caller.here, callee.here, b"\x80\0" + bytes(170))
    wire.run()
    assert (callee.tally.packets_received, callee.tally.srtp_rejected, callee.tally.unprotected) == (0, 0, 1)


def test_nothing_goes_in_the_clear_when_the_answer_has_no_key() -> None:
    wire = Wire()
    caller, callee = Host(wire, 1), Host(wire, 2)
    offer_and_answer(caller, callee, caller.line(crypto(AES_CM_128_HMAC_SHA1_80)), callee.line())
    caller.send(1)
    wire.run(3000)
    assert wire.sent == [] or all(source == callee.here for source, _, _ in wire.sent)
    assert caller.said == ["the peer answered SRTP without a key: there is neither a=crypto nor a=fingerprint in its SDP"]
    assert caller.leg.keying.failed


@pytest.mark.parametrize(
    ("offered", "answered"), [("actpass", "active"), ("actpass", "passive"), ("active", "passive"), ("passive", "active")]
)
def test_each_role_in_a_handshake(offered: str, answered: str) -> None:
    wire, caller, callee = shaken(answered, offered)
    for sequence in range(3):
        caller.send(sequence)  # there are no keys yet
    wire.run()
    assert not any(is_rtp(data) for _, _, data in wire.sent)
    assert is_dtls(wire.sent[0][2])
    assert wire.sent[0][0] == (callee if answered == "active" else caller).here
    for sequence in range(10):
        caller.send(sequence)
        callee.send(sequence)
    wire.run()
    for host in (caller, callee):
        assert host.said == []
        assert host.tally.packets_received == 10
        assert (host.tally.srtp_rejected, host.tally.dtls_failed) == (0, 0)
    caller.leg.close(wire.now_ns)
    wire.run()
    assert callee.leg.keying.dtls is not None
    assert callee.leg.keying.dtls.closed


def test_another_certificate_than_was_said_gets_no_media() -> None:
    wire = Wire()
    caller, callee = Host(wire, 1, _IDENTITIES[0]), Host(wire, 2, Identity())
    offer = caller.line(*dtls(_IDENTITIES[0], "actpass"))
    offer_and_answer(caller, callee, offer, callee.line(*dtls(_IDENTITIES[1], "active")))
    wire.run()
    caller.send(1)
    wire.run()
    assert caller.said == ["the peer's certificate is not the one of its a=fingerprint"]
    assert (caller.tally.dtls_failed, callee.tally.packets_received) == (1, 0)
    assert not any(is_rtp(data) for _, _, data in wire.sent)


def test_a_handshake_that_begins_before_the_answer_came() -> None:
    wire = Wire()
    caller, callee = Host(wire, 1, _IDENTITIES[0]), Host(wire, 2, _IDENTITIES[1])
    offer, answer = caller.line(*dtls(_IDENTITIES[0], "actpass")), callee.line(*dtls(_IDENTITIES[1], "active"))
    caller.leg.open(caller.port)
    callee.leg.open(callee.port)
    caller.leg.sent(offer)
    callee.leg.received(offer)
    callee.leg.sent(answer)
    wire.run()
    caller.leg.received(answer)
    wire.run()
    caller.send(1)
    wire.run()
    assert callee.tally.packets_received == 1


def talk(wire: Wire, caller: Host, callee: Host, first: int) -> tuple[int, int]:
    """Ten packets each; how many each has heard so far."""
    for sequence in range(first, first + 10):
        caller.send(sequence)
        callee.send(sequence)
        wire.run()
    return caller.tally.packets_received, callee.tally.packets_received


@pytest.mark.parametrize("suite", [AES_CM_128_HMAC_SHA1_80, AEAD_AES_128_GCM], ids=["of the same suite", "of another suite"])
def test_new_keys_hold_from_the_answer_on(suite: Suite) -> None:
    wire, caller, callee = keyed()
    assert talk(wire, caller, callee, 0) == (10, 10)
    offer, answer = caller.line(crypto(suite)), callee.line(crypto(suite))
    caller.leg.sent(offer, offers=True)
    assert talk(wire, caller, callee, 10) == (20, 20)
    callee.leg.received(offer, offers=True)
    assert talk(wire, caller, callee, 20) == (30, 30)
    callee.leg.sent(answer)
    caller.leg.received(answer)
    assert talk(wire, caller, callee, 30) == (40, 40)
    assert len(wire.sent[-1][2]) == 172 + suite.tag_bytes
    assert caller.said == callee.said == []
    assert caller.tally.srtp_rejected == callee.tally.srtp_rejected == 0


def test_a_session_that_is_refreshed_keeps_its_keys() -> None:
    wire, caller, callee = keyed()
    offer, answer = caller.leg.agreement.local, callee.leg.agreement.local
    assert offer is not None
    assert answer is not None
    talk(wire, caller, callee, 0)
    replayed = wire.sent[0]
    for leg, line, offers in (
        (caller.leg.sent, offer, True),
        (callee.leg.received, offer, True),
        (callee.leg.sent, answer, False),
        (caller.leg.received, answer, False),
    ):
        leg(line, offers=offers)
    assert talk(wire, caller, callee, 10) == (20, 20)
    wire.put(*replayed)
    wire.run()
    assert callee.tally.srtp_replayed == 1


def test_a_call_in_the_clear_may_become_a_secret_one() -> None:
    wire = Wire()
    caller, callee = Host(wire, 1), Host(wire, 2)
    offer_and_answer(caller, callee, caller.line(), callee.line())
    assert talk(wire, caller, callee, 0) == (10, 10)
    offer, answer = (host.line(crypto(AES_CM_128_HMAC_SHA1_80)) for host in (caller, callee))
    caller.leg.sent(offer, offers=True)
    callee.leg.received(offer, offers=True)
    assert talk(wire, caller, callee, 10) == (20, 20)
    callee.leg.sent(answer)
    caller.leg.received(answer)
    assert talk(wire, caller, callee, 20) == (30, 30)
    assert len(wire.sent[-1][2]) == 182
    assert caller.said == callee.said == []


def test_media_that_are_faster_than_the_last_flight_of_the_handshake_are_heard() -> None:
    wire, caller, callee = shaken("passive")
    held: list[tuple[Place, Place, bytes, bool]] = []
    while not callee.leg.keying.srtp:
        wire.step()
    while wire.waiting:  # the callee's last flight is on its way
        held.append(wire.waiting.popleft())
    for sequence in range(5):
        callee.send(sequence)
    wire.run()
    assert (caller.tally.packets_received, caller.tally.srtp_rejected) == (0, 0)
    wire.waiting.extend(held)
    wire.run()
    assert (caller.tally.packets_received, caller.tally.srtp_rejected) == (5, 0)


def test_media_that_are_faster_than_the_answer_are_heard() -> None:
    wire = Wire()
    caller, callee = Host(wire, 1), Host(wire, 2)
    offer, answer = (host.line(crypto(AES_CM_128_HMAC_SHA1_80)) for host in (caller, callee))
    caller.leg.open(caller.port)
    callee.leg.open(callee.port)
    caller.leg.sent(offer)
    callee.leg.received(offer)
    callee.leg.sent(answer)
    for sequence in range(5):
        callee.send(sequence)
    wire.run()
    assert caller.tally.packets_received == 0
    caller.leg.received(answer)
    assert (caller.tally.packets_received, caller.tally.srtp_rejected, caller.tally.unprotected) == (5, 0, 0)


def test_of_what_comes_before_the_keys_not_everything_is_kept() -> None:
    wire = Wire()
    caller, callee = Host(wire, 1), Host(wire, 2)
    caller.leg.open(caller.port)
    caller.leg.sent(caller.line(crypto(AES_CM_128_HMAC_SHA1_80)))
    for _ in range(100):
        wire.put(callee.here, caller.here, b"\x80\0" + bytes(170))
    wire.run()
    assert len(caller.leg.keying.kept) == 32
    caller.leg.close(wire.now_ns)
    assert caller.tally.srtp_rejected == 100


def test_an_echo_of_what_cannot_be_protected_is_not_sent() -> None:
    wire, caller, callee = keyed()
    callee.leg.echoing = True
    caller.send(9000)
    wire.run()
    assert callee.tally.packets_echoed == 1
    fresh = Srtp(caller.leg.keying._keys[0], None)  # type: ignore[index]
    callee.leg.keying.srtp = Srtp(callee.leg.keying._keys[0], callee.leg.keying._keys[1])  # type: ignore[index]
    callee.leg.keying.srtp.protect(b"\x80\0\x70\0" + bytes(4) + (0x1001).to_bytes(4, "big") + bytes(10))
    wire.put(caller.here, callee.here, fresh.protect(b"\x80\0\x23\x28" + bytes(4) + (0x1001).to_bytes(4, "big") + bytes(10)))
    wire.run()
    assert callee.tally.packets_echoed == 1


def check(nominating: bool, password: str = "the-password-of-24-chars") -> bytes:
    """A connectivity check of ICE."""
    body = _written(6, b"ours:theirs") + (_written(0x25, b"") if nominating else b"")
    return _signed(1, bytes.fromhex("2112a442") + bytes(12), body, password)


def test_media_goes_where_ice_has_chosen() -> None:
    """A browser says an address that nobody can send to, and then shows where it is (RFC 8445 section 8.1)."""
    wire = Wire()
    ours, browser = Host(wire, 1, _IDENTITIES[0]), Host(wire, 2, _IDENTITIES[1])
    offer = ours.line("a=ice-ufrag:ours", "a=ice-pwd:the-password-of-24-chars", *dtls(_IDENTITIES[0], "actpass"))
    nowhere = browser.line(*dtls(_IDENTITIES[1], "passive"), place=("0.0.0.0", 9))
    offer_and_answer(ours, browser, offer, nowhere)
    wire.run()
    assert wire.sent == []
    wire.put(browser.here, ours.here, check(nominating=False))
    wire.put(browser.here, ours.here, check(nominating=True, password="another"))
    wire.run()
    assert source_of(ours.leg) is None
    answers = [data for source, _, data in wire.sent if source == ours.here]
    assert [is_stun(data) and is_authentic(data, "the-password-of-24-chars") for data in answers] == [True]
    wire.put(browser.here, ours.here, check(nominating=True))
    wire.run()
    assert source_of(ours.leg) == browser.here
    assert ours.leg.keying.srtp is not None
    ours.send(1)
    wire.run()
    assert browser.tally.packets_received == 1
    wire.run(1500)
    assert ours.tally.rtcp_sent > 0
