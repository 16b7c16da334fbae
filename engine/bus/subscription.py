# SPDX-License-Identifier: AGPL-3.0-or-later
"""What one reader has not read yet: a bounded queue that never makes the publisher wait.

Snapshots are cumulative, so the oldest unread one is the cheapest thing to lose; after those go followed calls, then log
lines and warnings.
What starts and ends a run is never lost. The queue is guarded by a lock because its two ends may be in two threads.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import Generic, TypeVar

from engine.bus.wakeup import wakeup_here
from engine.messages import CallTrace, Event, Logged, Snapshot, Warning

E = TypeVar("E", bound=Event)

DISPENSABLE: tuple[tuple[type[Event], ...], ...] = ((Snapshot,), (CallTrace,), (Logged, Warning))
"""What is dropped when a queue is full, in this order; of each the oldest first."""
_NONE: list[int] = [0] * (len(DISPENSABLE) + 1)
"""How many of each are unread, and last of what is never dropped: a full queue is not searched for what it does not hold."""


def _rank(event: Event) -> int:
    """The place in `DISPENSABLE`, or -1."""
    for rank, dispensable in enumerate(DISPENSABLE):
        if isinstance(event, dispensable):
            return rank
    return -1


class EndOfEvents(Exception):
    """The bus or the subscription is closed and everything has been read."""


class Subscription(Generic[E]):
    """Events of some types, in order, from the moment of subscribing.

    Iterate under trio or asyncio (`async for`), or call `receive_blocking` in a plain thread; one reader at a time.
    Iteration ends when the bus closes and all has been read. Leaving `with` or `async with` ends the subscription.
    """

    def __init__(self, event_types: tuple[type[E], ...], capacity: int, forget: Callable[[Subscription[E]], None]) -> None:
        self.lost = 0
        """How many events were dropped because this reader was slow."""
        self._event_types = event_types
        self._capacity = capacity
        self._forget = forget
        self._queue: deque[E] = deque()
        self._unread = _NONE.copy()
        self._lock = threading.Lock()
        self._wake: Callable[[], None] | None = None
        self._made_room: Callable[[], None] | None = None
        self._closed = False

    def __enter__(self) -> Subscription[E]:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    async def __aenter__(self) -> Subscription[E]:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __len__(self) -> int:
        return len(self._queue)

    def __aiter__(self) -> AsyncIterator[E]:
        return self

    async def __anext__(self) -> E:
        try:
            return await self.receive()
        except EndOfEvents:
            raise StopAsyncIteration from None

    async def receive(self) -> E:
        """The next event, under trio or asyncio. Raises EndOfEvents."""
        while True:
            wakeup = wakeup_here()
            event = self._take(wakeup.set)
            if event is not None:
                return event
            await wakeup.wait()

    async def receive_batch(self) -> list[E]:
        """All unread events, waiting for one if there is none. Raises EndOfEvents."""
        batch = [await self.receive()]
        with self._lock:
            batch.extend(self._queue)
            self._clear()
            self._tell_room()
        return batch

    def receive_blocking(self, timeout_s: float | None = None) -> E:
        """The next event, in a thread that runs no loop. Raises EndOfEvents, or TimeoutError after `timeout_s`."""
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        arrived = threading.Event()
        while (event := self._take(arrived.set)) is None:
            if not arrived.wait(None if deadline is None else deadline - time.monotonic()):
                raise TimeoutError(f"no event within {timeout_s:g} s")
            arrived.clear()
        return event

    def close(self) -> None:
        """Read no more: what is unread is forgotten."""
        self._forget(self)
        with self._lock:
            self._clear()
            self._tell_room()
        self.end()

    def end(self) -> None:
        """Nothing more will come: the reader reads what there is, then gets EndOfEvents. Called by the bus."""
        with self._lock:
            self._closed = True
            wake, self._wake = self._wake, None
        if wake:
            wake()

    def offer(self, event: Event) -> None:
        """Queue the event if it is of a wanted type; never waits. Called by the bus."""
        if not isinstance(event, self._event_types):
            return
        with self._lock:
            if self._closed:
                return
            self._queue.append(event)
            self._unread[_rank(event)] += 1
            if len(self._queue) > self._capacity:
                self._drop_one()
            wake, self._wake = self._wake, None
        if wake:
            wake()

    async def wait_for_room(self, backlog: int) -> None:
        """Return when fewer than `backlog` (at least 1) events are unread. Called by the bus."""
        while True:
            wakeup = wakeup_here()
            with self._lock:
                if len(self._queue) < backlog:
                    return
                self._made_room = wakeup.set
            await wakeup.wait()

    def _take(self, wake: Callable[[], None]) -> E | None:
        """The oldest event; if there is none yet, None, and `wake` is called once when there is or when all has ended."""
        with self._lock:
            if self._queue:
                self._tell_room()
                event = self._queue.popleft()
                self._unread[_rank(event)] -= 1
                return event
            if self._closed:
                raise EndOfEvents
            self._wake = wake
            return None

    def _tell_room(self) -> None:
        if self._made_room:
            self._made_room()
            self._made_room = None

    def _clear(self) -> None:
        self._queue.clear()
        self._unread = _NONE.copy()

    def _drop_one(self) -> None:
        for rank, dispensable in enumerate(DISPENSABLE):
            if not self._unread[rank]:
                continue
            index = next(index for index, event in enumerate(self._queue) if isinstance(event, dispensable))
            del self._queue[index]
            self._unread[rank] -= 1
            self.lost += 1
            return
