# SPDX-License-Identifier: AGPL-3.0-or-later
"""The life of an exporter: open the sinks, hand over what comes, bring all out at the end, and tell the run how it goes."""

from __future__ import annotations

import socket
from collections.abc import Sequence

import trio

from engine.errors import GossipperError
from engine.export.hub import Hub
from engine.export.protocol import (
    AnyFromExporter,
    AnyToExporter,
    Cautioned,
    Complete,
    Completed,
    Counted,
    ExportPlan,
    NotOpened,
    Opened,
)
from engine.export.record_stream import RecordStream
from engine.export.sink import Surroundings
from engine.export.sinks import asked_for
from engine.messages import Event
from engine.pipe import PipeReceiver, PipeSender

TELL_EVERY_S = 0.25
MOST_WARNINGS = 100
"""Different ones in a run; more say nothing new."""
ALONE_S = 2.0
"""How long sinks may take when the run is gone, which nobody waits for."""


class Exporter:
    """The exporter of one run, whose pipe is `inbox` and `outbox`; `peers` are the sockets to its shards."""

    def __init__(
        self, inbox: PipeReceiver[AnyToExporter], outbox: PipeSender[AnyFromExporter], peers: Sequence[socket.socket]
    ) -> None:
        self._inbox = inbox
        self._outbox = outbox
        self._peers = peers
        self._warnings: dict[str, None] = {}
        self._told = 0

    async def run(self, plan: ExportPlan) -> None:
        """Work until the run has ended, or is gone."""
        config = plan.started.config
        surroundings = Surroundings(plan.started, self._warn)
        try:
            hub = Hub([kind.make(surroundings) for kind in asked_for(config)], self._warn)
            await hub.open()
        except GossipperError as error:
            await self._outbox.send(NotOpened(text=str(error)))
            return
        await self._outbox.send(Opened(events=hub.events))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._tell, hub)
            await self._work(hub)
            nursery.cancel_scope.cancel()
        await self._tell_warnings()
        await self._outbox.send(Completed(counts=hub.counts))

    async def _work(self, hub: Hub) -> None:
        streams = [RecordStream(peer, number, hub.take_records, self._warn) for number, peer in enumerate(self._peers, 1)]
        async with trio.open_nursery() as writers:
            writers.start_soon(hub.write)
            async with trio.open_nursery() as readers:
                for stream in streams:
                    readers.start_soon(stream.read)
                complete = await self._hear(hub)
                within_s = complete.within_s if complete else ALONE_S
                end_s = trio.current_time() + within_s
                readers.cancel_scope.deadline = trio.current_time() + within_s / 2
                for stream in streams:
                    stream.finish()
            if complete:
                hub.take_last(complete.last)
                hub.take_last(complete.finished)
            hub.close()
            writers.cancel_scope.deadline = end_s

    async def _hear(self, hub: Hub) -> Complete | None:
        """Hand over the run's events, to its end; None when it is gone before."""
        async for message in self._inbox:
            if isinstance(message, Event):
                hub.take_event(message)
            elif isinstance(message, Complete):
                return message
        return None

    def _warn(self, text: str) -> None:
        if text not in self._warnings and len(self._warnings) < MOST_WARNINGS:
            self._warnings[text] = None

    async def _tell(self, hub: Hub) -> None:
        """Tell the run how it goes, while it listens."""
        try:
            while True:
                await self._tell_warnings()
                await self._outbox.send(Counted(counts=hub.counts))
                await trio.sleep(TELL_EVERY_S)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            return

    async def _tell_warnings(self) -> None:
        for text in list(self._warnings)[self._told :]:
            self._told += 1
            await self._outbox.send(Cautioned(text=text))
