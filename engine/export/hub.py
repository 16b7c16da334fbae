# SPDX-License-Identifier: AGPL-3.0-or-later
"""All sinks of a run: what comes is handed to those that want it, and what they count is put together."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import trio

from engine.errors import ExportError
from engine.export.protocol import Counts
from engine.export.served import Served
from engine.export.sink import Item, Sink
from engine.messages import Event, QueueCounts, Snapshot
from engine.messages.records import Record

OPEN_S = 5.0
"""How long a sink may take to open: its file may be a pipe that nobody reads."""
MOST_AT_ONCE = 500
"""Records that are handed over between two turns of the loop."""


class Hub:
    """The sinks, from opening to end."""

    def __init__(self, sinks: Sequence[Sink], warn: Callable[[str], None]) -> None:
        self._served = tuple(Served(sink, warn) for sink in sinks)
        self._takers: dict[type[Record] | type[Event], tuple[Callable[[Item], None], ...]] = {}
        for each in self._served:
            for kind in each.sink.wants:
                self._takers[kind] = (*self._takers.get(kind, ()), each.take)
        self._records = 0
        self._events = 0

    @property
    def events(self) -> tuple[str, ...]:
        """The names of the types of events that somebody wants, sorted."""
        return tuple(sorted(kind.__name__ for kind in self._takers if issubclass(kind, Event)))

    @property
    def counts(self) -> Counts:
        """What came, and what became of it."""
        queues: dict[str, QueueCounts] = {}
        for each in self._served:
            queues |= each.counts
        return Counts(records=self._records, events=self._events, queues=queues)

    async def open(self) -> None:
        """Open all sinks. Raises the error of the first that cannot be opened; then all are closed."""
        try:
            for each in self._served:
                with trio.fail_after(OPEN_S):
                    await each.sink.open()
        except trio.TooSlowError:
            self._abandon()
            raise ExportError(f"{each.sink.name} was not ready within {OPEN_S:g} s") from None
        except BaseException:
            self._abandon()
            raise

    async def take_records(self, records: Sequence[Record]) -> None:
        """Hand over what a shard has recorded, with a turn for others now and then."""
        for begin in range(0, len(records), MOST_AT_ONCE):
            some = records[begin : begin + MOST_AT_ONCE]
            for record in some:
                for take in self._takers.get(type(record), ()):
                    take(record)
            self._records += len(some)
            await trio.lowlevel.checkpoint()

    def take_event(self, event: Event) -> None:
        """Hand over an event of the run."""
        self._events += not isinstance(event, Snapshot)
        self.take_last(event)

    def take_last(self, event: Event) -> None:
        """Hand over what the run tells at its end, which waits in no queue."""
        for take in self._takers.get(type(event), ()):
            take(event)

    async def write(self) -> None:
        """Have all sinks write until they have ended."""
        async with trio.open_nursery() as nursery:
            for each in self._served:
                nursery.start_soon(each.write)

    def close(self) -> None:
        """Nothing more comes: sinks are to bring out what waits."""
        for each in self._served:
            each.close()

    def _abandon(self) -> None:
        for each in self._served:
            each.abandon()
