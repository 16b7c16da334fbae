# SPDX-License-Identifier: AGPL-3.0-or-later
"""Traces of messages to files that never slow a call.

The loop only appends a record to a list, up to `MOST_WAITING`; what comes beyond that is dropped and counted. Once a
tick the list is handed to a thread that formats and writes it. A disk that is full or slow costs records, not calls,
and one that takes nothing at all does not keep the run from ending.

Each number below is written by one thread only, the loop's or the writer's: `+=` of two threads loses counts.
"""

from __future__ import annotations

import contextlib
import os
import queue
import threading
import time
from collections.abc import Callable

from engine.errors import ReportError
from engine.report.files import LogFile
from engine.report.message_log import Record
from engine.report.message_traces import MESSAGE_TRACES, Format
from engine.shard.protocol import ShardPlan

MOST_WAITING = 20_000
LAST_WRITES_S = 1.0
"""How long the end of a run waits for its last records to be written."""


class MessageTrace:
    """Writes one trace. All methods are for the thread of the loop; only `close` waits, and not for long."""

    def __init__(
        self, path: str, format: Callable[[list[Record]], bytes], *, overwrite: bool, warn: Callable[[str], None]
    ) -> None:
        """Open the file. `warn` is called, once and from the loop's thread, when it cannot be written. Raises ReportError."""
        if overwrite:
            with contextlib.suppress(OSError):  # a file that is not there, or a pipe, has nothing to be emptied of
                os.truncate(path, 0)
        # Shards of one run write to the same file, so each has to write at its end.
        self._file = LogFile(path, overwrite=False)
        self._path = path
        self._format = format
        self._warn = warn
        self._records: list[Record] = []
        self._taken = 0
        self._written = 0
        self._refused = 0
        self._spoiled = 0
        self._batches: queue.SimpleQueue[list[Record] | None] = queue.SimpleQueue()
        self._failure: str = ""
        self._thread = threading.Thread(target=self._write, name="message trace", daemon=True)
        self._thread.start()

    @property
    def dropped(self) -> int:
        """Messages that are not in the file and never will be."""
        return self._refused + self._spoiled

    def add(self, *, sent: bool, data: bytes) -> None:
        """Take one message, or drop it when too many wait."""
        if self._failure or self._taken - self._written >= MOST_WAITING:
            self._refused += 1
            return
        self._taken += 1
        self._records.append((time.time_ns(), sent, data))

    def flush(self) -> None:
        """Hand what was taken to the thread; once a tick."""
        if self._records:
            self._batches.put(self._records)
            self._records = []
        if self._failure:
            self._warn_once()

    def _warn_once(self) -> None:
        warn, self._warn = self._warn, lambda text: None
        warn(self._failure)

    def _write(self) -> None:
        while (batch := self._batches.get()) is not None:
            try:
                self._file.append(self._format(batch))
            except ReportError as error:
                self._failure = str(error)
                self._spoiled += len(batch)
            self._written += len(batch)

    def close(self) -> None:
        """Write what is left, if that can be done soon, and close the file."""
        self.flush()
        self._batches.put(None)
        self._thread.join(LAST_WRITES_S)
        if self._thread.is_alive():
            left = self._taken - self._written
            self._refused += left
            self._warn(f"{self._path}: takes no more; {left} messages are not in it")
            return
        self.flush()
        try:
            self._file.close()
        except ReportError as error:
            self._failure = self._failure or str(error)
            self._warn_once()


def open_traces(plan: ShardPlan, protocol: str, warn: Callable[[str], None]) -> tuple[MessageTrace, ...]:
    """The traces that the run asks for; shards of one run share the files, and only the first starts them anew.

    Raises ReportError.
    """
    traces = []
    for kind in MESSAGE_TRACES:
        path = kind.path(plan.config, plan.scenario, plan.pid)
        if path:
            overwrite = getattr(plan.config, kind.overwrite) and plan.index == 0
            traces.append(
                MessageTrace(path, _bound(kind.format, protocol, plan.config.rfc3339), overwrite=overwrite, warn=warn)
            )
    return tuple(traces)


def _bound(format: Format, protocol: str, rfc3339: bool) -> Callable[[list[Record]], bytes]:
    return lambda records: format(records, protocol, rfc3339)
