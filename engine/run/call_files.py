# SPDX-License-Identifier: AGPL-3.0-or-later
"""The files that followed calls are written to while a run goes on: a capture (`-trace_pcap`), SIPp's log of failed calls.

Calls come off the bus at once and wait in a bounded queue for each file. A task writes them in a thread, few at a time, so
that calls in the same process do not wait long for the interpreter. What does not fit, or comes when the file takes no
more, is dropped and counted; a file that fails costs one warning. To add one: a function that opens it, in `_KINDS`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import trio

from engine.bus import Bus
from engine.errors import ReportError
from engine.export.waiting import Waiting
from engine.messages import CallTrace, FollowedCall, QueueCounts, RunStarted
from engine.report.call_debug import format_call
from engine.report.files import LogFile
from engine.report.names import TraceFile, default_name
from engine.run.preparation import in_thread

MOST_WAITING = 5000
AT_ONCE = 4
COMPLETE_S = 3.0
"""How long the end of a run waits for the files to be complete."""
_UNREAD = 10_000
_ENTRY_BYTES = 200
"""About what an entry of a trace takes beside its message."""


class CallFile:
    """One file. `name` is that of its queue; `format` makes what a call adds to it, after `head`."""

    def __init__(
        self,
        name: str,
        path: str,
        format: Callable[[FollowedCall], bytes],
        *,
        head: bytes = b"",
        wants: Callable[[FollowedCall], bool] = lambda call: True,
        overwrite: bool = True,
    ) -> None:
        """Open the file. Raises ReportError."""
        self.name = name
        self.path = path
        self._format = format
        self._head = head
        self._wants = wants
        self._file = LogFile(path, overwrite=overwrite)
        self._waiting: Waiting[FollowedCall] = Waiting(MOST_WAITING)

    @property
    def counts(self) -> QueueCounts:
        """What became of the calls that were for this file."""
        return self._waiting.counts

    def offer(self, call: FollowedCall) -> None:
        """Have a call written, if it is for this file, or dropped. Never waits."""
        if self._wants(call):
            self._waiting.offer(call, sum(_ENTRY_BYTES + len(entry.data) + len(entry.text) for entry in call.entries))

    def end(self) -> None:
        """Nothing more is offered: `write` brings out what waits, and returns."""
        self._waiting.close()

    async def write(self, warn: Callable[[str], None]) -> None:
        """Write what is offered until the end, or until the file takes no more; then what waits is dropped."""
        try:
            await in_thread(partial(self._file.append, self._head))
            while batch := await self._waiting.take(AT_ONCE):
                await in_thread(partial(self._append, batch))
                self._waiting.written(len(batch))
            await in_thread(self._file.close)
        except ReportError as error:
            warn(str(error))
        finally:
            self._waiting.abandon()

    def _append(self, calls: list[FollowedCall]) -> None:
        self._file.append(b"".join([self._format(call) for call in calls]))


class CallFiles:
    """All such files of a run."""

    def __init__(self, started: RunStarted) -> None:
        """Open those that the run asks for. Raises ReportError."""
        self._run = started.run
        self._files = [file for file in (kind(started) for kind in _KINDS) if file is not None]
        self._scope = trio.CancelScope()
        self._end: Callable[[], None] = lambda: None
        self._ended = trio.Event()
        self._lost = 0

    @property
    def queues(self) -> dict[str, QueueCounts]:
        """What became of the calls that were for each file, by the names of their queues."""
        lost = QueueCounts(offered=self._lost, dropped=self._lost)
        return {file.name: file.counts.plus(lost) for file in self._files}

    async def keep(self, bus: Bus, warn: Callable[[str], None], task_status: trio.TaskStatus[None]) -> None:
        """Write what the bus tells of followed calls, until `complete`."""
        if not self._files:
            task_status.started()
            return
        with bus.subscribe(CallTrace, capacity=_UNREAD) as events, self._scope:
            self._end = events.end
            async with trio.open_nursery() as nursery:
                for file in self._files:
                    nursery.start_soon(file.write, warn)
                task_status.started()
                async for event in events:
                    self._lost = events.lost
                    if event.run == self._run:
                        self._offer(event.call)
                for file in self._files:
                    file.end()
        self._ended.set()

    async def complete(self, warn: Callable[[str], None]) -> None:
        """All calls were told: have them written, if that can be done soon; then nothing waits any more."""
        if not self._files:
            return
        self._end()
        with trio.move_on_after(COMPLETE_S) as limit:
            await self._ended.wait()
        if limit.cancelled_caught:
            slow = [file for file in self._files if file.counts.offered > file.counts.written + file.counts.dropped]
            self._scope.cancel()
            await self._ended.wait()
            for file in slow:
                warn(f"{file.path}: takes no more; {file.counts.dropped} calls are not in it")

    def _offer(self, call: FollowedCall) -> None:
        for file in self._files:
            file.offer(call)


def _capture(started: RunStarted) -> CallFile | None:
    path = started.config.trace_pcap
    if not path:
        return None
    from engine.report import capture  # with dpkt, which takes long to import and which hardly any run needs

    return CallFile("capture", path, capture.Capture().blocks, head=capture.file_header())


def _call_debug(started: RunStarted) -> CallFile | None:
    config = started.config
    if not config.trace_call_debug:
        return None
    path = config.call_debug_file or default_name(TraceFile.CALL_DEBUG, started.scenario.source, started.pid)
    return CallFile(
        "call debug log",
        path,
        partial(format_call, started=started),
        wants=lambda call: call.failure is not None,
        overwrite=config.call_debug_overwrite,
    )


_KINDS = (_capture, _call_debug)
