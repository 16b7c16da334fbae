# SPDX-License-Identifier: AGPL-3.0-or-later
"""One kind of media of a call, from both sides: where it goes, what is counted of it, and what a bad peer does to it."""

from __future__ import annotations

import random
from collections.abc import Iterable

import pytest

from engine.media.events import digits_track
from engine.media.kinds import MediaKind
from engine.media.rtp import write_rtp
from engine.media.sdp import read_sdp
from engine.media.srtp.identity import Identity
from engine.media.track import Track, even_track
from tests.engine.media.virtual_legs import Host, S, Wire

PLAIN = "c=IN IP4 127.0.0.1\nm=audio {port} RTP/AVP 0 101\na=rtpmap:101 telephone-event/8000\n"
KEY = "inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj"
OTHER_KEY = "inline:PS1uQCVeeCFCanVmcjkpPywjNWhcYD0mXXtxaVBR"
KEYED = "c=IN IP4 127.0.0.1\nm=audio {port} RTP/SAVP 0\na=crypto:1 AES_CM_128_HMAC_SHA1_80 {key}\n"


def sound(packets: int = 100) -> Track:
    return even_track(bytes(range(160)) * packets, 160, 20, clock_rate=8000, payload_type=0, codec="PCMU")


def agreed(
    sdp: str = PLAIN, answer: str | None = None, *, kind: MediaKind = MediaKind.AUDIO, identity: Identity | None = None
) -> tuple[Wire, Host, Host]:
    wire = Wire()
    ours, theirs = (Host(wire, port, identity, kind=kind, place=("127.0.0.1", port)) for port in (6000, 7000))
    for host in (ours, theirs):
        host.leg.open(host.port)
    ours.says(sdp.format(port=6000, key=KEY), theirs)
    theirs.says((answer or sdp).format(port=7000, key=OTHER_KEY), ours)
    return wire, ours, theirs


def test_what_one_side_plays_the_other_has() -> None:
    wire, ours, theirs = agreed()
    ours.leg.stream.play(sound(), wire.now_ns)
    wire.run(3000)
    received = theirs.leg.figures()
    assert (received.packets, received.expected, received.lost, received.duplicates) == (100, 100, 0, 0)
    assert received.mos == pytest.approx(4.4, abs=0.05)
    assert theirs.tally.packets_received == 100
    assert theirs.tally.octets_received == 100 * 172


def test_both_sides_know_by_rtcp_how_the_other_hears() -> None:
    wire, ours, theirs = agreed()
    for side in (ours, theirs):
        side.leg.stream.play(sound(500), wire.now_ns)
    wire.run(10000)
    assert ours.leg.rtcp is not None
    assert ours.leg.rtcp.peer_lost == 0
    assert ours.tally.rtcp_sent >= 5
    assert theirs.tally.rtcp_received == ours.tally.rtcp_sent
    assert ours.round_trips
    assert max(ours.round_trips) < 10_000_000
    assert ours.scores
    assert not ours.said


def test_digits_are_heard_once_each_in_the_midst_of_sound() -> None:
    wire, ours, theirs = agreed()
    ours.leg.stream.play(sound(200), wire.now_ns)
    ours.leg.stream.insert(digits_track("12#", 101), wire.now_ns + 100_000_000, 101)
    wire.run(4000)
    assert theirs.digits == "12#"
    assert theirs.tally.digits_received == 3
    assert theirs.leg.figures().lost == 0


def test_loss_doubles_and_disorder_are_counted_as_what_they_are() -> None:
    wire, ours, theirs = agreed()
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

    wire.change = change
    ours.leg.stream.play(sound(2000), wire.now_ns)
    wire.run(41000)
    received = theirs.leg.figures()
    assert 60 <= received.lost <= 140
    assert received.reordered > 10
    assert received.duplicates > 10
    assert received.mos < 4.2
    assert theirs.tally.duplicates == received.duplicates
    assert theirs.tally.garbage == 0


@pytest.mark.parametrize("garbage", [b"", b"\x00", b"\x80", b"hello wire, this is no packet", bytes(40), b"\xff" * 100])
def test_garbage_is_counted_and_changes_nothing(garbage: bytes) -> None:
    wire, ours, theirs = agreed()
    ours.leg.stream.play(sound(), wire.now_ns)
    wire.run(1000)
    theirs.leg.datagram(garbage, ("127.0.0.1", 6000), wire.now_ns)
    wire.run(2000)
    assert theirs.tally.garbage == 1
    assert theirs.leg.figures().packets == 100


