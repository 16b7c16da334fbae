# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whole shards in the loop of a test, with what they have told: a server, a client, or both."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import trio

from engine.messages import Counters
from engine.options import RunConfig
from engine.scenario.library import read_source
from engine.shard import run_shard
from engine.shard.protocol import (
    AnyFromShard,
    AnyToShard,
    Ended,
    Failed,
    Followed,
    Go,
    LoggedText,
    Ready,
    Report,
    Secured,
    ShardPlan,
    Warned,
)
from engine.stats.gathered import Gathered
from engine.stats.measurements import Measurements
from engine.transport import Addresses

LIMIT_S = 30
REPORT_NS = 20_000_000


@dataclass
class Told:
    """A shard, and what it has told so far."""

    to_shard: trio.MemorySendChannel[AnyToShard]
    from_shard: trio.MemoryReceiveChannel[AnyFromShard]
    notes: list[Warned | LoggedText] = field(default_factory=list)
    secured: list[str] = field(default_factory=list)
    followed: list[int] = field(default_factory=list)
    ready: Ready | Failed | None = None
    gathered: Gathered | None = None
    call_limit: int = 0

    async def go(self) -> None:
        """Let it start now."""
        await self.to_shard.send(Go(start_ns=time.monotonic_ns()))

    @property
    def measured(self) -> Measurements:
        """Everything that it has told so far."""
        assert self.gathered is not None
        return self.gathered.measurements()

    async def next(self) -> Measurements | Ended:
        """The next report, or the end."""
        assert self.gathered is not None
        with trio.fail_after(LIMIT_S):
            while True:
                message = await self.from_shard.receive()
                if isinstance(message, Report):
                    self.call_limit = message.call_limit
                    self.gathered.take(0, message.measured)
                    return self.measured
                if isinstance(message, Ended):
                    self.gathered.take(0, message.measured)
                    return message
                if isinstance(message, Secured):
                    self.secured.append(message.version)
                    continue
                if isinstance(message, Followed):
                    self.followed += [call.number for call in message.calls]
                    continue
                assert isinstance(message, (Warned, LoggedText))
                self.notes.append(message)

    async def until(self, condition: Any) -> Counters:
        """Read reports until one fulfils the condition."""
        while True:
            told = await self.next()
            assert isinstance(told, Measurements), f"ended: {told}"
            if condition(told.counters):
                return told.counters

    async def end(self) -> Ended:
        """Read to the end, where the counts have to add up."""
        while not isinstance(told := await self.next(), Ended):
            pass
        counters = told.measured.counters
        assert counters.created == counters.successful + counters.failed + counters.open
        return told


@asynccontextmanager
async def shard(config: RunConfig, addresses: Addresses, *, room: int = 10_000, **plan: Any) -> AsyncIterator[Told]:
    """A shard that has said whether it is ready; `room` is for what it tells and nobody has read yet."""
    name, xml = read_source(config.scenario_file or config.scenario_name)
    whole = ShardPlan(config=config, scenario=name, xml=xml, addresses=addresses, pid=7, report_every_ns=REPORT_NS, **plan)
    to_shard, inbox = trio.open_memory_channel[AnyToShard](100)
    outbox, from_shard = trio.open_memory_channel[AnyFromShard](room)
    async with trio.open_nursery() as nursery, to_shard, from_shard:
        nursery.start_soon(run_shard, whole, inbox, outbox)
        told = Told(to_shard, from_shard)
        with trio.fail_after(LIMIT_S):
            first = await from_shard.receive()
        assert isinstance(first, (Ready, Failed))
        told.ready = first
        if isinstance(first, Ready):
            told.gathered = Gathered([first.measured])
        yield told
        nursery.cancel_scope.cancel()


def server(transport: str = "u1", **options: Any) -> tuple[RunConfig, Addresses]:
    """What a server on a port of its own is asked for, and where it is."""
    return RunConfig(scenario_name="uas", transport=transport, **options), Addresses(
        local_ip="127.0.0.1", bind_ip="127.0.0.1", local_port=0, listens=True
    )


def client(port: int, transport: str = "u1", **options: Any) -> tuple[RunConfig, Addresses]:
    """What a client of that port is asked for, and where it is."""
    here = {"local_ip": "127.0.0.1", "bind_ip": "127.0.0.1", "local_port": 0}
    there = {"remote_host": "127.0.0.1", "remote_ip": "127.0.0.1", "remote_port": port}
    config = {"scenario_name": "uac", "rate": 500.0, "remote": "127.0.0.1", "transport": transport, **options}
    return RunConfig(**config), Addresses(**here, **there)


def port_of(told: Told) -> int:
    """The port that a shard is bound to."""
    assert isinstance(told.ready, Ready)
    return int(told.ready.local.rpartition(":")[2])


@asynccontextmanager
async def both(transport: str = "u1", **options: Any) -> AsyncIterator[tuple[Told, Told]]:
    """A server that runs and a client that is ready."""
    async with shard(*server(transport)) as uas:
        await uas.go()
        async with shard(*client(port_of(uas), transport, **options)) as uac:
            yield uas, uac
