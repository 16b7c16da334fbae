# SPDX-License-Identifier: AGPL-3.0-or-later
"""Digits as events, against RFC 4733."""

from __future__ import annotations

import random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.media.events import (
    DIGITS,
    LONGEST_DIGITS,
    DigitReceiver,
    TelephoneEvent,
    digits_track,
    read_event,
    write_event,
)
from engine.media.track import Track

MS = 1_000_000
Packet = tuple[bytes, int, bool]
"""Payload, timestamp, marker."""


def packets(track: Track, first_timestamp: int = 0) -> list[Packet]:
    return [
        (track.payloads[start : start + size], (first_timestamp + timestamp) % (1 << 32), bool(marker))
        for start, size, timestamp, marker in zip(track.starts, track.sizes, track.timestamps, track.markers, strict=True)
    ]


def heard(received: list[Packet]) -> str:
    receiver = DigitReceiver()
    return "".join(receiver.received(*packet) for packet in received)


def events(track: Track) -> list[TelephoneEvent]:
    found = [read_event(payload) for payload, _, _ in packets(track)]
    assert None not in found
    return [event for event in found if event]


def test_a_payload_is_laid_out_as_the_rfc_draws_it() -> None:
    assert write_event(TelephoneEvent(11, True, 7, 800)) == bytes([11, 0x87, 0x03, 0x20])
    assert read_event(bytes([11, 0xC7, 0x03, 0x20])) == TelephoneEvent(11, True, 7, 800), "the reserved bit is passed over"
    assert read_event(bytes([1, 10, 0])) is None


@given(st.integers(0, 255), st.booleans(), st.integers(0, 63), st.integers(0, 0xFFFF))
def test_what_is_written_is_read(event: int, end: bool, volume: int, duration: int) -> None:
    said = TelephoneEvent(event, end, volume, duration)
    assert read_event(write_event(said)) == said


