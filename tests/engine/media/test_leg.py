# SPDX-License-Identifier: AGPL-3.0-or-later
"""One kind of media of a call, from both sides: where it goes, what is counted of it, and what a bad peer does to it."""

from __future__ import annotations

import random

import pytest

from engine.media.events import digits_track
from engine.media.kinds import MediaKind
from engine.media.sdp import read_sdp
from engine.media.srtp.identity import Identity
from engine.media.track import Track, even_track
from tests.engine.media.legs import MS, SECOND, Side, World

PLAIN = "c=IN IP4 127.0.0.1\nm=audio {port} RTP/AVP 0 101\na=rtpmap:101 telephone-event/8000\n"
KEY = "inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj"
OTHER_KEY = "inline:PS1uQCVeeCFCanVmcjkpPywjNWhcYD0mXXtxaVBR"
KEYED = "c=IN IP4 127.0.0.1\nm=audio {port} RTP/SAVP 0\na=crypto:1 AES_CM_128_HMAC_SHA1_80 {key}\n"


def sound(packets: int = 100) -> Track:
    return even_track(bytes(range(160)) * packets, 160, 20, clock_rate=8000, payload_type=0, codec="PCMU")


def agreed(sdp: str = PLAIN, answer: str | None = None, **facts: object) -> tuple[World, Side, Side]:
    world = World()
    ours, theirs = Side(world, 6000, **facts), Side(world, 7000, **facts)  # type: ignore[arg-type]
    ours.says(sdp.format(port=6000, key=KEY), theirs)
    theirs.says((answer or sdp).format(port=7000, key=OTHER_KEY), ours)
    return world, ours, theirs


def test_what_one_side_plays_the_other_has() -> None:
    world, ours, theirs = agreed()
    ours.leg.stream.play(sound(), world.now_ns)
    world.run(3 * SECOND)
    received = theirs.leg.figures()
    assert (received.packets, received.expected, received.lost, received.duplicates) == (100, 100, 0, 0)
    assert received.mos == pytest.approx(4.4, abs=0.05)
    assert theirs.tally.packets_received == 100
    assert theirs.tally.octets_received == 100 * 172


def test_both_sides_know_by_rtcp_how_the_other_hears() -> None:
    world, ours, theirs = agreed()
    for side in (ours, theirs):
        side.leg.stream.play(sound(500), world.now_ns)
    world.run(10 * SECOND)
    assert ours.leg.rtcp is not None
    assert ours.leg.rtcp.peer_lost == 0
    assert ours.tally.rtcp_sent >= 5
    assert theirs.tally.rtcp_received == ours.tally.rtcp_sent
    assert ours.round_trips
    assert max(ours.round_trips) < 10 * MS
    assert ours.scores
    assert not ours.troubles


def test_digits_are_heard_once_each_in_the_midst_of_sound() -> None:
    world, ours, theirs = agreed()
    ours.leg.stream.play(sound(200), world.now_ns)
    ours.leg.stream.insert(digits_track("12#", 101), world.now_ns + 100 * MS, 101)
    world.run(4 * SECOND)
    assert theirs.digits == "12#"
    assert theirs.tally.digits_received == 3
    assert theirs.leg.figures().lost == 0


def test_loss_doubles_and_disorder_are_counted_as_what_they_are() -> None:
    world, ours, theirs = agreed()
    draw, held = random.Random(1), list[bytes]()

    def change(data: bytes) -> list[bytes]:
        if not 0x80 <= data[0] < 0xC0 or data[1] > 191:
            return [data]
        if draw.random() < 0.05:
            return []
        if draw.random() < 0.02:
            held.append(data)
            return []
        return [data, *([held.pop()] if held else []), *([data] if draw.random() < 0.02 else [])]

    world.change = change
    ours.leg.stream.play(sound(2000), world.now_ns)
    world.run(41 * SECOND)
    received = theirs.leg.figures()
    assert 60 <= received.lost <= 140
    assert received.reordered > 10
    assert received.duplicates > 10
    assert received.mos < 4.2
    assert theirs.tally.duplicates == received.duplicates
    assert theirs.tally.garbage == 0


