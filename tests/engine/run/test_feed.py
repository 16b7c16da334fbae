# SPDX-License-Identifier: AGPL-3.0-or-later
"""What waits for an exporter: in order, bounded, and counted; of snapshots the newest is enough."""

from __future__ import annotations

import pytest
import trio
import trio.testing

from engine.export.protocol import AnyToExporter, Complete, ExportPlan
from engine.messages import CallTrace, FollowedCall, QueueCounts, TraceEntry
from engine.messages.following import EntryKind
from engine.run import feed as module
from engine.run.feed import Feed
from tests.engine.bus.events import finished, logged, snapshot, started, warning

PLAN = ExportPlan(started=started())
END = Complete(last=snapshot(9), finished=finished(), within_s=1.0)


async def taken(feed: Feed) -> list[AnyToExporter]:
    """All that is to be told now."""
    told = []
    while True:
        with trio.move_on_after(0) as scope:
            told.append(await feed.next())
        if scope.cancelled_caught:
            return told


def trace(size: int) -> CallTrace:
    """A followed call with so many bytes of messages."""
    entry = TraceEntry(unix_ns=1, kind=EntryKind.SENT, data=b"x" * size)
    call = FollowedCall(
        number=1,
        call_id="1@here",
        why="failed",
        scenario="main",
        outgoing=True,
        protocol="UDP",
        started_unix_ns=1,
        duration_ns=1,
        is_over=True,
        entries=(entry,),
    )
    return CallTrace(run="run-1", elapsed_ns=5, call=call)


async def test_the_plan_comes_first_and_the_end_last() -> None:
    feed = Feed()
    feed.complete(END)
    feed.offer(warning("a"))
    feed.offer(logged("b"))
    feed.offer(snapshot(1))
    feed.begin(PLAN)
    assert await taken(feed) == [PLAN, warning("a"), logged("b"), snapshot(1), END]


async def test_only_the_newest_snapshot_waits_and_none_is_counted() -> None:
    feed = Feed()
    for sequence in range(1, 2000):
        feed.offer(snapshot(sequence))
    assert await taken(feed) == [snapshot(1999)]
    assert feed.counts(0) == QueueCounts()


async def test_what_does_not_fit_is_dropped_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_EVENTS", 3)
    feed = Feed()
    for number in range(5):
        feed.offer(warning(str(number)))
    assert len(await taken(feed)) == 3
    feed.lose(4)
    assert feed.counts(3) == QueueCounts(offered=9, written=3, dropped=6)


async def test_followed_calls_are_bounded_by_their_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 10_000)
    feed = Feed()
    for _ in range(3):
        feed.offer(trace(4000))
    assert len(await taken(feed)) == 2
    feed.offer(trace(9000))
    assert len(await taken(feed)) == 1
    assert feed.counts(3) == QueueCounts(offered=4, written=3, dropped=1)


async def test_when_nobody_reads_any_more_nothing_is_kept() -> None:
    feed = Feed()
    feed.offer(warning("a"))
    feed.close()
    feed.offer(warning("b"))
    feed.offer(snapshot(1))
    assert await taken(feed) == []
    assert feed.counts(0).offered == 2


async def test_who_waits_is_woken() -> None:
    feed = Feed()
    async with trio.open_nursery() as nursery:
        told: list[AnyToExporter] = []

        async def read() -> None:
            told.append(await feed.next())

        nursery.start_soon(read)
        await trio.testing.wait_all_tasks_blocked()
        feed.offer(warning("a"))
    assert told == [warning("a")]
