# SPDX-License-Identifier: AGPL-3.0-or-later
"""A run's events in a file, one JSON object a line, and back on a bus.

A line is `{"at_ns": …, "event": {"type": …, …}}`; `at_ns` counts on the monotonic clock from the run's start. Writing
happens in a thread, a batch at a time, and a file that cannot be written costs a warning, never the run.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import BinaryIO, TypeAlias

import msgspec
import trio

from engine.bus.bus import Bus
from engine.bus.subscription import EndOfEvents, Subscription
from engine.errors import RecordingError
from engine.messages import AnyEvent, Event, RunFinished, Warning

RECORDER_CAPACITY = 4096
"""Unread events that a recorder may fall behind by before snapshots are dropped."""

REPLAY_BACKLOG = 64
"""Events that a replay lets its slowest reader fall behind by, so that a replay at any speed loses nothing."""


TaskStatus: TypeAlias = "trio.TaskStatus[None]"


class RecordedEvent(msgspec.Struct, frozen=True):
    """One line of a recording. `at_ns` counts from the run's start."""

    at_ns: int
    event: AnyEvent


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(RecordedEvent)


async def record(bus: Bus, run: str, path: str | Path, task_status: TaskStatus = trio.TASK_STATUS_IGNORED) -> None:
    """Write the events of this run to the file, replacing it, until the run has finished or the bus closes.

    Everything published after `task_status.started` is in it, so start it with `nursery.start` before the run. When the
    file cannot be written a Warning is published and the recording ends.
    """
    with bus.subscribe(Event, capacity=RECORDER_CAPACITY) as events:
        try:
            file = await trio.to_thread.run_sync(open, path, "wb")
        except OSError as error:
            task_status.started()
            return bus.publish(_not_recorded(run, path, error))
        task_status.started()
        try:
            with file:
                await _write_events(events, run, file)
        except OSError as error:
            bus.publish(_not_recorded(run, path, error))


async def replay(bus: Bus, path: str | Path, speed: float, task_status: TaskStatus = trio.TASK_STATUS_IGNORED) -> None:
    """Publish a recording with its own timing, `speed` times as fast; `math.inf` publishes it at once.

    It starts with the first subscription on the bus and waits for slow readers. `task_status.started` tells that the
    whole file has been checked; before it, a bad one raises RecordingError with file and line, and nothing is played.
    """
    await trio.to_thread.run_sync(_check, path)
    task_status.started()
    await bus.wait_for_readers(REPLAY_BACKLOG)
    start = trio.current_time()
    async with await trio.open_file(path, "rb") as file:
        async for line in file:
            recorded = _DECODER.decode(line)
            await trio.sleep_until(start + recorded.at_ns / 1e9 / speed)
            await bus.wait_for_readers(REPLAY_BACKLOG)
            bus.publish(recorded.event)


def _check(path: str | Path) -> None:
    """Decode every line of a recording. Raises RecordingError at the first that is none."""
    number = 0
    try:
        with open(path, "rb") as file:
            for line in file:
                number += 1
                _DECODER.decode(line)
    except OSError as error:
        raise RecordingError(str(path), 0, f"cannot be read: {error.strerror}") from None
    except msgspec.MsgspecError as error:
        raise RecordingError(str(path), number, f"is no recorded event: {error}") from None
    if not number:
        raise RecordingError(str(path), 0, "is empty; it records no run")


def _not_recorded(run: str, path: str | Path, error: OSError) -> Warning:
    return Warning(run=run, elapsed_ns=0, text=f"{path}: events are not recorded: {error.strerror}")


async def _write_events(events: Subscription[Event], run: str, file: BinaryIO) -> None:
    start_ns = 0
    finished = False
    while not finished:
        try:
            batch = [event for event in await events.receive_batch() if event.run == run]
        except EndOfEvents:
            return
        now_ns = time.monotonic_ns()
        start_ns = start_ns or now_ns
        finished = any(isinstance(event, RunFinished) for event in batch)
        text = b"".join(_ENCODER.encode({"at_ns": now_ns - start_ns, "event": event}) + b"\n" for event in batch)
        with trio.CancelScope(shield=True):
            await trio.to_thread.run_sync(_append, file, text)


def _append(file: BinaryIO, text: bytes) -> None:
    file.write(text)
    file.flush()