def test_a_peer_that_makes_up_sources_costs_no_more_memory() -> None:
    wire, _, theirs = agreed()
    for ssrc in range(10_000):
        theirs.leg.datagram(
            b"\x80\x00\x00\x01" + bytes(4) + ssrc.to_bytes(4, "big") + bytes(160), ("127.0.0.1", 6000), wire.now_ns
        )
    assert theirs.tally.ssrc_changes == 9_999
    assert len(theirs.leg.incoming.sources) <= 8


def hears(host: Host, ssrc: int, sequences: Iterable[int]) -> None:
    for sequence in sequences:
        packet = write_rtp(0, sequence, sequence * 160, ssrc, bytes(160))
        host.leg.datagram(packet, ("127.0.0.1", 6000), sequence * 20_000_000)


def test_each_source_of_a_call_is_measured_however_many_there_were() -> None:
    _, _, theirs = agreed()
    for ssrc in range(20):
        hears(theirs, ssrc, (1, 2, 4))
    found = theirs.leg.figures()
    assert (found.packets, found.expected, found.lost) == (60, 80, 20)
    assert theirs.tally.ssrc_changes == 19


def test_sources_that_are_made_up_do_not_take_the_place_of_one_that_speaks() -> None:
    _, _, theirs = agreed()
    hears(theirs, 1, (1, 2))
    for number in range(100):
        hears(theirs, 1000 + number, (1,))
        hears(theirs, 1, (4 + number,))
    assert theirs.leg.incoming.sources[1].packets == 102
    assert theirs.leg.figures().lost == 1


def test_nothing_goes_to_a_peer_that_wants_nothing() -> None:
    wire, ours, _ = agreed(answer="c=IN IP4 0.0.0.0\nm=audio 7000 RTP/AVP 0\n")
    ours.leg.stream.play(sound(), wire.now_ns)
    wire.run(1000)
    assert ours.leg.stream.packets_sent == ours.tally.rtcp_sent == 0


def test_an_address_that_is_none_is_told_once() -> None:
    wire, ours, _ = agreed(answer="c=IN IP4 nowhere\nm=audio 7000 RTP/AVP 0\n")
    ours.leg.stream.play(sound(), wire.now_ns)
    wire.run(7000)
    assert ours.said == ["media cannot be sent to 'nowhere' port 7000, as the SDP says: it is no address"]


def test_an_echo_sends_back_what_comes_but_not_its_own() -> None:
    wire, ours, theirs = agreed()
    theirs.leg.echoing = ours.leg.echoing = True
    ours.leg.stream.play(sound(), wire.now_ns)
    wire.run(3000)
    assert theirs.leg.echoed == 100
    assert ours.leg.echoed == 0
    assert ours.leg.figures().packets == 100


def test_datagrams_of_a_fax_need_not_be_rtp() -> None:
    sdp = "c=IN IP4 127.0.0.1\nm=image {port} udptl t38\n"
    wire, ours, theirs = agreed(sdp, kind=MediaKind.IMAGE)
    fax = Track(
        b"abcdef",
        [0, 2, 4],
        [2, 2, 2],
        [0, 20_000_000, 40_000_000],
        [0] * 3,
        b"\0" * 3,
        period_ns=60_000_000,
        period_ticks=0,
        whole=True,
    )
    ours.leg.stream.play(fax, wire.now_ns)
    wire.run(1000)
    assert theirs.leg.whole_packets == 3
    assert ours.tally.rtcp_sent == theirs.tally.garbage == 0


def test_keys_of_both_descriptions_protect_both_ways() -> None:
    wire, ours, theirs = agreed(KEYED)
    for side in (ours, theirs):
        side.leg.stream.play(sound(), wire.now_ns)
    wire.run(3000)
    assert ours.leg.figures().packets == theirs.leg.figures().packets == 100
    assert not any(bytes(range(160)) in data for data in wire.datagrams)
    assert ours.tally.rtcp_received == theirs.tally.rtcp_sent > 0
    assert ours.round_trips


def test_what_is_played_twice_to_us_is_refused() -> None:
    wire, ours, theirs = agreed(KEYED)
    wire.change = lambda data: [data, data]
    ours.leg.stream.play(sound(), wire.now_ns)
    wire.run(2300)
    assert theirs.leg.figures().packets == 100
    assert theirs.tally.srtp_replayed >= 100