@pytest.mark.parametrize("garbage", [b"", b"\x00", b"\x80", b"hello world, this is no packet", bytes(40), b"\xff" * 100])
def test_garbage_is_counted_and_changes_nothing(garbage: bytes) -> None:
    world, ours, theirs = agreed()
    ours.leg.stream.play(sound(), world.now_ns)
    world.run(SECOND)
    theirs.leg.datagram(garbage, ("127.0.0.1", 6000), world.now_ns)
    world.run(2 * SECOND)
    assert theirs.tally.garbage == 1
    assert theirs.leg.figures().packets == 100


def test_a_peer_that_makes_up_sources_costs_no_more_memory() -> None:
    world, _, theirs = agreed()
    for ssrc in range(10_000):
        theirs.leg.datagram(
            b"\x80\x00\x00\x01" + bytes(4) + ssrc.to_bytes(4, "big") + bytes(160), ("127.0.0.1", 6000), world.now_ns
        )
    assert theirs.tally.ssrc_changes == 9_999
    assert len(theirs.leg.incoming.sources) <= 8


def test_nothing_goes_to_a_peer_that_wants_nothing() -> None:
    world, ours, _ = agreed(answer="c=IN IP4 0.0.0.0\nm=audio 7000 RTP/AVP 0\n")
    ours.leg.stream.play(sound(), world.now_ns)
    world.run(SECOND)
    assert ours.leg.stream.packets_sent == ours.tally.rtcp_sent == 0


def test_an_address_that_is_none_is_told_once() -> None:
    world, ours, _ = agreed(answer="c=IN IP4 nowhere\nm=audio 7000 RTP/AVP 0\n")
    ours.leg.stream.play(sound(), world.now_ns)
    world.run(7 * SECOND)
    assert ours.troubles == ["media cannot be sent to 'nowhere' port 7000, as the SDP says: it is no address"]


def test_an_echo_sends_back_what_comes_but_not_its_own() -> None:
    world, ours, theirs = agreed()
    theirs.leg.echoing = ours.leg.echoing = True
    ours.leg.stream.play(sound(), world.now_ns)
    world.run(3 * SECOND)
    assert theirs.leg.echoed == 100
    assert ours.leg.echoed == 0
    assert ours.leg.figures().packets == 100


def test_datagrams_of_a_fax_need_not_be_rtp() -> None:
    sdp = "c=IN IP4 127.0.0.1\nm=image {port} udptl t38\n"
    world, ours, theirs = agreed(sdp, kind=MediaKind.IMAGE)
    fax = Track(
        b"abcdef",
        [0, 2, 4],
        [2, 2, 2],
        [0, 20 * MS, 40 * MS],
        [0] * 3,
        b"\0" * 3,
        period_ns=60 * MS,
        period_ticks=0,
        whole=True,
    )
    ours.leg.stream.play(fax, world.now_ns)
    world.run(SECOND)
    assert theirs.leg.whole_packets == 3
    assert ours.tally.rtcp_sent == theirs.tally.garbage == 0


def test_keys_of_both_descriptions_protect_both_ways() -> None:
    world, ours, theirs = agreed(KEYED)
    for side in (ours, theirs):
        side.leg.stream.play(sound(), world.now_ns)
    world.run(3 * SECOND)
    assert ours.leg.figures().packets == theirs.leg.figures().packets == 100
    assert not any(bytes(range(160)) in data for data in world.wire)
    assert ours.tally.rtcp_received == theirs.tally.rtcp_sent > 0
    assert ours.round_trips