def test_a_digit_is_a_packet_each_20_ms_and_three_ends() -> None:
    track = digits_track("5", 101, tone_ms=100, gap_ms=60, volume=12)
    assert [due_ns // MS for due_ns in track.dues_ns] == [0, 20, 40, 60, 80, 100, 120]
    assert [event.duration for event in events(track)] == [160, 320, 480, 640, 800, 800, 800]
    assert [event.end for event in events(track)] == [False] * 4 + [True] * 3
    assert {(event.event, event.volume) for event in events(track)} == {(5, 12)}
    assert list(track.timestamps) == [0] * 7
    assert list(track.markers) == [1, 0, 0, 0, 0, 0, 0]
    assert (track.payload_type, track.clock_rate, track.codec) == (101, 8000, "telephone-event")
    assert (track.period_ns, track.period_ticks) == (160 * MS, 1280)


def test_digits_follow_each_other() -> None:
    track = digits_track("1d#", 96, tone_ms=100, gap_ms=100)
    assert [event.event for event in events(track)] == [1] * 7 + [15] * 7 + [11] * 7
    assert sorted(set(track.timestamps)) == [0, 1600, 3200]
    assert [due_ns // MS for due_ns, marker in zip(track.dues_ns, track.markers, strict=True) if marker] == [0, 200, 400]
    assert (track.period_ns, track.period_ticks) == (600 * MS, 4800)


def test_as_long_as_sipp_says_them() -> None:
    track = digits_track("12", 96)
    assert {event.duration for event in events(track) if event.end} == {1600}
    assert track.period_ns == 800 * MS


def test_another_clock_has_other_units() -> None:
    track = digits_track("1", 110, clock_rate=48_000, tone_ms=40, gap_ms=40)
    assert [event.duration for event in events(track)] == [960, 1920, 1920, 1920]
    assert track.period_ticks == 3840


@given(st.text("0123456789*#ABCDabcd!", min_size=1, max_size=8), st.integers(1, 8191), st.integers(0, 300))
@example("11", 1, 0)
@example("11", 20, 0)
@example("11", 21, 1)
def test_whatever_the_lengths_digits_do_not_run_into_each_other(digits: str, tone_ms: int, gap_ms: int) -> None:
    track = digits_track(digits, 101, tone_ms=tone_ms, gap_ms=gap_ms)
    assert list(track.dues_ns) == sorted(track.dues_ns)
    assert track.dues_ns[-1] < track.period_ns
    assert all(0 < event.duration <= tone_ms * 8 for event in events(track))
    assert sum(event.end for event in events(track)) == 3 * len(digits)
    assert heard(packets(track, 0xFFFF_FF00)) == digits.upper()


def test_what_cannot_be_said_is_refused_in_words() -> None:
    for refused, why in (
        (lambda: digits_track("12x", 101), "'x' is no digit"),
        (lambda: digits_track("", 101), "0 digits"),
        (lambda: digits_track("1" * (LONGEST_DIGITS + 1), 101), "1001 digits"),
        (lambda: digits_track("1", 101, tone_ms=0), "a digit of 0 ms"),
        (lambda: digits_track("1", 101, tone_ms=8192), "a digit of 8192 ms — 1 to 8191"),
        (lambda: digits_track("1", 101, clock_rate=48_000, tone_ms=1366), "1 to 1365"),
        (lambda: digits_track("1", 101, clock_rate=0), "a clock of 0 Hz"),
        (lambda: digits_track("1", 101, gap_ms=-1), "a silence of -1 ms"),
        (lambda: digits_track("1", 101, volume=64), "a volume of -64 dBm0"),
    ):
        with pytest.raises(ValueError, match=why):
            refused()


@pytest.mark.parametrize("seed", range(20))
def test_each_digit_is_heard_once_whatever_comes_of_it(seed: int) -> None:
    draw = random.Random(seed)
    digits = "".join(draw.choices(DIGITS, k=30))
    received: list[Packet] = []
    whole = packets(digits_track(digits, 101), draw.getrandbits(32))
    each = len(whole) // len(digits)
    for place in range(len(digits)):
        one = whole[place * each : (place + 1) * each]
        some = draw.choices(one, k=draw.randrange(1, 20))  # some lost, some doubled, none in its place
        received += some
    assert heard(received) == digits


def test_only_the_first_or_only_the_end_is_enough() -> None:
    whole = packets(digits_track("7788", 101))
    each = len(whole) // 4
    assert heard(whole[::each]) == "7788"
    assert heard(whole[each - 1 :: each]) == "7788"


def test_packets_of_a_digit_that_come_among_the_next_are_known() -> None:
    whole = packets(digits_track("121", 101))
    each = len(whole) // 3
    assert heard([*whole[:3], whole[each], *whole[3:each], *whole[each + 1 :], whole[0], whole[each]]) == "121"


def test_the_segments_of_a_long_digit_are_one() -> None:
    segments = [(write_event(TelephoneEvent(1, False, 10, 0xFFFF)), 1000, True)]
    segments.append((write_event(TelephoneEvent(1, False, 10, 0xFFFF)), 1000 + 0xFFFF, False))
    segments.append((write_event(TelephoneEvent(1, True, 10, 400)), 1000 + 2 * 0xFFFF, False))
    assert heard(segments) == "1"


def test_packets_of_a_digit_with_timestamps_of_their_own_are_one() -> None:
    def said(start: int) -> list[Packet]:
        return [(write_event(TelephoneEvent(1, k == 9, 10, 160 * (k + 1))), start + 160 * k, k == 0) for k in range(10)]

    assert heard([*said(0), *said(8000)]) == "11"


def test_a_digit_right_after_the_same_one_is_another() -> None:
    assert heard(packets(digits_track("11", 101, tone_ms=100, gap_ms=0))) == "11"


def test_other_events_and_garbage_are_no_digits() -> None:
    fax = write_event(TelephoneEvent(36, False, 10, 160))
    assert heard([(fax, 0, True), (b"", 0, True), (b"\x01\x0a\x00", 0, True), (b"\x01\x0a\x00\xa0rest", 9, True)]) == "1"


def test_a_flood_of_events_takes_no_memory() -> None:
    receiver = DigitReceiver()
    for timestamp in range(10_000):
        receiver.received(write_event(TelephoneEvent(timestamp % 16, False, 10, 0)), timestamp, True)
    assert len(receiver._heard) < 10
