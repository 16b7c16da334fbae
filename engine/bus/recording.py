# SPDX-License-Identifier: AGPL-3.0-or-later
"""A run's events in a file, one JSON object a line, and back on a bus.

A line is `{"at_ns": …, "event": {"type": …, …}}` (`engine.bus.recorded`). Recording takes events off the bus as they come,
and writes them in a thread, so that a slow disk holds up nobody; what is too much for it is left out, and told. A file
that cannot be written costs a warning, never the run.
"""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import TypeAlias

import msgspec
import trio

from engine.bus.bus import Bus
from engine.bus.recorded import LineReader, LineWriter
from engine.bus.subscription import EndOfEvents, Subscription
from engine.errors import RecordingError
from engine.messages import Event, RunFinished, RunState, Snapshot, Warning

RECORDER_CAPACITY = 4096
"""Events that may come while the lines of one snapshot are made."""

MOST_WAITING = 64 << 20
"""Bytes that may wait for the disk. When there are more, only what ends the run is still taken."""

REPLAY_BACKLOG = 64
"""Events that a replay lets its slowest reader fall behind by, so that a replay at any speed loses nothing."""


TaskStatus: TypeAlias = "trio.TaskStatus[None]"


async def record(bus: Bus, run: str, path: str | Path, task_status: TaskStatus = trio.TASK_STATUS_IGNORED) -> None:
    """Write the events of this run to the file, replacing it, until the run has finished or the bus closes.

    Everything published after `task_status.started` is in it, but snapshots at most once a second, so start it with
    `nursery.start` before the run. When the file cannot be written a Warning is published and the recording ends.
    """
    with bus.subscribe(Event, capacity=RECORDER_CAPACITY) as events:
        tape = _Tape()
        try:
            await trio.to_thread.run_sync(tape.open, path, abandon_on_cancel=True)
        except OSError as error:
            task_status.started()
            return bus.publish(_not_recorded(run, path, error.strerror))
        task_status.started()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_collect, bus, run, path, events, tape)
            try:
                await tape.write()
            except OSError as error:
                bus.publish(_not_recorded(run, path, error.strerror))
                nursery.cancel_scope.cancel()


async def replay(bus: Bus, path: str | Path, speed: float, task_status: TaskStatus = trio.TASK_STATUS_IGNORED) -> None:
    """Publish a recording with its own timing, `speed` times as fast; `math.inf` publishes it at once.

    It starts with the first subscription on the bus and waits for slow readers. `task_status.started` tells that the
    whole file has been checked; before it, a bad one raises RecordingError with file and line, and nothing is played.
    """
    await trio.to_thread.run_sync(_check, path)
    task_status.started()
    await bus.wait_for_readers(REPLAY_BACKLOG)
    start = trio.current_time()
    reader = LineReader()
    async with await trio.open_file(path, "rb") as file:
        async for line in file:
            at_ns, event = reader.read(line)
            await trio.sleep_until(start + at_ns / 1e9 / speed)
            await bus.wait_for_readers(REPLAY_BACKLOG)
            bus.publish(event)


def _check(path: str | Path) -> None:
    """Read every line of a recording. Raises RecordingError at the first that is none."""
    number = 0
    reader = LineReader()
    try:
        with open(path, "rb") as file:
            for line in file:
                number += 1
                reader.read(line)
    except OSError as error:
        raise RecordingError(str(path), 0, f"cannot be read: {error.strerror}") from None
    except msgspec.MsgspecError as error:
        raise RecordingError(str(path), number, f"is no recorded event: {error}") from None
    if not number:
        raise RecordingError(str(path), 0, "is empty; it records no run")


def _not_recorded(run: str, path: str | Path, why: str | None) -> Warning:
    return Warning(run=run, elapsed_ns=0, text=f"{path}: events are not recorded: {why}")


class _Tape:
    """Lines on their way to a file. `add` never waits, `write` does nothing else."""

    def __init__(self) -> None:
        self._waiting = bytearray()
        self._woken = trio.Event()
        self._ended = False

    def open(self, path: str | Path) -> None:
        """Open the file, in a thread. It has no buffer of its own: a thread that hangs must not hold one."""
        self._file = open(path, "wb", buffering=0)  # noqa: SIM115

    @property
    def full(self) -> bool:
        """Whether so much waits that there has to be an end."""
        return len(self._waiting) >= MOST_WAITING

    def add(self, line: bytes) -> None:
        """Take a line."""
        self._waiting += line
        self._woken.set()

    def end(self) -> None:
        """There are no more lines."""
        self._ended = True
        self._woken.set()

    async def write(self) -> None:
        """Write lines as they come, to the end. Raises OSError."""
        while self._waiting or not self._ended:
            await self._woken.wait()
            self._woken = trio.Event()
            text, self._waiting = self._waiting, bytearray()
            if self._ended:
                self._woken.set()
            try:
                await trio.to_thread.run_sync(self._put, text, abandon_on_cancel=True)
            except OSError:
                self._file.close()
                raise
        await trio.to_thread.run_sync(self._file.close, abandon_on_cancel=True)

    def _put(self, text: bytearray) -> None:
        """Write it all; a file without a buffer may take a part."""
        left = memoryview(text)
        while left:
            left = left[self._file.write(left) :]


async def _collect(bus: Bus, run: str, path: str | Path, events: Subscription[Event], tape: _Tape) -> None:
    """Make lines of the run's events until it has finished or the bus closes."""
    lines = LineWriter()
    start_ns = 0
    told = False
    with contextlib.suppress(EndOfEvents):
        while True:
            event = await events.receive()
            if event.run != run:
                continue
            now_ns = time.monotonic_ns()
            start_ns = start_ns or now_ns
            if tape.full and not _is_end(event):
                if not told:
                    bus.publish(_not_recorded(run, path, "it takes them too slowly; some are left out"))
                told = True
            elif not isinstance(event, Snapshot):
                tape.add(lines.line(now_ns - start_ns, event))
            elif lines.is_due(event):
                tape.add(await _snapshot_line(lines, now_ns - start_ns, event))
            if isinstance(event, RunFinished):
                break
    tape.end()


def _is_end(event: Event) -> bool:
    return isinstance(event, RunFinished) or (isinstance(event, Snapshot) and event.state is RunState.FINISHED)


async def _snapshot_line(lines: LineWriter, at_ns: int, snapshot: Snapshot) -> bytes:
    """The line of a snapshot; calls that run in this loop are let in after each histogram."""
    grown = {}
    for name, growth in lines.growths(snapshot):
        grown[name] = growth
        await trio.lowlevel.checkpoint()
    return lines.snapshot_line(at_ns, snapshot, grown)
