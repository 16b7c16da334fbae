# SPDX-License-Identifier: AGPL-3.0-or-later
"""The event log as lines of JSON: to a file (`-log_file_jsonl`), and to standard error (`-log_stdout`).

Lines wait in a queue and are written by a thread, so a disk that hangs, or a terminal that was stopped, costs lines and nothing
else. While writing fails lines are dropped, one warning says why, and each batch is tried again.
"""

from __future__ import annotations

import os
import select
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Final

import trio

from engine.errors import GossipperError, ReportError
from engine.export.log_events import LogEvent
from engine.export.log_output import LogContext, LogOutput
from engine.export.own_files import place_of
from engine.export.waiting import Waiting
from engine.messages import QueueCounts
from engine.report.files import LogFile

MOST_AT_ONCE: Final = 2000
"""Lines that one batch has."""
OPEN_S: Final = 1.0
"""How long a file may take to be opened; a pipe that nobody reads is not opened at all."""
STDERR: Final = 2


class _LineOutput(LogOutput):
    """Lines that wait, and the task that has them written."""

    def __init__(self, context: LogContext) -> None:
        self._lines = context.lines
        self._warn = context.surroundings.warn
        self._waiting: Waiting[bytes] = Waiting(context.config.log_buffer_size)
        self._done = 0
        """How many of the batch at hand are written; the thread counts."""
        self._settled = 0
        self._has_warned = False
        self._is_abandoned = False

    def take(self, event: LogEvent) -> None:
        """Have the event written."""
        line = self._lines.line(event)
        self._waiting.offer(line, len(line))

    async def write(self) -> None:
        """Write what waits, a batch at a time."""
        while lines := await self._waiting.take(MOST_AT_ONCE):
            self._done = self._settled = 0
            try:
                await trio.to_thread.run_sync(self._write_lines, lines, abandon_on_cancel=True)
            except ReportError as error:
                self._tell(error)
            self._settle()
            self._waiting.dropped(len(lines) - self._settled)

    def _tell(self, error: ReportError) -> None:
        if not self._has_warned:
            self._has_warned = True
            self._warn(f"{self.name}: {error}; what comes meanwhile is dropped")

    @abstractmethod
    def _write_lines(self, lines: Sequence[bytes]) -> None:
        """In a thread: write them, and count those that are written in `_done`. Raises ReportError."""

    def _settle(self) -> None:
        done = self._done
        self._waiting.written(done - self._settled)
        self._settled = done

    def close(self) -> None:
        """Nothing more comes."""
        self._waiting.close()

    def abandon(self) -> None:
        """What the thread has not written by now is dropped, whatever it still does."""
        self._is_abandoned = True
        if len(self._waiting):
            self._settle()
        self._waiting.abandon()

    @property
    def counts(self) -> QueueCounts:
        """What became of the lines."""
        return self._waiting.counts


class FileLines(_LineOutput):
    """To a file, which is begun anew."""

    name = "event log to file"

    def __init__(self, context: LogContext) -> None:
        super().__init__(context)
        self._path = context.config.log_json_file
        self._file: LogFile | None = None
        self._is_writing = False

    async def open(self) -> None:
        """Open the file. Raises GossipperError."""
        with trio.move_on_after(OPEN_S):
            self._file = await trio.to_thread.run_sync(LogFile, place_of(self._path), abandon_on_cancel=True)
            return
        raise GossipperError(f"{self._path}: cannot be opened within {OPEN_S:g} s; is it a pipe that nobody reads?")

    def _write_lines(self, lines: Sequence[bytes]) -> None:
        if self._file is None:
            return
        self._is_writing = True
        try:
            self._file.append(b"".join(lines))
            self._done = len(lines)
        finally:
            self._is_writing = False

    def abandon(self) -> None:
        """A file that the thread still writes to cannot be closed; it goes with the process."""
        super().abandon()
        if self._file is not None and not self._is_writing:
            with suppress(ReportError):
                self._file.close()


class StderrLines(_LineOutput):
    """To standard error: a few lines at a time, which a pipe takes whole, so that they do not mix with other output."""

    name = "event log to stderr"

    def _write_lines(self, lines: Sequence[bytes]) -> None:
        for part in in_parts(lines, select.PIPE_BUF):
            if self._is_abandoned:
                return
            try:
                _write(b"".join(part))
            except OSError as error:
                raise ReportError("standard error", error) from None
            self._done += len(part)


def in_parts(lines: Sequence[bytes], most_bytes: int) -> Iterator[Sequence[bytes]]:
    """The lines in their order, as many at a time as have so many bytes; a longer one by itself."""
    begin = size = 0
    for index, line in enumerate(lines):
        if size + len(line) > most_bytes and index > begin:
            yield lines[begin:index]
            begin, size = index, 0
        size += len(line)
    if begin < len(lines):
        yield lines[begin:]


def _write(data: bytes) -> None:
    """Write all of it, also where another program has made the descriptor one that does not wait."""
    while data:
        try:
            data = data[os.write(STDERR, data) :]
        except BlockingIOError:
            select.select([], [STDERR], [])
