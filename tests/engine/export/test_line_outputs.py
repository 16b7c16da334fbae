# SPDX-License-Identifier: AGPL-3.0-or-later
"""Lines of the event log in a file and on standard error: whole, in order, and counted, whatever takes them."""

from __future__ import annotations

import errno
import fcntl
import os
import resource
import select
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec
import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import GossipperError
from engine.export import line_outputs
from engine.export.json_lines import LineMaker
from engine.export.line_outputs import FileLines, StderrLines, in_parts
from engine.export.log_events import Level, LogEvent, LogKind
from engine.export.log_output import LogContext, LogOutput
from tests.engine.export.conservation import conserved
from tests.engine.export.examples import UNIX_NS, surroundings

RESOURCE = {"service.name": "gossipper"}


def context(warnings: list[str] | None = None, **options: object) -> LogContext:
    return LogContext(surroundings(warnings, **options), RESOURCE, LineMaker(RESOURCE))


def event(number: int, text: str = "x") -> LogEvent:
    return LogEvent(UNIX_NS, Level.INFO, LogKind.RTD, text, {"number": number})


def numbers(data: bytes) -> list[int]:
    """Those of the events that stand there, each in a line of its own."""
    assert data.endswith(b"\n") or not data
    return [msgspec.json.decode(line)["attributes"]["number"] for line in data.splitlines()]


