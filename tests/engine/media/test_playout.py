# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which packets come too late to be heard."""

from __future__ import annotations

import random
from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from engine.media.playout import BUFFER_NS, MOST_IN_A_ROW, Playout

MS = 1_000_000
STEP_NS = 20 * MS


def late(ways_ms: Iterable[float], markers: Iterable[int] = ()) -> int:
    """How many of packets whose way took so long came too late."""
    playout, before_ns, marked = Playout(), 0, set(markers)
    for number, way_ms in enumerate(ways_ms):
        way_ns = int(way_ms * MS)
        if number:
            playout.packet(way_ns - before_ns, STEP_NS + way_ns - before_ns, number in marked)
        before_ns = way_ns
    return playout.late


def test_what_the_buffer_holds_is_not_late() -> None:
    draw = random.Random(1)
    assert late([30] * 1000) == 0
    assert late(draw.uniform(30, 129) for _ in range(10_000)) == 0


def test_one_that_comes_later_than_the_buffer_is_late() -> None:
    ways = [30.0] * 100
    ways[50] = 30 + BUFFER_NS / MS + 1
    assert late(ways) == 1
    ways[50] = 30 + BUFFER_NS / MS - 1
    assert late(ways) == 0
    assert late([30, 30, 200, 30, 200, 30, 200]) == 3


def test_the_first_need_not_be_the_fastest() -> None:
    assert late([300, 30, 30, 30, 140, 30]) == 1


def test_a_way_that_has_become_longer_is_followed() -> None:
    assert late([30] * 100 + [500] * 1000) == MOST_IN_A_ROW
    assert late([30] * 100 + [500] * 1000, markers=[100]) == 0, "a talkspurt begins: nothing is torn"


def test_packets_that_were_held_up_are_late_until_they_have_caught_up() -> None:
    """A peer that stood still for 160 ms sends all of it at once."""
    ways = [30.0] * 50 + [190, 170, 150, 130, 110, 90, 70, 50] + [30] * 50
    assert late(ways) == 3


def test_clocks_that_run_apart_make_nothing_late() -> None:
    for parts_per_million in (-200, 200):
        assert late(30 + number * 20 * parts_per_million / 1e6 for number in range(200_000)) == 0


@given(st.lists(st.tuples(st.integers(-(1 << 40), 1 << 40), st.integers(-(1 << 40), 1 << 40), st.booleans())))
def test_anything_may_come(packets: list[tuple[int, int, bool]]) -> None:
    playout = Playout()
    for packet in packets:
        playout.packet(*packet)
    assert 0 <= playout.late <= len(packets)
