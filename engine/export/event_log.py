# SPDX-License-Identifier: AGPL-3.0-or-later
"""The sink of the event log: makes events of what comes and hands each to the outputs that are asked for."""

from __future__ import annotations

import time
from typing import ClassVar

import trio

from engine.export.event_maker import WANTS, EventMaker, resource_of
from engine.export.json_lines import LineMaker
from engine.export.log_events import LogEvent, asked_of, read_attributes
from engine.export.log_output import LogContext
from engine.export.log_outputs import outputs_of
from engine.export.sink import Item, Sink, Surroundings
from engine.messages import Event, QueueCounts
from engine.messages.records import Record


class EventLog(Sink):
    """Events of one run. Each output has a queue of its own, so one that hangs costs the others nothing."""

    name = "event log"
    wants: ClassVar[frozenset[type[Record] | type[Event]]] = WANTS

    def __init__(self, surroundings: Surroundings) -> None:
        super().__init__(surroundings)
        config = surroundings.started.config
        resource = resource_of(surroundings.started, read_attributes(config.log_attributes))
        context = LogContext(surroundings, resource, LineMaker(resource))
        self._outputs = tuple(kind.make(context) for kind in outputs_of(config))
        self._maker = EventMaker(surroundings.started, asked_of(config), self._tell, self._dropped, time.time_ns)

    async def open(self) -> None:
        """Open the outputs."""
        for output in self._outputs:
            await output.open()

    def take(self, item: Item) -> None:
        """Tell what there is to be told of it."""
        self._maker.take(item)

    def _tell(self, event: LogEvent) -> None:
        for output in self._outputs:
            output.take(event)

    def _dropped(self) -> int:
        return sum(output.counts.dropped for output in self._outputs)

    async def write(self) -> None:
        """Let all outputs write."""
        async with trio.open_nursery() as nursery:
            for output in self._outputs:
                nursery.start_soon(output.write)

    def close(self) -> None:
        """Nothing more comes."""
        for output in self._outputs:
            output.close()

    def abandon(self) -> None:
        """Drop what is left."""
        for output in self._outputs:
            output.abandon()

    @property
    def counts(self) -> dict[str, QueueCounts]:
        """What became of the events, by the names of the outputs."""
        return {output.name: output.counts for output in self._outputs}
