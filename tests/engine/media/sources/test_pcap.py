# SPDX-License-Identifier: AGPL-3.0-or-later
"""Captures are played again with what they hold and when it came; whatever else is in them is left out, and told."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import MediaError
from engine.media.kinds import MediaKind
from engine.media.sources.pcap import replay
from engine.media.track import Track
from tests.engine.media.sources.captures import (
    CALLEE,
    CALLER,
    FRAMES,
    ethernet,
    interface,
    ipv4,
    ipv6,
    packet,
    pcap_by_hand,
    rtp,
    section,
    udp,
)
from tests.growth import grows_linearly

MS = 1_000_000


def payloads(track: Track) -> list[bytes]:
    return [track.payloads[at : at + size] for at, size in zip(track.starts, track.sizes, strict=True)]


@pytest.mark.parametrize("kind", FRAMES)
@pytest.mark.parametrize("wrap", [ipv4, ipv6])
def test_each_link_type_brings_its_datagrams_with_their_gaps(kind: str, wrap: Callable[[bytes], bytes]) -> None:
    link, frame = FRAMES[kind]
    if wrap is ipv6 and "loopback" in kind:
        link, frame = 0, lambda packet: struct.pack("<I", 30) + packet
    times = [0, 20 * MS, 41 * MS + 1, 3000 * MS]
    frames = [(time, frame(wrap(udp(rtp(k))))) for k, time in enumerate(times)]
    played = replay(pcap_by_hand(frames, link), "a.pcap")
    track = played.track
    assert payloads(track) == [rtp(k) for k in range(4)]
    assert list(track.dues_ns) == times
    assert (track.whole, track.payload_type, track.codec, track.clock_rate) == (True, 8, "PCMA", 8000)
    assert track.period_ns == 4000 * MS
    assert played.notes == ()


def test_headers_with_options_and_extensions_are_stepped_over() -> None:
    frames = [
        (0, ethernet(ipv4(udp(b"options"), options=bytes(8)))),
        (1, ethernet(ipv4(udp(b"padded")) + bytes(18))),
        (2, ethernet(ipv6(udp(b"extended"), following=0, extensions=struct.pack("!BBHI", 43, 0, 0, 0) + b"\x11\0" + bytes(6)))),
        (3, ethernet(ipv6(udp(b"of one piece"), following=44, extensions=b"\x11\0\0\0\0\0\0\0"))),
    ]
    assert payloads(replay(pcap_by_hand(frames[:2]), "a.pcap").track) == [b"options", b"padded"]
    assert payloads(replay(pcap_by_hand(frames[2:]), "a.pcap").track) == [b"extended", b"of one piece"]


def both_ways() -> list[tuple[int, bytes]]:
    """A call: SIP, RTP each way, RTCP, fax, and what is no UDP."""
    frames = [
        (0, ethernet(ipv4(udp(b"INVITE sip:a SIP/2.0\r\n\r\n", 5060)))),
        (1, ethernet(ipv4(udp(b"SIP/2.0 200 OK\r\n\r\n", 5060), to=CALLER))),
        (2, ethernet(ipv4(bytes(40), protocol=6))),
    ]
    for k in range(5):
        frames.append((k * 20 * MS + 10, ethernet(ipv4(udp(rtp(k), 6000)))))
        frames.append((k * 20 * MS + 11, ethernet(ipv4(udp(rtp(k, source=8), 7000), to=CALLER))))
        frames.append((k * 20 * MS + 12, ethernet(ipv4(udp(b"\x80\xc8\0\6" + bytes(24), 5999)))))
        frames.append((k * 20 * MS + 13, ethernet(ipv4(udp(struct.pack("!H", k) + b"\1\2t38", 8000)))))
    return frames


def test_of_all_that_a_call_has_the_rtp_to_the_lowest_port_is_played() -> None:
    played = replay(pcap_by_hand(both_ways()), "call.pcap")
    assert payloads(played.track) == [rtp(k) for k in range(5)]
    assert list(played.track.dues_ns) == [k * 20 * MS for k in range(5)]
    assert played.notes == ("call.pcap: what went to port 6000 is played; 5 packets of RTP to other places are left out",)


def test_for_an_image_it_is_what_is_no_rtp() -> None:
    fax = payloads(replay(pcap_by_hand(both_ways()), "call.pcap", MediaKind.IMAGE).track)
    assert fax == [struct.pack("!H", k) + b"\1\2t38" for k in range(5)]


def test_one_port_on_both_sides_is_two_ways() -> None:
    frames = [(k, ethernet(ipv4(udp(rtp(k, source=k % 2), 6000), to=(CALLEE, CALLER)[k % 2]))) for k in range(6)]
    assert payloads(replay(pcap_by_hand(frames), "a.pcap").track) == [rtp(k, source=0) for k in (0, 2, 4)]


def test_digits_of_rfc_4733_are_as_good_as_sound() -> None:
    event = struct.pack("!BBHII", 0x80, 0xE5, 1, 0, 7) + b"\1\x0a\0\xa0"
    track = replay(pcap_by_hand([(0, ethernet(ipv4(udp(event))))]), "dtmf.pcap").track
    assert (payloads(track), track.payload_type, track.codec, track.period_ns) == ([event], 101, "", 20 * MS)


def test_the_payload_type_is_that_of_the_first_rtp() -> None:
    check = b"\0\1\0\0\x21\x12\xa4\x42" + bytes(12)
    frames = [(k, ethernet(ipv4(udp(data)))) for k, data in enumerate([check, rtp(0, 9), rtp(1, 101), rtp(2, 9)])]
    track = replay(pcap_by_hand(frames), "a.pcap").track
    assert (len(track), track.payload_type, track.codec) == (4, 9, "G722")


def test_a_clock_that_goes_back_leaves_no_gap() -> None:
    times = [0, 20 * MS, 5 * MS, 25 * MS]
    played = replay(pcap_by_hand([(time, ethernet(ipv4(udp(rtp(k))))) for k, time in enumerate(times)]), "a.pcap")
    assert list(played.track.dues_ns) == [0, 20 * MS, 20 * MS, 40 * MS]
    assert played.notes == ("a.pcap: its clock goes back 1 times; there is no gap there",)


@pytest.mark.parametrize("left", [1, 15, 16, 40])
def test_a_file_that_ends_within_a_packet_plays_what_is_whole_and_that_is_told(left: int) -> None:
    whole = pcap_by_hand([(k, ethernet(ipv4(udp(rtp(k))))) for k in range(3)])
    played = replay(whole + pcap_by_hand([(3, ethernet(ipv4(udp(rtp(3)))))])[24 : 24 + left], "a.pcap")
    assert payloads(played.track) == [rtp(k) for k in range(3)]
    assert played.notes == ("a.pcap: the file ends within a packet, as if it was not copied whole; what is there is played",)


def test_fragments_and_what_was_cut_off_are_left_out_and_told() -> None:
    whole = [(k, ethernet(ipv4(udp(rtp(k))))) for k in range(3)]
    pieces = [(3, ethernet(ipv4(udp(rtp(3)), fragment=0x2000))), (4, ethernet(ipv4(bytes(80), fragment=100)))]
    pieces.append((5, ethernet(ipv6(bytes(30), following=44, extensions=b"\x11\0\0\x09\0\0\0\0"))))
    cut = pcap_by_hand([(6, ethernet(ipv4(udp(rtp(6)))))], cut=10)[24:]
    played = replay(pcap_by_hand(whole + pieces) + cut, "a.pcap")
    assert payloads(played.track) == [rtp(k) for k in range(3)]
    assert played.notes == (
        "a.pcap: 3 fragments are left out",
        "a.pcap: 1 datagrams that were cut off when they were captured are left out",
    )


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (pcap_by_hand([]), "the capture is empty"),
        (section() + interface(1), "the capture is empty"),
        (pcap_by_hand([(0, bytes(60))], 105), "frames of Wi-Fi cannot be read"),
        (pcap_by_hand([(0, bytes(60))], 250), "frames of type 250 cannot be read"),
        (pcap_by_hand([(0, ethernet(ipv4(bytes(40), protocol=6)))]), "none of the 1 frames carries UDP"),
        (pcap_by_hand([(0, ethernet(ipv4(udp(rtp(0)))))], cut=100), "all datagrams were cut off"),
        (pcap_by_hand([(0, ethernet(ipv4(udp(rtp(0)), fragment=0x2000)))]), "all datagrams are in fragments"),
        (b"junk", "this is no capture"),
    ],
)
def test_what_has_nothing_to_play_is_said_in_one_line(data: bytes, message: str) -> None:
    with pytest.raises(MediaError) as raised:
        replay(data, "a.pcap")
    assert str(raised.value).startswith("a.pcap: ")
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


def test_packets_years_apart_are_refused() -> None:
    frames = [(0, ethernet(ipv4(udp(rtp(0))))), (400 * 86400 * 1000 * MS, ethernet(ipv4(udp(rtp(1)))))]
    with pytest.raises(MediaError, match="its packets are 9600 hours apart, at most 24 are played"):
        replay(pcap_by_hand(frames), "a.pcap")
    times = [0, (1 << 64) - 1] * 20
    data = section() + interface(1, resolution=9) + b"".join(packet(0, t, ethernet(ipv4(udp(rtp(0))))) for t in times)
    with pytest.raises(MediaError, match="hours apart"):
        replay(data, "a.pcapng")


@given(st.binary(max_size=120), st.sampled_from([0, 1, 12, 101, 108, 113, 276]), st.sampled_from(list(MediaKind)))
def test_any_frame_is_played_or_not(junk: bytes, link: int, kind: MediaKind) -> None:
    with suppress(MediaError):
        assert len(replay(pcap_by_hand([(0, junk), (1, junk)], link), "a.pcap", kind).track) == 2


@given(st.integers(0, 1 << 32), st.integers(1, 20))
def test_any_damage_leaves_a_track_that_is_in_order(seed: int, damages: int) -> None:
    data = bytearray(pcap_by_hand(both_ways()))
    chance = random.Random(seed)
    for _ in range(damages):
        data[chance.randrange(len(data))] = chance.randrange(256)
    with suppress(MediaError):
        track = replay(bytes(data), "a.pcap").track
        assert list(track.dues_ns) == sorted(track.dues_ns)
        assert track.dues_ns[0] == 0
        assert sum(track.sizes) == len(track.payloads)
        assert track.period_ns > track.dues_ns[-1]


def test_the_time_grows_with_the_capture() -> None:
    one = pcap_by_hand([(k, ethernet(ipv4(udp(rtp(k), port=1024 + k)))) for k in range(50)])
    assert grows_linearly(lambda count: replay(one + one[24:] * count, "a.pcap"), 20)
