# SPDX-License-Identifier: AGPL-3.0-or-later
"""Recordings: packets in their places, silence for what is missing, and bounds for what peers may say."""

from __future__ import annotations

import array
import io
import random
import wave
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.media.audio.recording import RECEIVED, SENT, Piece, Recording
from engine.media.audio.wav import MOST_BYTES, wav_head
from tests.media_audio import dominant_hz, goertzel_db, tone

MS = 1_000_000
RATE = 8000
PACKET = 160
HOUR_NS = 3600 * 1000 * MS
START_NS = 7_000 * MS


def whole(pieces: Iterable[Piece]) -> bytes:
    """The samples that pieces are."""
    return b"".join(piece if isinstance(piece, bytes) else bytes(piece) for piece in pieces)


def packets(samples: array.array[int], first_timestamp: int = 1000, size: int = PACKET) -> list[tuple[int, bytes]]:
    """RTP timestamps and samples."""
    return [
        ((first_timestamp + place) % (1 << 32), samples[place : place + size].tobytes())
        for place in range(0, len(samples), size)
    ]


def words(data: bytes) -> array.array[int]:
    return array.array("h", data)


class Call:
    """A recording that packets are put into on time, but for what is said."""

    def __init__(self, channels: int = 1, rate: int = RATE, limit_ns: int = HOUR_NS) -> None:
        self.recording = Recording(rate, channels, START_NS, limit_ns)
        self.pieces: list[Piece] = []
        self.most_bytes = 0

    def put(self, timestamp: int, samples: bytes, at_ms: float, side: int = RECEIVED, rate: int = RATE) -> None:
        if self.recording.put(side, samples, rate, timestamp, RATE, START_NS + round(at_ms * MS)):
            self.pieces += self.recording.take()

    def end(self) -> bytes:
        self.recording.close()
        self.pieces += self.recording.take()
        return whole(self.pieces)


def test_packets_on_time_are_the_recording() -> None:
    samples, call = tone(440, 3), Call()
    for number, (timestamp, data) in enumerate(packets(samples)):
        call.put(timestamp, data, number * 20)
    assert len(call.pieces) > 2, "it becomes final as it goes on"
    assert call.end() == samples.tobytes()
    assert (call.recording.late, call.recording.jumps) == (0, 0)


def test_the_clock_of_the_source_may_turn_over() -> None:
    samples, call = tone(440, 3), Call()
    for number, (timestamp, data) in enumerate(packets(samples, (1 << 32) - 8000)):
        call.put(timestamp, data, number * 20)
    assert call.end() == samples.tobytes()
    assert call.recording.jumps == 0


def test_reordered_doubled_and_jittered_packets_come_right() -> None:
    samples, call, chance = tone(440, 3), Call(), random.Random(3)
    arrivals = [(number * 20 + chance.uniform(0, 90) * (number > 0), packet) for number, packet in enumerate(packets(samples))]
    arrivals += chance.sample(arrivals[5:], 20)
    for at_ms, (timestamp, data) in sorted(arrivals):
        call.put(timestamp, data, at_ms)
    assert call.end() == samples.tobytes()
    assert call.recording.late == 0


def test_what_is_lost_is_silence_and_as_long() -> None:
    samples, call = tone(440, 3), Call()
    for number, (timestamp, data) in enumerate(packets(samples)):
        if number not in (10, 50, 51, 52):
            call.put(timestamp, data, number * 20)
    recorded = words(call.end())
    assert len(recorded) == len(samples)
    assert not any(recorded[10 * PACKET : 11 * PACKET])
    assert not any(recorded[50 * PACKET : 53 * PACKET])
    assert recorded[53 * PACKET :] == samples[53 * PACKET :]


def test_a_pause_of_the_source_is_as_long_as_it_was_whatever_its_timestamps_say() -> None:
    for skipped in (0, 4 * RATE):  # it stood still, or went on
        samples, call = tone(440, 2), Call()
        for number, (timestamp, data) in enumerate(packets(samples)):
            late = 4000 * (number >= 50)
            call.put(timestamp + skipped * (number >= 50), data, number * 20 + late)
        recorded = words(call.end())
        assert len(recorded) == 6 * RATE
        assert recorded[:RATE] == samples[:RATE]
        assert not any(recorded[RATE : 5 * RATE])
        assert recorded[5 * RATE :] == samples[RATE:]
        assert call.recording.jumps == (skipped == 0)


@pytest.mark.parametrize("timestamp", [0, 1 << 31, (1 << 32) - 1, 123_456_789])
def test_another_source_goes_on_where_it_is(timestamp: int) -> None:
    first, second, call = tone(440, 1), tone(800, 1), Call()
    for number, (stamp, data) in enumerate(packets(first) + packets(second, timestamp)):
        call.put(stamp, data, number * 20)
    recorded = words(call.end())
    assert len(recorded) == 2 * RATE
    assert recorded[:RATE] == first
    assert recorded[RATE + PACKET :] == second[PACKET:]  # its first packet may be taken for one that is late
    assert call.recording.jumps == 1


