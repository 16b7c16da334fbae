# SPDX-License-Identifier: AGPL-3.0-or-later
"""Runs over the bus of an engine in this loop, and what they tell."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import trio

from engine import open_engine
from engine.bus import Bus, Subscription
from engine.messages import (
    CallTrace,
    Event,
    FollowedCall,
    Logged,
    RunFinished,
    RunStarted,
    Snapshot,
    StartRun,
    Summary,
    Warning,
)
from engine.options import RunConfig

LIMIT_S = 30
SHORT_CALLS = {"remote": "127.0.0.1", "local_ip": "127.0.0.1", "local_port": 0, "rate": 500.0}
ENDLESS_MS = 3_600_000


@dataclass
class Watched:
    """A run, and everything that it has told so far. Every snapshot is checked when it comes."""

    bus: Bus
    started: RunStarted
    events: Subscription[Event]
    warnings: list[str] = field(default_factory=list)
    logged: list[str] = field(default_factory=list)
    followed: list[FollowedCall] = field(default_factory=list)
    snapshots: list[Snapshot] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.started.run

    @property
    def port(self) -> int:
        return int(self.started.local.partition(" ")[0].rpartition(":")[2])

    async def next(self) -> Snapshot | RunFinished:
        """The next snapshot of this run, or its end."""
        with trio.fail_after(LIMIT_S):
            while True:
                event = await self.events.receive()
                if event.run != self.name:
                    continue
                if isinstance(event, Warning):
                    self.warnings.append(event.text)
                elif isinstance(event, Logged):
                    self.logged.append(event.text)
                elif isinstance(event, CallTrace):
                    self.followed.append(event.call)
                elif isinstance(event, Snapshot):
                    self._check(event)
                    return event
                elif isinstance(event, RunFinished):
                    return event

    def _check(self, snapshot: Snapshot) -> None:
        counters = snapshot.counters
        accounted = counters.successful + counters.failed + counters.open + counters.lost_with_shard
        assert counters.created == accounted
        assert snapshot.sequence == len(self.snapshots) + 1
        if self.snapshots:
            before = self.snapshots[-1]
            assert counters.created >= before.counters.created
            assert counters.successful >= before.counters.successful
            assert snapshot.call_length.count >= before.call_length.count
            assert snapshot.elapsed_ns >= before.elapsed_ns
        self.snapshots.append(snapshot)

    async def until(self, condition: Callable[[Snapshot], object]) -> Snapshot:
        """Read snapshots until one fulfils the condition."""
        while True:
            told = await self.next()
            assert isinstance(told, Snapshot), f"ended: {told.summary.error}"
            if condition(told):
                return told

    async def finish(self) -> Summary:
        """The summary of the run, which says the same as its last snapshot."""
        while not isinstance(told := await self.next(), RunFinished):
            pass
        assert told.summary.counters == self.snapshots[-1].counters
        assert self.snapshots[-1].state == "finished"
        return told.summary


async def start(bus: Bus, **options: Any) -> Watched:
    """Start a run and watch it from its first event."""
    events = bus.subscribe(Event, capacity=10_000)
    with trio.fail_after(LIMIT_S):
        started = await bus.call(StartRun(config=RunConfig(**options)))
    return Watched(bus, started, events)


async def serve(bus: Bus, **options: Any) -> Watched:
    """A server on loopback."""
    return await start(bus, **{"scenario_name": "uas", "local_ip": "127.0.0.1", "local_port": 0, **options})


async def call(bus: Bus, port: int, **options: Any) -> Watched:
    """A client of a server on loopback."""
    return await start(bus, **{**SHORT_CALLS, "remote": f"127.0.0.1:{port}", **options})


@asynccontextmanager
async def engine_with_server(*, in_process: bool = True) -> AsyncIterator[tuple[Bus, Watched]]:
    """An engine in which a server runs."""
    async with open_engine(in_process=in_process) as bus:
        yield bus, await serve(bus)


def children(module: bytes = b"engine.shard") -> set[int]:
    """The process ids of the shards, or of what else runs this module, that are children of this process."""
    found = set()
    for task in Path("/proc/self/task").iterdir():
        for pid in (task / "children").read_text().split():
            try:
                command = Path("/proc", pid, "cmdline").read_bytes()
            except OSError:
                continue
            if module in command.split(b"\0"):
                found.add(int(pid))
    return found
