# SPDX-License-Identifier: AGPL-3.0-or-later
"""Bounded queues: what is offered is written or dropped, and nothing else happens to it."""

from __future__ import annotations

import pytest
import trio
import trio.testing
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.export.waiting import Waiting
from engine.messages import QueueCounts


async def test_what_fits_is_taken_in_its_order() -> None:
    waiting: Waiting[int] = Waiting(10)
    assert all(waiting.offer(number) for number in range(5))
    assert await waiting.take(3) == [0, 1, 2]
    waiting.written(3)
    assert await waiting.take(3) == [3, 4]
    waiting.written(2)
    assert waiting.counts == QueueCounts(offered=5, written=5, dropped=0)


async def test_what_does_not_fit_is_dropped_also_while_some_are_being_written() -> None:
    waiting: Waiting[int] = Waiting(3)
    assert [waiting.offer(number) for number in range(4)] == [True, True, True, False]
    assert await waiting.take(2) == [0, 1]
    assert not waiting.offer(4)
    waiting.dropped(1)
    waiting.written(1)
    assert waiting.offer(5)
    assert waiting.counts == QueueCounts(offered=6, written=1, dropped=3)


async def test_large_ones_have_a_limit_of_their_own() -> None:
    waiting: Waiting[str] = Waiting(100, most_bytes=1000)
    assert waiting.offer("a", 900)
    assert not waiting.offer("b", 101)
    assert waiting.offer("c", 100)
    await waiting.take(1)
    assert waiting.offer("d", 900)


async def test_the_writer_sleeps_until_there_is_something_and_ends_when_the_queue_does() -> None:
    waiting: Waiting[str] = Waiting(10)
    got: list[list[str]] = []

    async def write() -> None:
        while batch := await waiting.take(10):
            got.append(batch)
            waiting.written(len(batch))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(write)
        await trio.testing.wait_all_tasks_blocked()
        waiting.offer("a")
        await trio.testing.wait_all_tasks_blocked()
        waiting.offer("b")
        waiting.close()
    assert got == [["a"], ["b"]]
    assert not waiting.offer("c")
    assert waiting.counts == QueueCounts(offered=3, written=2, dropped=1)


async def test_what_a_writer_leaves_is_dropped() -> None:
    waiting: Waiting[int] = Waiting(10)
    for number in range(5):
        waiting.offer(number)
    await waiting.take(2)
    waiting.written(1)
    waiting.abandon()
    assert waiting.counts == QueueCounts(offered=5, written=1, dropped=4)
    with trio.fail_after(1):
        assert await waiting.take(1) == []


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["offer", "take", "written", "dropped"]), st.integers(1, 5)), max_size=60))
def test_nothing_is_ever_lost_or_counted_twice(steps: list[tuple[str, int]]) -> None:
    async def play() -> None:
        waiting: Waiting[int] = Waiting(7, most_bytes=20)
        taken = 0
        for what, count in steps:
            if what == "offer":
                waiting.offer(0, count)
            elif what == "take":
                if len(waiting) > taken:
                    taken += len(await waiting.take(count))
            else:
                count = min(count, taken)
                taken -= count
                getattr(waiting, what)(count)
            counts = waiting.counts
            assert counts.offered == counts.written + counts.dropped + len(waiting)
        waiting.abandon()
        counts = waiting.counts
        assert counts.offered == counts.written + counts.dropped

    trio.run(play)


@pytest.mark.parametrize("kind", ["written", "dropped"])
async def test_counts_add(kind: str) -> None:
    one, other = QueueCounts(offered=3, written=2, dropped=1), QueueCounts(offered=5, written=1, dropped=4)
    assert getattr(one.plus(other), kind) == getattr(one, kind) + getattr(other, kind)