def test_hostile_timestamps_make_no_silence() -> None:
    call, chance = Call(), random.Random(5)
    for number in range(500):
        call.put(chance.randrange(1 << 32), b"\x01\x00" * PACKET, number * 20)
    assert len(call.end()) <= 2 * (RATE * 10 + RATE)


def test_an_hour_of_nothing_takes_no_memory() -> None:
    call = Call(channels=2)
    call.put(0, tone(440, 0.02).tobytes(), 0)
    call.put(RATE * 3000, tone(440, 0.02).tobytes(), 3_000_000)
    assert sum(len(piece) for piece in call.pieces if isinstance(piece, bytes)) < 100_000
    call.recording.close()
    pieces = call.pieces + call.recording.take()
    assert sum(piece if isinstance(piece, int) else len(piece) for piece in pieces) == 4 * (RATE * 3000 + PACKET)


def test_a_limit_ends_it() -> None:
    call = Call(limit_ns=1000 * MS)
    samples = tone(440, 3)
    for number, (timestamp, data) in enumerate(packets(samples)):
        call.put(timestamp, data, number * 20)
    assert call.recording.is_full
    assert call.end() == samples[:RATE].tobytes()


def test_left_is_what_was_sent_and_right_what_came() -> None:
    came, sent, call = tone(440, 2), tone(1000, 1), Call(channels=2)
    for number, (timestamp, data) in enumerate(packets(came)):
        call.put(timestamp, data, number * 20)
        if 25 <= number < 75:
            call.put(77 + number * PACKET, packets(sent)[number - 25][1], number * 20, SENT)
    recorded = words(call.end())
    assert recorded[1::2] == came
    assert not any(recorded[: RATE // 2 * 2 : 2])
    assert recorded[RATE : 3 * RATE : 2] == sent
    assert dominant_hz(recorded[1::2], RATE) == pytest.approx(440, rel=0.01)


def test_one_channel_has_only_what_came() -> None:
    call = Call()
    call.put(0, tone(440, 0.02).tobytes(), 0, SENT)
    assert call.end() == b""


@pytest.mark.parametrize(("rate", "source_rate"), [(8000, 16000), (16000, 8000), (8000, 44100)])
def test_other_rates_are_made_the_recordings_own(rate: int, source_rate: int) -> None:
    call = Call(rate=rate)
    size = source_rate // 50
    for number, (_, data) in enumerate(packets(tone(440, 2, source_rate), size=size)):
        call.put(number * PACKET, data, number * 20, rate=source_rate)
    recorded = words(call.end())
    assert abs(len(recorded) - 2 * rate) <= 2
    assert dominant_hz(recorded, rate) == pytest.approx(440, rel=0.01)
    assert goertzel_db(recorded, rate, 440) == pytest.approx(-12, abs=0.5)


def test_a_single_packet_that_is_far_too_late_moves_nothing() -> None:
    samples, call = tone(440, 2), Call()
    sent = packets(samples)
    for number, (timestamp, data) in enumerate(sent):
        if number != 20:
            call.put(timestamp, data, number * 20)
        if number == 60:
            call.put(*sent[20], number * 20 + 5)
    recorded = words(call.end())
    assert not any(recorded[20 * PACKET : 21 * PACKET])
    assert recorded[21 * PACKET :] == samples[21 * PACKET :]
    assert (call.recording.late, call.recording.jumps) == (1, 0)


@given(
    st.lists(
        st.tuples(st.integers(0, 1), st.binary(max_size=400), st.integers(0, (1 << 32) - 1), st.integers(-100, 20_000)),
        max_size=40,
    ),
    st.sampled_from([1, 2]),
    st.sampled_from([8000, 16000, 48000]),
    st.sampled_from([8000, 48000, 90_000]),
)
def test_whatever_comes_it_is_never_longer_than_the_call(
    arrivals: list[tuple[int, bytes, int, int]], channels: int, rate: int, clock_rate: int
) -> None:
    recording = Recording(RATE, channels, START_NS, HOUR_NS)
    for side, data, timestamp, at_ms in arrivals:
        recording.put(side, data[: len(data) & ~1], rate, timestamp, clock_rate, START_NS + at_ms * MS)
        assert recording.held_bytes <= channels * 4 * RATE
    recording.close()
    recorded = whole(recording.take())
    last_ms = max((at_ms for _, _, _, at_ms in arrivals), default=0)
    assert len(recorded) <= 2 * channels * RATE * (max(last_ms, 0) + 300 + 30) // 1000
    assert len(recorded) % (2 * channels) == 0


@pytest.mark.parametrize(("rate", "channels"), [(8000, 1), (16000, 2)])
def test_the_head_is_that_of_a_wav_file(rate: int, channels: int) -> None:
    samples = bytes(range(256)) * 4
    with wave.open(io.BytesIO(wav_head(rate, channels, len(samples)) + samples)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (rate, channels, 2)
        assert file.readframes(file.getnframes()) == samples


def test_lengths_of_a_wav_file_end_at_32_bits() -> None:
    assert len(wav_head(8000, 1, 1 << 40)) == len(wav_head(8000, 1, MOST_BYTES)) == 44
