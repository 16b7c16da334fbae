# SPDX-License-Identifier: AGPL-3.0-or-later
"""The pacer on a clock that goes when it is told: when packets leave, how late that was, and what is left out."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from engine.media.pacer import LATE_NS, LONGEST_NS, LOT, phase_ns
from engine.media.wheel import NEVER_NS, SLOT_NS
from tests.engine.media.kept import MS, START_NS, Stage, track_of


def test_each_packet_leaves_in_its_slot_and_never_early() -> None:
    stage = Stage()
    stage.stream().play(track_of(50), START_NS)
    stage.go(2000)
    assert len(stage.sent) == 50
    for number, sent in enumerate(stage.sent):
        assert 0 <= sent.at_ns - START_NS - number * 20 * MS < SLOT_NS
    assert stage.pacer.sent == 50
    assert stage.pacer.next_ns() == NEVER_NS


def test_a_stream_that_started_within_a_slot_has_no_jitter() -> None:
    stage = Stage()
    stage.stream().play(track_of(50), START_NS + 123_457)
    stage.go(2000)
    gaps = {later.at_ns - earlier.at_ns for earlier, later in zip(stage.sent, stage.sent[1:], strict=False)}
    assert gaps == {20 * MS}


def test_a_late_packet_moves_no_other_and_its_lateness_is_told() -> None:
    stage = Stage()
    stage.stream().play(track_of(5), START_NS)
    stage.go(30)
    assert stage.pacer.take_lateness() == [0, 0]
    stage.halt(25)  # until 55, past that of 40
    stage.go(100)
    assert [sent.at_ns - START_NS for sent in stage.sent] == [0, 20 * MS, 55 * MS, 60 * MS, 80 * MS]
    assert stage.pacer.take_lateness() == [15 * MS, 0, 0]
    assert stage.pacer.take_lateness() == []


def test_after_a_stop_what_has_passed_is_left_out_and_timestamps_follow_the_clock() -> None:
    stage = Stage()
    stream = stage.stream(sequence=65_530, timestamp=1000)
    stream.play(track_of(1000), START_NS)
    stage.go(95)
    assert len(stage.sent) == 5
    stage.halt(3000)  # until 3095
    stage.go(100)
    assert [sent.at_ns - START_NS for sent in stage.sent[5:]] == [at * MS for at in (3100, 3120, 3140, 3160, 3180)]
    assert [sent.sequence for sent in stage.sent] == [number & 0xFFFF for number in range(65_530, 65_540)]
    assert [sent.timestamp for sent in stage.sent[4:6]] == [1000 + 4 * 160, 1000 + 155 * 160]
    assert [sent.payload[0] for sent in stage.sent[4:6]] == [4, 155]
    assert stage.pacer.skipped == stream.skipped == 150
    assert stream.packets_sent == 10


def test_what_is_less_late_is_caught_up_with() -> None:
    stage = Stage()
    stage.stream().play(track_of(1000), START_NS)
    stage.go(10)
    stage.halt(LATE_NS // MS)
    stage.go(0)
    assert len(stage.sent) == 11
    assert stage.pacer.skipped == 0


def test_a_stop_of_days_in_an_endless_track_takes_no_time() -> None:
    stage = Stage()
    stage.stream().play(track_of(3), START_NS, loops=-1)
    stage.go(10)
    stage.halt(10 * 24 * 3600 * 1000)
    stage.go(100)
    assert len(stage.sent) == 6
    assert stage.pacer.skipped == 10 * 24 * 3600 * 50 - 1 + 1


def test_a_turn_is_bounded_and_says_that_there_is_more() -> None:
    stage = Stage(cost_ns=5000)
    for number in range(1000):
        stage.stream(number).play(track_of(), START_NS)
    next_ns = stage.pacer.run(START_NS)
    assert next_ns <= stage.clock.now_ns
    assert len(stage.sent) == LONGEST_NS // 5000
    turns = 1
    while stage.pacer.run(stage.clock.now_ns) <= stage.clock.now_ns:
        turns += 1
    assert len({sent.ssrc for sent in stage.sent}) == 1000
    assert turns < 20


@pytest.mark.parametrize("step", [1, 2, 8])
@pytest.mark.parametrize("rate", [1, 10, 49, 50, 80.9, 100, 131, 1000, 1e9])
def test_the_packets_of_calls_are_spread_over_their_time_at_any_rate(rate: float, step: int) -> None:
    calls = [1 + step * number for number in range(2000)]
    moments = Counter((int(number * 1e9 / rate) + phase_ns(number)) % (20 * MS) // MS for number in calls)
    assert sum(moments.values()) == 2000
    assert max(moments.values()) < 1.5 * 2000 / 20


def test_gathered_packets_leave_in_lots_and_are_as_late_as_the_lot() -> None:
    stage = Stage(cost_ns=1000, gathers=True)
    for number in range(100):
        stage.stream(number).play(track_of(), START_NS)
    stage.pacer.run(START_NS)
    assert stage.sender.flushes == 2
    assert stage.pacer.take_lateness() == [LOT * 1000] * LOT + [100 * 1000] * (100 - LOT)


def test_streams_are_taken_out_in_the_middle() -> None:
    stage = Stage()
    streams = [stage.stream(number) for number in range(10)]
    for stream in streams:
        stream.play(track_of(), START_NS)
    stage.go(30)
    for stream in streams[::2]:
        stage.pacer.remove(stream)
        stage.pacer.remove(stream)
    before = len(stage.sent)
    stage.go(100)
    assert {sent.ssrc for sent in stage.sent[before:]} == {1, 3, 5, 7, 9}
    assert stage.pacer.streams == 5


def test_a_stream_that_played_before_it_was_added_goes_on_when_it_is() -> None:
    stage = Stage()
    stream = stage.stream()
    stage.pacer.remove(stream)
    stream.play(track_of(), START_NS)
    stage.go(50)
    assert stage.sent == []
    stage.pacer.add(stream)
    stage.go(0)
    assert [sent.payload[0] for sent in stage.sent] == [0, 1, 2]


@pytest.mark.parametrize("seed", range(3))
def test_many_streams_with_turns_at_any_time_lose_nothing(seed: int) -> None:
    stage, chance = Stage(), random.Random(seed)
    for number in range(200):
        stage.stream(number).play(track_of(20), START_NS + chance.randrange(20 * MS))
    while stage.pacer.next_ns() != NEVER_NS:
        stage.halt(chance.uniform(0.1, 30))
        stage.go(0)
    assert len(stage.sent) == stage.pacer.sent == 200 * 20
    for number in range(200):
        assert [sent.sequence for sent in stage.sent if sent.ssrc == number] == list(range(20))
    assert all(late >= 0 for late in stage.pacer.take_lateness())
