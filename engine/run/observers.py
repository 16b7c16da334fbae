# SPDX-License-Identifier: AGPL-3.0-or-later
"""The files that are written while a run goes on, from its events alone: table of statistics, recording, followed calls.

They read the bus like any other client, in tasks of their own, and write in threads, so that a slow disk slows nobody.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

import trio

from engine.bus import Bus, record
from engine.errors import ReportError
from engine.messages import QueueCounts, RunFinished, RunStarted, Snapshot, Warning
from engine.report.names import TraceFile, default_name
from engine.report.stat_csv import StatisticsTable
from engine.run.call_files import CallFiles
from engine.run.preparation import in_thread


class Observers:
    """The tasks that write; they end with the run."""

    def __init__(self, scope: trio.CancelScope, call_files: CallFiles, warn: Callable[[str], None]) -> None:
        self._scope = scope
        self._call_files = call_files
        self._warn = warn

    @property
    def queues(self) -> dict[str, QueueCounts]:
        """What became of followed calls that were to be written, by the names of the queues in which they waited."""
        return self._call_files.queues

    async def complete_calls(self) -> None:
        """All followed calls were told: have them written, or dropped where that takes too long."""
        await self._call_files.complete(self._warn)

    def complete_within(self, limit_s: float) -> None:
        """From now on let nothing but time keep them from writing the end of their files."""
        self._scope.shield = True
        self._scope.deadline = trio.current_time() + limit_s


@asynccontextmanager
async def open_observers(bus: Bus, started: RunStarted) -> AsyncIterator[Observers]:
    """Start what the run's configuration asks for; leaving the block waits for their ends. Raises ReportError at once."""
    table = _open_table(started)
    call_files = await in_thread(partial(CallFiles, started))

    def warn(text: str) -> None:
        bus.publish(Warning(run=started.run, elapsed_ns=0, text=text))

    with trio.CancelScope() as scope:
        async with trio.open_nursery() as nursery:
            if table is not None:
                await nursery.start(_keep_table, bus, started, table, warn)
            if started.config.events_file:
                await nursery.start(record, bus, started.run, started.config.events_file)
            await nursery.start(call_files.keep, bus, warn)
            yield Observers(scope, call_files, warn)


def _open_table(started: RunStarted) -> StatisticsTable | None:
    config = started.config
    if not config.trace_statistics:
        return None
    path = config.statistics_file or default_name(TraceFile.STATISTICS, started.scenario.source, started.pid)
    return StatisticsTable(path, started)


async def _keep_table(
    bus: Bus, started: RunStarted, table: StatisticsTable, warn: Callable[[str], None], task_status: trio.TaskStatus[None]
) -> None:
    """Bring the table up to date with every snapshot, until the run has finished or the file takes no more."""
    with bus.subscribe(Snapshot, RunFinished) as events:
        task_status.started()
        try:
            async for event in events:
                if event.run != started.run:
                    continue
                if not isinstance(event, Snapshot):
                    break
                await trio.to_thread.run_sync(table.update, event, abandon_on_cancel=True)
            table.close()
        except ReportError as error:
            warn(str(error))
