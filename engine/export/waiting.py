# SPDX-License-Identifier: AGPL-3.0-or-later
"""What waits to be written or sent: a bounded queue between who offers, without waiting, and one task that writes.

What does not fit is dropped and counted. At any time offered = written + dropped + waiting, and once the task has ended
nothing waits: what it could not write is dropped as well.
"""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

import trio

from engine.messages import QueueCounts

T = TypeVar("T")

MOST_BYTES = 64 << 20
"""What may wait at one sink, however few pieces it is."""


class Waiting(Generic[T]):
    """The queue. Everything is for one trio loop."""

    def __init__(self, most: int, most_bytes: int = MOST_BYTES) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._items: deque[tuple[T, int]] = deque()
        self._bytes = 0
        self._taken = 0
        self._offered = self._written = self._dropped = 0
        self._closed = False
        self._news = trio.Event()

    def __len__(self) -> int:
        return len(self._items) + self._taken

    @property
    def counts(self) -> QueueCounts:
        """What became of what was offered so far."""
        return QueueCounts(offered=self._offered, written=self._written, dropped=self._dropped)

    def offer(self, item: T, size_bytes: int = 0) -> bool:
        """Have it written; False when it was dropped, because too much waits or nothing is written any more."""
        self._offered += 1
        if self._closed or len(self) >= self._most or self._bytes + size_bytes > self._most_bytes:
            self._dropped += 1
            return False
        self._items.append((item, size_bytes))
        self._bytes += size_bytes
        self._news.set()
        return True

    async def take(self, most: int) -> list[T]:
        """The next that wait, so many at most; [] when the queue is closed and all was taken.

        The writer says what became of them (`written`, `dropped`) before it takes more.
        """
        while not self._items and not self._closed:
            self._news = trio.Event()
            await self._news.wait()
        taken = []
        for _ in range(min(most, len(self._items))):
            item, size_bytes = self._items.popleft()
            self._bytes -= size_bytes
            taken.append(item)
        self._taken += len(taken)
        return taken

    def written(self, count: int) -> None:
        """So many of those taken are where they belong."""
        self._taken -= count
        self._written += count

    def dropped(self, count: int) -> None:
        """So many of those taken never will be."""
        self._taken -= count
        self._dropped += count

    def close(self) -> None:
        """Nothing more is offered; what waits may still be taken."""
        self._closed = True
        self._news.set()

    def abandon(self) -> None:
        """The writer is gone: drop what it has taken and not written, and all that waits."""
        self.close()
        self._dropped += len(self)
        self._items.clear()
        self._bytes = self._taken = 0
