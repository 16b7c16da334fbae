# SPDX-License-Identifier: AGPL-3.0-or-later
"""A real exporter, its run and its shards played by the test."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec
import trio

from engine.export.protocol import (
    AnyFromExporter,
    AnyToExporter,
    Cautioned,
    Complete,
    Completed,
    Counted,
    Counts,
    ExportPlan,
    Opened,
)
from engine.messages import Outcome, RunFinished, RunState
from engine.pipe import PipeReceiver, PipeSender
from engine.report.summary import summarize
from tests.engine.report.examples import run_started, snapshot
from tests.programs import ROOT

LIMIT_S = 30


@dataclass
class Played:
    """The run's side of an exporter."""

    process: subprocess.Popen[bytes]
    sender: PipeSender[AnyToExporter]
    receiver: PipeReceiver[AnyFromExporter]
    shards: list[socket.socket]
    warnings: list[str] = field(default_factory=list)
    counts: Counts = field(default_factory=Counts)

    async def open(self, **options: Any) -> AnyFromExporter:
        """Give it its plan; what it answers."""
        await self.sender.send(ExportPlan(started=run_started(**options)))
        return await self.receiver.receive()

    async def until_counted(self, records: int) -> Counts:
        """What it counts once so many records have come."""
        while self.counts.records < records:
            await self._hear()
        return self.counts

    async def complete(self, within_s: float = 3.0) -> Counts:
        """Have it complete its work; its last counts."""
        last = msgspec.structs.replace(snapshot(elapsed_s=1), state=RunState.FINISHED)
        finished = RunFinished(run="1", summary=summarize(run_started(), last, Outcome.PASSED))
        await self.sender.send(Complete(last=last, finished=finished, within_s=within_s))
        while not isinstance(await self._hear(), Completed):
            pass
        return self.counts

    async def _hear(self) -> AnyFromExporter:
        message = await self.receiver.receive()
        assert not isinstance(message, Opened)
        if isinstance(message, Cautioned):
            self.warnings.append(message.text)
        elif isinstance(message, Counted | Completed):
            self.counts = message.counts
        return message


@asynccontextmanager
async def exporter(shards: int = 1) -> AsyncIterator[Played]:
    """An exporter that is given no plan yet; killed at the end of the block if it has not ended."""
    pairs = [socket.socketpair() for _ in range(1 + shards)]
    numbers = [theirs.fileno() for _, theirs in pairs]
    command = [sys.executable, "-m", "engine.export", *map(str, numbers)]
    with subprocess.Popen(command, cwd=ROOT, pass_fds=numbers, stderr=subprocess.PIPE, process_group=0) as process:  # noqa: ASYNC220
        for _, theirs in pairs:
            theirs.close()
        ours = [end for end, _ in pairs]
        stream = trio.SocketStream(trio.socket.from_stdlib_socket(ours[0]))
        try:
            with trio.fail_after(LIMIT_S):
                yield Played(process, PipeSender(stream), PipeReceiver(stream, AnyFromExporter), ours[1:])
        finally:
            process.kill()
            for each in ours[1:]:
                each.close()
            await trio.aclose_forcefully(stream)
