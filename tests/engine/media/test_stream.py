# SPDX-License-Identifier: AGPL-3.0-or-later
"""A stream: headers, loops, pauses, events in place of audio, replayed datagrams, SRTP."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import pytest

from engine.media.stream import MOST_INSERTS, OutStream
from engine.media.tap import SentTap
from engine.media.track import Track
from tests.engine.media.kept import MS, START_NS, KeptSocket, Stage, track_of


def events_track(packets: int = 3, payload_type: int = 101) -> Track:
    """A digit of RFC 4733: packets with one timestamp, the first with the marker, one each 20 ms, and then 40 ms of nothing."""
    dues = range(0, packets * 20 * MS, 20 * MS)
    return Track(
        b"EEEE" * packets,
        range(0, packets * 4, 4),
        [4] * packets,
        dues,
        [0] * packets,
        [1] + [0] * (packets - 1),
        period_ns=packets * 20 * MS + 40 * MS,
        period_ticks=packets * 160 + 320,
        payload_type=payload_type,
        codec="telephone-event",
    )


def whole_track(*datagrams: bytes, period_ms: int = 100) -> Track:
    """Datagrams as they were captured, 10 ms apart."""
    starts = [sum(map(len, datagrams[:number])) for number in range(len(datagrams))]
    dues = [number * 10 * MS for number in range(len(datagrams))]
    sizes = [len(datagram) for datagram in datagrams]
    return Track(b"".join(datagrams), starts, sizes, dues, [], [], period_ns=period_ms * MS, period_ticks=0, whole=True)


def rtp(sequence: int, timestamp: int, ssrc: int, payload: bytes = b"captured", payload_type: int = 8) -> bytes:
    return struct.pack("!BBHII", 0x80, payload_type, sequence, timestamp, ssrc) + payload


def test_headers_say_what_the_stream_and_the_track_say() -> None:
    stage = Stage()
    stage.stream(ssrc=0xDEADBEEF, sequence=65_534, timestamp=0xFFFF_FFFF - 160).play(track_of(payload_type=8), START_NS)
    stage.go(1000)
    assert [sent.data[0] for sent in stage.sent] == [0x80] * 5
    assert [sent.marker for sent in stage.sent] == [1, 0, 0, 0, 0]
    assert {sent.payload_type for sent in stage.sent} == {8}
    assert [sent.sequence for sent in stage.sent] == [65_534, 65_535, 0, 1, 2]
    assert [sent.timestamp for sent in stage.sent] == [(0xFFFF_FFFF + n * 160) & 0xFFFF_FFFF for n in range(-1, 4)]
    assert {sent.ssrc for sent in stage.sent} == {0xDEADBEEF}
    assert [sent.payload for sent in stage.sent] == [bytes([number]) * 4 for number in range(5)]


def test_the_payload_type_may_be_told() -> None:
    stage = Stage()
    stage.stream().play(track_of(payload_type=0), START_NS, payload_type=96)
    stage.go(1000)
    assert {sent.payload_type for sent in stage.sent} == {96}
    assert [sent.marker for sent in stage.sent] == [1, 0, 0, 0, 0]


def test_loops_follow_each_other_without_a_gap_and_the_end_is_told_when_it_is_over() -> None:
    stage = Stage()
    stream, ends = stage.stream(), list[int]()
    stream.on_end = lambda: ends.append(stage.clock.now_ns - START_NS)
    stream.play(track_of(3), START_NS, loops=2)
    stage.go(110)
    assert stream.playing
    stage.go(100)
    assert [sent.at_ns - START_NS for sent in stage.sent] == [at * MS for at in (0, 20, 40, 60, 80, 100)]
    assert [sent.timestamp for sent in stage.sent] == [at * 8 for at in (0, 20, 40, 60, 80, 100)]
    assert ends == [120 * MS]
    assert not stream.playing


def test_the_next_track_may_be_played_at_the_end_of_one() -> None:
    stage = Stage()
    stream = stage.stream()

    def again() -> None:
        stream.on_end = None
        stream.play(track_of(2), stage.clock.now_ns)

    stream.on_end = again
    stream.play(track_of(2), START_NS)
    stage.go(200)
    assert [sent.timestamp for sent in stage.sent] == [0, 160, 320, 480]
    assert [sent.sequence for sent in stage.sent] == [0, 1, 2, 3]


def test_a_track_for_ever() -> None:
    stage = Stage()
    stream = stage.stream()
    stream.play(track_of(3), START_NS, loops=-1)
    stage.go(1000)
    assert len(stage.sent) == 51
    stream.stop()
    stage.go(1000)
    assert len(stage.sent) == 51
    assert not stream.playing


def test_a_track_that_is_played_later_has_timestamps_of_then() -> None:
    stage = Stage()
    stream = stage.stream(timestamp=500)
    stream.play(track_of(2), START_NS)
    stage.go(1000)
    stream.play(track_of(1), stage.clock.now_ns)
    stage.go(100)
    assert [sent.timestamp for sent in stage.sent] == [500, 660, 500 + 8000]
    assert [sent.sequence for sent in stage.sent] == [0, 1, 2]


def test_another_clock_rate_goes_on_from_where_timestamps_were() -> None:
    stage = Stage()
    stream = stage.stream()
    stream.play(track_of(2), START_NS)
    stage.go(1000)
    wide = track_of(2)
    wide.clock_rate, wide.timestamps = 48_000, range(0, 1920, 960)
    stream.play(wide, stage.clock.now_ns)
    stage.go(1000)
    assert [sent.timestamp for sent in stage.sent] == [0, 160, 8000, 8960]
    assert stream.timestamp_at(START_NS + 2000 * MS) == 8000 + 48_000


def test_a_pause_holds_the_track_and_timestamps_go_on() -> None:
    stage = Stage()
    stream = stage.stream()
    stream.play(track_of(5), START_NS)
    stage.go(30)
    stream.pause(stage.clock.now_ns)
    stream.pause(stage.clock.now_ns)
    assert not stream.playing
    stage.go(1000)
    assert len(stage.sent) == 2
    stream.resume(stage.clock.now_ns)
    stream.resume(stage.clock.now_ns)
    stage.go(1000)
    assert [sent.at_ns - START_NS for sent in stage.sent] == [at * MS for at in (0, 20, 1040, 1060, 1080)]
    assert [sent.timestamp for sent in stage.sent] == [at * 8 for at in (0, 20, 1040, 1060, 1080)]
    assert [sent.payload[0] for sent in stage.sent] == [0, 1, 2, 3, 4]


def test_events_take_the_place_of_the_audio_that_is_due_meanwhile() -> None:
    stage = Stage()
    stream = stage.stream(ssrc=7)
    stream.play(track_of(12), START_NS)
    stage.go(50)
    assert stream.insert(events_track(), stage.clock.now_ns)
    assert stream.inserting
    stage.go(250)
    told = [((sent.at_ns - START_NS) // MS, sent.payload_type, sent.timestamp) for sent in stage.sent]
    assert told == [
        *((at, 0, at * 8) for at in (0, 20, 40)),
        *((at, 101, 50 * 8) for at in (50, 70, 90)),
        *((at, 0, at * 8) for at in (160, 180, 200, 220)),
    ]
    assert [sent.sequence for sent in stage.sent] == list(range(10))
    assert {sent.ssrc for sent in stage.sent} == {7}
    assert [sent.marker for sent in stage.sent[3:6]] == [1, 0, 0]
    assert stream.skipped == 0
    assert not stream.inserting


def test_several_events_wait_for_each_other_also_without_audio() -> None:
    stage = Stage()
    stream = stage.stream(timestamp=1000)
    for _ in range(2):
        stream.insert(events_track(), START_NS)
    stage.go(300)
    assert [(sent.at_ns - START_NS) // MS for sent in stage.sent] == [0, 20, 40, 100, 120, 140]
    assert [sent.timestamp for sent in stage.sent] == [1000] * 3 + [1800] * 3
    assert not stream.playing


def test_events_are_sent_while_the_audio_is_paused() -> None:
    stage = Stage()
    stream = stage.stream()
    stream.play(track_of(3), START_NS)
    stage.go(10)
    stream.pause(stage.clock.now_ns)
    stream.insert(events_track(1), stage.clock.now_ns)
    stage.go(490)
    stream.resume(stage.clock.now_ns)
    stage.go(200)
    assert [((sent.at_ns - START_NS) // MS, sent.payload_type) for sent in stage.sent] == [
        (0, 0),
        (10, 101),
        (510, 0),
        (530, 0),
    ]


def test_audio_that_ends_during_events_ends_after_them() -> None:
    stage = Stage()
    stream, ends = stage.stream(), list[int]()
    stream.on_end = lambda: ends.append(stage.clock.now_ns // MS - START_NS // MS)
    stream.play(track_of(3), START_NS)
    stage.go(30)
    stream.insert(events_track(), stage.clock.now_ns)
    stage.go(500)
    assert ends == [130]


def test_an_end_is_told_while_events_wait_and_after_them() -> None:
    stage = Stage()
    stream, ends = stage.stream(), list[tuple[int, bool]]()
    stream.on_end = lambda: ends.append((stage.clock.now_ns // MS - START_NS // MS, stream.inserting))
    stream.play(track_of(3), START_NS)
    stage.go(30)
    stream.insert(events_track(), stage.clock.now_ns)
    stream.insert(events_track(), stage.clock.now_ns)
    stage.go(500)
    assert ends == [(130, True), (230, False)]


def test_events_that_wait_are_bounded_and_a_stop_ends_them() -> None:
    stage = Stage()
    stream = stage.stream()
    taken = [stream.insert(events_track(), START_NS) for _ in range(MOST_INSERTS + 5)]
    assert taken == [True] * MOST_INSERTS + [False] * 5
    stream.stop()
    stage.go(1000)
    assert stage.sent == []


def test_whole_datagrams_go_out_as_they_are_and_tell_what_the_stream_is() -> None:
    stage = Stage()
    stream = stage.stream(ssrc=1, sequence=5)
    datagrams = [rtp(700, 9000, 0xABCD), b"\x00\x01no RTP, a STUN message or T.38", rtp(701, 9160, 0xABCD)]
    stream.play(whole_track(*datagrams), START_NS)
    stage.go(200)
    assert [sent.data for sent in stage.sent] == datagrams
    assert [sent.at_ns - START_NS for sent in stage.sent] == [0, 10 * MS, 20 * MS]
    assert (stream.ssrc, stream.sequence, stream.last_timestamp) == (0xABCD, 702, 9160)
    assert stream.packets_sent == 3
    assert stream.octets_sent == 8 + len(datagrams[1]) + 8


def test_a_capture_that_is_inserted_leaves_the_stream_its_own_numbers() -> None:
    stage = Stage()
    stream = stage.stream(ssrc=1, sequence=5, timestamp=0)
    stream.play(track_of(10), START_NS)
    stage.go(30)
    assert stream.plays_own
    stream.insert(whole_track(rtp(700, 9000, 0xABCD), rtp(701, 9160, 0xABCD), period_ms=40), stage.clock.now_ns)
    stage.go(500)
    own = [sent for sent in stage.sent if sent.ssrc == 1]
    assert [sent.sequence for sent in own] == list(range(5, 5 + len(own)))
    assert [sent.timestamp for sent in own] == [0, 160, *range(640, 1600, 160)]
    assert [sent.sequence for sent in stage.sent if sent.ssrc == 0xABCD] == [700, 701]
    assert (stream.ssrc, stream.last_timestamp) == (1, 1440)
    assert stream.packets_sent == 2 + len(own)
    assert not stream.plays_own


def test_a_capture_is_none_of_the_streams_own_making() -> None:
    stage = Stage()
    stream = stage.stream()
    assert not stream.plays_own
    stream.play(whole_track(rtp(1, 2, 3)), START_NS)
    assert not stream.plays_own
    stream.play(track_of(), START_NS)
    stream.pause(START_NS)
    assert stream.plays_own


def test_rtcp_and_short_datagrams_in_a_capture_tell_nothing() -> None:
    stage = Stage()
    stream = stage.stream(ssrc=1)
    stream.play(whole_track(b"\x80\xc8" + bytes(26), b"\x80\x00", b""), START_NS)
    stage.go(200)
    assert stream.ssrc == 1
    assert len(stage.sent) == 3


def test_srtp_is_made_of_whole_packets_and_of_captured_rtp_only() -> None:
    stage = Stage()
    stream = stage.stream()
    stream.protect = lambda packet: packet[:12] + packet[12:][::-1] + b"TAG"
    stream.play(track_of(1, packet_bytes=3), START_NS)
    stage.go(100)
    stream.play(whole_track(rtp(1, 2, 3, b"abc"), b"\x00\x01 STUN"), stage.clock.now_ns)
    stage.go(100)
    assert [sent.data[12:] for sent in stage.sent[:2]] == [b"\x00\x00\x00TAG", b"cbaTAG"]
    assert stage.sent[2].data == b"\x00\x01 STUN"
    assert stream.octets_sent == 3 + 3 + 7


def _raise(packet: bytes) -> bytes:
    raise ValueError("the key has been used up")


@pytest.mark.parametrize("refuse", [_raise, lambda packet: b""], ids=["raises", "gives nothing"])
def test_what_cannot_be_protected_is_lost_and_nothing_else(refuse: Callable[[bytes], bytes]) -> None:
    stage = Stage()
    secret, plain = stage.stream(ssrc=1), stage.stream(ssrc=2)
    secret.protect = refuse
    for stream in (secret, plain):
        stream.play(track_of(5), START_NS)
    stage.go(200)
    assert [sent.ssrc for sent in stage.sent] == [2] * 5
    assert (secret.lost, secret.packets_sent, secret.octets_sent) == (5, 0, 0)
    assert (plain.lost, plain.packets_sent, plain.octets_sent) == (0, 5, 20)


def test_packets_that_are_due_before_there_is_a_destination_pass_by() -> None:
    stage = Stage()
    stream = stage.stream(destination=None)
    stream.play(track_of(5), START_NS)
    stage.go(30)
    assert stage.sent == []
    stream.destination = "found"
    stage.go(200)
    assert [sent.sequence for sent in stage.sent] == [0, 1, 2]
    assert [sent.timestamp for sent in stage.sent] == [320, 480, 640]
    assert stream.unaddressed == 2
    assert stage.pacer.sent == 3


def test_a_destination_may_change_and_losses_stay_counted() -> None:
    stage = Stage()
    stream = stage.stream(destination="first")
    stream.play(track_of(5), START_NS)
    stage.go(30)
    outlet: Any = stream._outlet
    outlet.lost, outlet.lost_octets = 1, 4
    stream.destination = "second"
    stage.go(200)
    assert stage.socket.destinations == ["first"] * 2 + ["second"] * 3
    assert (stream.lost, stream.packets_sent, stream.octets_sent) == (1, 4, 16)


def test_what_a_sender_report_says() -> None:
    stage = Stage()
    stream = stage.stream(timestamp=100)
    assert stream.timestamp_at(START_NS) == 100
    stream.play(track_of(5), START_NS)
    stage.go(45)
    assert (stream.packets_sent, stream.octets_sent) == (3, 12)
    assert (stream.last_timestamp, stream.last_sent_ns) == (100 + 320, START_NS + 40 * MS)
    assert stream.timestamp_at(START_NS + 45 * MS) == 100 + 360


def test_a_track_that_says_that_it_takes_no_time_does_not_hang() -> None:
    stage = Stage()
    track = track_of(1)
    track.period_ns = 0
    stage.stream().play(track, START_NS, loops=-1)
    stage.go(10)
    assert len(stage.sent) == 11


def test_a_track_without_packets_ends() -> None:
    stage = Stage()
    stream, ends = stage.stream(), list[int]()
    stream.on_end = lambda: ends.append(1)
    stream.play(Track(b"", [], [], [], [], [], period_ns=0, period_ticks=0), START_NS, loops=-1)
    stage.go(100)
    assert ends == [1]


def test_a_stream_may_be_ended_by_its_own_end() -> None:
    stage = Stage()
    stream = stage.stream()
    stream.on_end = lambda: stage.pacer.remove(stream)
    stream.play(track_of(1), START_NS)
    stage.go(100)
    assert stage.pacer.streams == 0


def test_without_a_pacer_a_stream_only_remembers() -> None:
    stream = OutStream(1)
    stream.socket = KeptSocket(Stage().clock)
    stream.play(track_of(), START_NS)
    stream.pause(START_NS)
    stream.resume(START_NS)
    assert stream.playing
    stream.stop()
    assert not stream.playing


class Ear(SentTap):
    """Keeps what is said."""

    def __init__(self) -> None:
        self.heard: list[tuple[int, bytes, int, int]] = []

    def sent(self, track: Track, payload_type: int, payload: bytes, timestamp: int, now_ns: int) -> None:
        self.heard.append((payload_type, payload, timestamp, now_ns - START_NS))


def test_a_tap_hears_what_is_sent_in_the_clear() -> None:
    stage, ear = Stage(), Ear()
    stream = stage.stream(timestamp=500)
    stream.protect = lambda packet: packet + b"tag"
    stream.play(track_of(3), START_NS, payload_type=9)
    stage.go(25)
    stream.tap = ear
    stage.go(100)
    assert len(stage.sent) == 3
    assert ear.heard == [(9, bytes([2]) * 4, 500 + 320, 40 * MS)]


def test_a_tap_hears_the_whole_of_datagrams_that_are_sent_as_they_are() -> None:
    stage, ear = Stage(), Ear()
    stream = stage.stream()
    stream.tap = ear
    stream.play(whole_track(rtp(7, 700, 1), b"no RTP"), START_NS)
    stage.go(100)
    assert [payload for _, payload, _, _ in ear.heard] == [rtp(7, 700, 1), b"no RTP"]
