# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a network does to a stream is counted as what it is, and the score moves as it should: networks on paper."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from engine.media.mos import mos, mos_of_reception
from engine.media.reception import Reception, ReceptionSummary

MS = 1_000_000
STEP_NS = 20 * MS
PACKETS = 5000
WAY_NS = 20 * MS
Network = Callable[[random.Random, int], list[int]]
"""How long each copy of a packet, given its number, is under way, in ns; no copy: it is lost."""


def through(network: Network, seed: int = 1, first: int = 65_000) -> tuple[ReceptionSummary, Reception]:
    """What is received of a stream of `PACKETS`."""
    draw = random.Random(seed)
    sent = [(number * STEP_NS + way_ns, number) for number in range(PACKETS) for way_ns in network(draw, number)]
    reception = Reception(8000)
    for at_ns, number in sorted(sent):
        reception.received((first + number) % 65_536, (number * 160 + 0xFFFF_0000) % (1 << 32), at_ns, number == 0)
    return reception.summary(), reception


def perfect(draw: random.Random, number: int) -> list[int]:
    return [WAY_NS]


def five_percent_lost(draw: random.Random, number: int) -> list[int]:
    return [] if 0 < number < PACKETS - 1 and draw.random() < 0.05 else [WAY_NS]


def uneven(draw: random.Random, number: int) -> list[int]:
    """±30 ms, as `netem delay 50ms 30ms` has it."""
    return [int(draw.uniform(20, 80) * MS)]


def doubled(draw: random.Random, number: int) -> list[int]:
    return [WAY_NS, WAY_NS + MS] if number % 10 == 0 else [WAY_NS]


def swapped(draw: random.Random, number: int) -> list[int]:
    """Each hundredth packet comes after the next."""
    return [WAY_NS + 25 * MS] if number % 100 == 50 else [WAY_NS]


def silent_for_a_second(draw: random.Random, number: int) -> list[int]:
    return [] if 1000 <= number < 1050 else [WAY_NS]


def held_up(draw: random.Random, number: int) -> list[int]:
    """The network stands still for 500 ms, and then brings all at once."""
    return [max(WAY_NS, (1000 + 25 - number) * STEP_NS + WAY_NS)] if 1000 <= number < 1025 else [WAY_NS]


def test_a_perfect_network() -> None:
    one, _ = through(perfect)
    assert (one.packets, one.expected, one.lost, one.late, one.duplicates, one.reordered) == (PACKETS, PACKETS, 0, 0, 0, 0)
    assert (one.jitter_max_ns, one.gaps, one.longest_gap_ns) == (0, 0, STEP_NS)
    assert mos_of_reception("PCMU", one) == mos("PCMU", 0)


def test_loss_is_loss() -> None:
    one, reception = through(five_percent_lost)
    assert one.expected == PACKETS
    assert one.lost == PACKETS - one.packets == pytest.approx(0.05 * PACKETS, rel=0.2)
    assert (one.duplicates, one.reordered, one.late, one.jitter_max_ns) == (0, 0, 0, 0)
    assert reception.report_block(1).fraction_lost == one.lost * 256 // PACKETS
    assert mos_of_reception("PCMU", one) == pytest.approx(mos("PCMU", 0.05), abs=0.1)
    assert mos_of_reception("PCMU", one) < mos("PCMU", 0.04)


def test_jitter_is_jitter_and_disorder() -> None:
    one, _ = through(uneven)
    assert (one.packets, one.lost, one.duplicates) == (PACKETS, 0, 0)
    assert one.reordered > PACKETS // 20
    assert 15 * MS < one.jitter_mean_ns < 25 * MS, "the mean difference of two even draws from 60 ms is 20 ms"
    assert one.late == 0, "a listener's buffer holds it"
    assert mos_of_reception("PCMU", one, 250 * MS) < mos_of_reception("PCMU", through(perfect)[0], 250 * MS)


def test_doubled_packets_are_doubled() -> None:
    one, _ = through(doubled)
    assert (one.packets, one.duplicates, one.lost, one.reordered) == (PACKETS * 11 // 10, PACKETS // 10, 0, 0)
    assert mos_of_reception("PCMU", one) == mos("PCMU", 0)


def test_swapped_packets_are_out_of_order() -> None:
    one, _ = through(swapped)
    assert (one.packets, one.lost, one.duplicates, one.reordered) == (PACKETS, 0, 0, PACKETS // 100)
    assert mos_of_reception("PCMU", one) == mos("PCMU", 0)


def test_a_silence_is_a_gap_and_a_burst() -> None:
    one, _ = through(silent_for_a_second)
    assert (one.lost, one.bursts, one.gaps, one.longest_gap_ns) == (50, 1, 1, 51 * STEP_NS)
    scattered, _ = through(lambda draw, number: [] if number % 100 == 50 else [WAY_NS])
    assert scattered.lost == one.lost
    assert mos_of_reception("PCMU", one) < mos_of_reception("PCMU", scattered), "one long hole is worse than many short ones"


def test_what_comes_too_late_is_not_heard() -> None:
    one, _ = through(held_up)
    assert (one.lost, one.reordered, one.gaps, one.longest_gap_ns) == (0, 0, 1, 26 * STEP_NS)
    assert 0 < one.late <= 20
    assert mos_of_reception("PCMU", one) < mos("PCMU", 0)
