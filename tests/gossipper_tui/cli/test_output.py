# SPDX-License-Identifier: AGPL-3.0-or-later
from __future__ import annotations

import os
import pty
import threading
from collections.abc import Iterator

import pytest

from gossipper_tui.cli.output import Output


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    read_end, write_end = os.pipe()
    yield read_end, write_end
    for end in (read_end, write_end):
        try:
            os.close(end)
        except OSError:
            continue


def test_a_log_gets_lines_and_no_control_characters(pipe: tuple[int, int]) -> None:
    with Output(pipe[1]) as output:
        output.line("start")
        output.status("one")
        output.line("end")
    os.close(pipe[1])
    with os.fdopen(os.dup(pipe[0]), "rb") as reader:
        written = reader.read().decode()
    assert sorted(written.split("\n")) == ["", "end", "one", "start"]


def test_a_terminal_gets_the_status_in_its_place_and_is_left_clean() -> None:
    leader, follower = pty.openpty()
    with Output(follower) as output:
        assert output.terminal
        output.status("one")
        output.line("start")
        output.status("two")
    os.close(follower)
    written = read_all(leader)
    screen = written.replace("\r\n", "\n").split("\n")
    assert screen[0].rpartition("\x1b[K")[2] == "start"
    assert screen[-1].endswith("\r\x1b[K") or screen[-1] == ""


def read_all(leader: int) -> str:
    """What was written to a pseudo-terminal whose other side is closed."""
    parts: list[bytes] = []
    while True:
        try:
            part = os.read(leader, 4096)
        except OSError:
            part = b""
        if not part:
            os.close(leader)
            return b"".join(parts).decode()
        parts.append(part)


def test_a_reader_that_left_is_no_error(pipe: tuple[int, int]) -> None:
    os.close(pipe[0])
    with Output(pipe[1]) as output:
        output.line("nobody reads this")
        output.status("nor this")


def test_a_reader_that_is_slow_stops_nobody_and_gets_the_newest_status(pipe: tuple[int, int]) -> None:
    with Output(pipe[1]) as output:
        output.line("x" * 1_000_000)
        for number in range(1000):
            output.status(f"status {number}")
        received: list[bytes] = []
        reading = threading.Thread(target=read_lines, args=(pipe[0], received))
        reading.start()
    os.close(pipe[1])
    reading.join()
    statuses = [line for line in received if line.startswith(b"status")]
    assert statuses[-1] == b"status 999\n"
    assert len(statuses) <= 2


def read_lines(end: int, lines: list[bytes]) -> None:
    with os.fdopen(os.dup(end), "rb") as reader:
        lines.extend(reader)