def test_what_is_played_twice_to_us_is_refused() -> None:
    world, ours, theirs = agreed(KEYED)
    world.change = lambda data: [data, data]
    ours.leg.stream.play(sound(), world.now_ns)
    world.run(2_300 * MS)
    assert theirs.leg.figures().packets == 100
    assert theirs.tally.srtp_replayed >= 100


def test_a_wrong_key_is_no_sound() -> None:
    world = World()
    ours, theirs = Side(world, 6000), Side(world, 7000)
    offer, other_offer, answer = (
        read_sdp(KEYED.format(port=port, key=key).encode()).lines[0]
        for port, key in ((6000, KEY), (6000, OTHER_KEY), (7000, KEY))
    )
    ours.leg.sent(offer)
    theirs.leg.received(other_offer)
    theirs.leg.sent(answer)
    ours.leg.received(answer)
    ours.leg.stream.play(sound(), world.now_ns)
    world.run(3 * SECOND)
    assert theirs.leg.figures().packets == 0
    assert theirs.tally.srtp_rejected >= 100


def test_sound_in_the_clear_where_keys_were_agreed_on_is_called_that() -> None:
    world, ours, theirs = agreed(KEYED)
    ours.leg.keying.srtp, ours.leg.keying.wanted = None, False
    ours.leg.stream.protect = None
    ours.leg.stream.destination = ("127.0.0.1", 7000)
    ours.leg.stream.play(sound(), world.now_ns)
    world.run(2_300 * MS)
    assert theirs.tally.unprotected == 100
    assert theirs.leg.figures().packets == 0


def test_srtp_that_is_answered_without_a_key_is_told_and_nothing_goes_in_the_clear() -> None:
    world, ours, _ = agreed(KEYED, PLAIN)
    ours.leg.stream.play(sound(), world.now_ns)
    world.run(SECOND)
    assert ours.leg.keying.failed
    assert ours.tally.keys_failed == 1
    assert not any(0x80 <= data[0] < 0xC0 and data[1] < 192 for data in world.wire)


DTLS = "c=IN IP4 127.0.0.1\nm=audio {{port}} UDP/TLS/RTP/SAVP 0\na=fingerprint:{print}\na=setup:{setup}\na=rtcp-mux\n"


def test_a_handshake_brings_the_keys() -> None:
    identity = Identity()
    text = DTLS.replace("{print}", str(identity.fingerprint))
    world, ours, theirs = agreed(
        text.replace("{setup}", "actpass").replace("{{", "{").replace("}}", "}"),
        text.replace("{setup}", "active").replace("{{", "{").replace("}}", "}"),
        identity=identity,
    )
    for side in (ours, theirs):
        side.leg.stream.play(sound(), world.now_ns)
    world.run(4 * SECOND)
    assert not ours.troubles + theirs.troubles
    assert ours.leg.figures().packets == theirs.leg.figures().packets == 100
    assert ours.tally.rtcp_received > 0


def test_a_fingerprint_that_is_not_the_certificates_fails_the_leg() -> None:
    identity, other = Identity(), Identity()
    text = DTLS.replace("{{", "{").replace("}}", "}")
    world, ours, theirs = agreed(
        text.replace("{print}", str(other.fingerprint)).replace("{setup}", "actpass"),
        text.replace("{print}", str(identity.fingerprint)).replace("{setup}", "active"),
        identity=identity,
    )
    ours.leg.stream.play(sound(), world.now_ns)
    world.run(4 * SECOND)
    assert theirs.leg.keying.failed == "the peer's certificate is not the one of its a=fingerprint"
    assert theirs.tally.dtls_failed == 1


def test_a_leg_that_ends_says_goodbye() -> None:
    world, ours, theirs = agreed()
    ours.leg.stream.play(sound(), world.now_ns)
    world.run(3 * SECOND)
    ours.leg.close(world.now_ns)
    assert theirs.leg.rtcp is not None
    assert theirs.leg.rtcp.goodbye
    before = len(world.wire)
    ours.leg.run(world.now_ns + SECOND)
    assert len(world.wire) == before
