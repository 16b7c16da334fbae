# SPDX-License-Identifier: AGPL-3.0-or-later
"""Takes a run's events off the bus for its exporter, at once, so that they wait in one queue only."""

from __future__ import annotations

from collections.abc import Collection

import trio

from engine.bus import Bus, Subscription
from engine.messages import CallTrace, Event, Logged, RunStarted, Snapshot, Warning
from engine.run.feed import Feed

_UNREAD = 10_000
_KINDS = (RunStarted, Snapshot, Warning, Logged, CallTrace)
"""What comes from the start of a run to before its end."""


class EventPump:
    """Hands the events of one run, of the types that `wanted` names, to the feed. It subscribes at once."""

    def __init__(self, bus: Bus, run: str, wanted: Collection[str], feed: Feed) -> None:
        self._run = run
        self._feed = feed
        self._lost = 0
        self._scope = trio.CancelScope()
        kinds: list[type[Event]] = [kind for kind in _KINDS if kind.__name__ in wanted]
        self._events: Subscription[Event] | None = bus.subscribe(kinds[0], *kinds[1:], capacity=_UNREAD) if kinds else None

    async def run(self) -> None:
        """Hand on what comes, until `finish`."""
        if self._events is None:
            return
        with self._scope:
            async for event in self._events:
                self._hand_on(event)

    async def finish(self) -> None:
        """Hand on what has come, and take no more."""
        self._scope.cancel()
        if self._events is not None:
            while len(self._events):
                self._hand_on(await self._events.receive())
            self._events.close()

    def _hand_on(self, event: Event) -> None:
        assert self._events is not None
        if event.run == self._run:
            self._feed.offer(event)
        if self._events.lost > self._lost:
            self._feed.lose(self._events.lost - self._lost)
            self._lost = self._events.lost