async def write_all(output: LogOutput, events: Iterator[LogEvent] | list[LogEvent]) -> None:
    """Have an output write these, to its end."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(output.write)
        for each in events:
            output.take(each)
        output.close()
    output.abandon()
    conserved(output.counts)


@contextmanager
def most_bytes_of_a_file(most: int) -> Iterator[None]:
    """Files may have no more than so many bytes meanwhile."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def pipe(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """What reads from the pipe that standard error is."""
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    monkeypatch.setattr(line_outputs, "STDERR", writing)
    yield reading
    for each in (writing, reading):
        with suppress(OSError):
            os.close(each)


def read_whole(descriptor: int, into: list[bytes]) -> threading.Thread:
    """A thread that reads until nobody writes any more."""

    def read() -> None:
        while data := os.read(descriptor, 1 << 16):
            into.append(data)

    thread = threading.Thread(target=read)
    thread.start()
    return thread


async def test_a_line_says_all_there_is(tmp_path: Path) -> None:
    output = FileLines(context(log_json_file=str(tmp_path / "log")))
    await output.open()
    await write_all(output, [event(1, 'a "b"\n\x00')])
    assert msgspec.json.decode((tmp_path / "log").read_bytes()) == {
        "time": "2026-11-22T20:00:00.123456Z",
        "level": "info",
        "kind": "rtd",
        "msg": 'a "b"\n\x00',
        "attributes": {"number": 1},
        "resource": RESOURCE,
    }


async def test_a_file_is_begun_anew_and_has_every_event_in_its_order(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("of before")
    output = FileLines(context(log_json_file=str(path)))
    await output.open()
    await write_all(output, [event(number) for number in range(10_000)])
    assert numbers(path.read_bytes()) == list(range(10_000))
    assert (output.counts.written, output.counts.dropped) == (10_000, 0)


async def test_what_the_queue_has_no_room_for_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "log"
    output = FileLines(context(log_json_file=str(path), log_buffer_size=10))
    await output.open()
    for number in range(15):
        output.take(event(number))
    conserved(output.counts, waiting=10)
    await write_all(output, [])
    assert numbers(path.read_bytes()) == list(range(10))
    assert output.counts.dropped == 5


async def test_a_full_disk_costs_one_warning_and_the_lines_of_its_time(tmp_path: Path) -> None:
    path = tmp_path / "log"
    warnings: list[str] = []
    output = FileLines(context(warnings, log_json_file=str(path)))
    await output.open()

    async def write(*some: int) -> None:
        for number in some:
            output.take(event(number))
        for _ in range(10_000):
            if output.counts.offered == output.counts.written + output.counts.dropped:
                return
            await trio.sleep(0.001)
        raise AssertionError("it waits for ever")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(output.write)
        await write(1, 2)
        with most_bytes_of_a_file(path.stat().st_size + 50):
            await write(3)
            await write(4, 5)
        await write(6)
        output.close()
    output.abandon()
    assert numbers(path.read_bytes()) == [1, 2, 6]
    assert warnings == [
        f"event log to file: {path}: cannot be written: {os.strerror(errno.EFBIG)}; what comes meanwhile is dropped"
    ]
    conserved(output.counts)
    assert output.counts.dropped == 3


async def test_a_file_that_cannot_be_opened_keeps_the_run_from_starting(tmp_path: Path) -> None:
    output = FileLines(context(log_json_file=str(tmp_path / "none" / "log")))
    with pytest.raises(GossipperError, match=r"none/log: cannot be written: No such file or directory$"):
        await output.open()
    output.abandon()


async def test_a_pipe_that_nobody_reads_keeps_the_run_from_starting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_outputs, "OPEN_S", 0.05)
    os.mkfifo(tmp_path / "log")
    output = FileLines(context(log_json_file=str(tmp_path / "log")))
    with pytest.raises(GossipperError, match=r"log: cannot be opened within 0\.05 s; is it a pipe that nobody reads\?$"):
        await output.open()
    output.abandon()
    os.close(os.open(tmp_path / "log", os.O_RDONLY))  # let the thread go


async def test_standard_error_gets_every_event_in_its_order(pipe: int) -> None:
    said: list[bytes] = []
    reader = read_whole(pipe, said)
    output = StderrLines(context(log_to_stderr=True))
    await output.open()
    await write_all(output, [event(number, "x" * (number % 97 * 100)) for number in range(1000)])
    os.close(line_outputs.STDERR)
    await trio.to_thread.run_sync(reader.join)
    assert numbers(b"".join(said)) == list(range(1000))
    assert output.counts.dropped == 0


async def test_standard_error_that_nobody_reads_costs_events_and_nothing_else(pipe: int) -> None:
    output = StderrLines(context(log_to_stderr=True, log_buffer_size=100))
    await output.open()
    with trio.move_on_after(0.3) as patience:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(output.write)
            for number in range(500):
                output.take(event(number))
                await trio.lowlevel.checkpoint()
            output.close()
    assert patience.cancelled_caught
    output.abandon()
    conserved(output.counts)
    assert 0 < output.counts.written < 100
    there = output.counts.written
    assert numbers(os.read(pipe, 1 << 16))[:there] == list(range(there))


async def test_standard_error_that_is_gone_costs_one_warning(pipe: int) -> None:
    os.close(pipe)
    warnings: list[str] = []
    output = StderrLines(context(warnings, log_to_stderr=True))
    await output.open()
    await write_all(output, [event(1)])
    assert warnings == ["event log to stderr: standard error: cannot be written: Broken pipe; what comes meanwhile is dropped"]
    assert output.counts.dropped == 1


async def test_standard_error_that_does_not_wait_is_waited_for(pipe: int) -> None:
    os.set_blocking(line_outputs.STDERR, False)
    output = StderrLines(context(log_to_stderr=True))
    said: list[bytes] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(output.write)
        for number in range(200):
            output.take(event(number))
        await trio.to_thread.run_sync(select.select, [pipe], [], [])
        await trio.sleep(0.05)  # until it is full
        reader = read_whole(pipe, said)
        output.close()
    output.abandon()
    os.close(line_outputs.STDERR)
    await trio.to_thread.run_sync(reader.join)
    assert numbers(b"".join(said)) == list(range(200))
    conserved(output.counts)


@given(st.lists(st.binary(max_size=20)), st.integers(1, 40))
def test_parts_are_all_lines_in_order_and_short(lines: list[bytes], most: int) -> None:
    parts = list(in_parts(lines, most))
    assert [line for part in parts for line in part] == lines
    assert all(part and (len(part) == 1 or len(b"".join(part)) <= most) for part in parts)


def test_two_outputs_share_a_line() -> None:
    lines = LineMaker(RESOURCE)
    first = event(1)
    assert lines.line(first) is lines.line(first)
    assert lines.line(event(1)) == lines.line(first)