def test_a_wrong_key_is_no_sound() -> None:
    wire = Wire()
    ours, theirs = Host(wire, 1, place=("127.0.0.1", 6000)), Host(wire, 2, place=("127.0.0.1", 7000))
    offer, other_offer, answer = (
        read_sdp(KEYED.format(port=port, key=key).encode()).lines[0]
        for port, key in ((6000, KEY), (6000, OTHER_KEY), (7000, KEY))
    )
    for host in (ours, theirs):
        host.leg.open(host.port)
    ours.leg.sent(offer)
    theirs.leg.received(other_offer)
    theirs.leg.sent(answer)
    ours.leg.received(answer)
    ours.leg.stream.play(sound(), wire.now_ns)
    wire.run(3000)
    assert theirs.leg.figures().packets == 0
    assert theirs.tally.srtp_rejected >= 100


def test_sound_in_the_clear_where_keys_were_agreed_on_is_called_that() -> None:
    wire, ours, theirs = agreed(KEYED)
    ours.leg.keying.srtp, ours.leg.keying.wanted = None, False
    ours.leg.stream.protect = None
    ours.leg.stream.destination = ("127.0.0.1", 7000)
    ours.leg.stream.play(sound(), wire.now_ns)
    wire.run(2300)
    assert theirs.tally.unprotected == 100
    assert theirs.leg.figures().packets == 0


def test_srtp_that_is_answered_without_a_key_is_told_and_nothing_goes_in_the_clear() -> None:
    wire, ours, _ = agreed(KEYED, PLAIN)
    ours.leg.stream.play(sound(), wire.now_ns)
    wire.run(1000)
    assert ours.leg.keying.failed
    assert ours.tally.keys_failed == 1
    assert not any(0x80 <= data[0] < 0xC0 and data[1] < 192 for data in wire.datagrams)


DTLS = "c=IN IP4 127.0.0.1\nm=audio {{port}} UDP/TLS/RTP/SAVP 0\na=fingerprint:{print}\na=setup:{setup}\na=rtcp-mux\n"


def test_a_handshake_brings_the_keys() -> None:
    identity = Identity()
    text = DTLS.replace("{print}", str(identity.fingerprint))
    wire, ours, theirs = agreed(
        text.replace("{setup}", "actpass").replace("{{", "{").replace("}}", "}"),
        text.replace("{setup}", "active").replace("{{", "{").replace("}}", "}"),
        identity=identity,
    )
    wire.run()  # the handshake
    for side in (ours, theirs):
        side.leg.stream.play(sound(), wire.now_ns)
    wire.run(4000)
    assert not ours.said + theirs.said
    assert ours.leg.figures().packets == theirs.leg.figures().packets == 100
    assert ours.tally.rtcp_received > 0


def test_a_fingerprint_that_is_not_the_certificates_fails_the_leg() -> None:
    identity, other = Identity(), Identity()
    text = DTLS.replace("{{", "{").replace("}}", "}")
    wire, ours, theirs = agreed(
        text.replace("{print}", str(other.fingerprint)).replace("{setup}", "actpass"),
        text.replace("{print}", str(identity.fingerprint)).replace("{setup}", "active"),
        identity=identity,
    )
    ours.leg.stream.play(sound(), wire.now_ns)
    wire.run(4000)
    assert theirs.leg.keying.failed == "the peer's certificate is not the one of its a=fingerprint"
    assert theirs.tally.dtls_failed == 1


def test_a_leg_that_has_hung_up_sends_nothing_and_hears_what_comes_late() -> None:
    wire, ours, theirs = agreed()
    ours.leg.stream.play(sound(), wire.now_ns, -1)
    theirs.leg.stream.play(sound(), wire.now_ns, -1)
    wire.run(3000)
    ours.leg.hang_up(wire.now_ns)
    wire.run()
    assert theirs.leg.rtcp is not None
    assert theirs.leg.rtcp.goodbye
    sent, heard, reports = ours.leg.stream.packets_sent, ours.leg.figures().packets, ours.tally.rtcp_sent
    wire.run(20000)
    ours.leg.close(wire.now_ns)
    wire.run()
    assert (ours.leg.stream.packets_sent, ours.tally.rtcp_sent) == (sent, reports)
    assert ours.leg.figures().packets > heard


def test_a_leg_that_ends_says_goodbye() -> None:
    wire, ours, theirs = agreed()
    ours.leg.stream.play(sound(), wire.now_ns)
    wire.run(3000)
    ours.leg.close(wire.now_ns)
    wire.run()
    assert theirs.leg.rtcp is not None
    assert theirs.leg.rtcp.goodbye
    before = len(wire.datagrams)
    ours.leg.run(wire.now_ns + S)
    assert len(wire.datagrams) == before
