# SPDX-License-Identifier: AGPL-3.0-or-later
"""What waits to be told to the exporter: its plan, events in a bounded queue, the newest snapshot beside it, and the end."""

from __future__ import annotations

from collections import deque
from typing import TypeAlias

import trio

from engine.export.protocol import AnyToExporter, Complete, ExportPlan
from engine.messages import CallTrace, Event, Logged, QueueCounts, RunStarted, Snapshot, Warning

Queued: TypeAlias = RunStarted | Warning | Logged | CallTrace
"""Of which each is told."""
MOST_EVENTS = 5000
MOST_BYTES = 32 << 20
"""What may wait, however few events it is: followed calls have all their messages in them."""
_EVENT_BYTES = 200


class Feed:
    """The queue. Its counts are those of events, but for snapshots."""

    def __init__(self) -> None:
        self._offered = 0
        self._dropped = 0
        self._plan: ExportPlan | None = None
        self._events: deque[tuple[Queued, int]] = deque()
        self._bytes = 0
        self._snapshot: Snapshot | None = None
        self._end: Complete | None = None
        self._is_closed = False
        self._news = trio.Event()

    def begin(self, plan: ExportPlan) -> None:
        """Tell this before all else."""
        self._plan = plan
        self._news.set()

    def offer(self, event: Event) -> None:
        """Have it told; never waits. A snapshot takes the place of one that waits."""
        if isinstance(event, Snapshot):
            self._snapshot = None if self._is_closed else event
        elif isinstance(event, Queued):
            self._queue(event)
        self._news.set()

    def lose(self, count: int) -> None:
        """So many more never came here."""
        self._offered += count
        self._dropped += count

    def complete(self, end: Complete) -> None:
        """Tell this when all else is told."""
        self._end = end
        self._news.set()

    def close(self) -> None:
        """Nobody reads any more: what is offered is dropped."""
        self._is_closed = True
        self._events.clear()
        self._snapshot = None

    async def next(self) -> AnyToExporter:
        """What is to be told next: events before the snapshot that came with or after them."""
        while True:
            if self._plan is not None:
                plan, self._plan = self._plan, None
                return plan
            if self._events:
                event, size_bytes = self._events.popleft()
                self._bytes -= size_bytes
                return event
            if self._snapshot is not None:
                snapshot, self._snapshot = self._snapshot, None
                return snapshot
            if self._end is not None:
                end, self._end = self._end, None
                return end
            self._news = trio.Event()
            await self._news.wait()

    def _queue(self, event: Queued) -> None:
        self._offered += 1
        size_bytes = _size(event)
        if self._is_closed or len(self._events) >= MOST_EVENTS or self._bytes + size_bytes > MOST_BYTES:
            self._dropped += 1
            return
        self._events.append((event, size_bytes))
        self._bytes += size_bytes

    def counts(self, read: int) -> QueueCounts:
        """What became of events, of which the exporter has read so many."""
        return QueueCounts(offered=self._offered, written=read, dropped=self._dropped)


def _size(event: Queued) -> int:
    """About so many bytes."""
    if isinstance(event, CallTrace):
        return _EVENT_BYTES + sum(_EVENT_BYTES + len(entry.data) + len(entry.text) for entry in event.call.entries)
    return _EVENT_BYTES + (len(event.text) if isinstance(event, (Warning, Logged)) else 0)
