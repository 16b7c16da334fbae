# SPDX-License-Identifier: AGPL-3.0-or-later
"""Files that a user names: what is read, how much of it, and what is left alone."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from engine.scenario.input_files import Unreadable, check_regular, is_pipe, read_pipe, read_regular

MOST = 1000


@pytest.fixture
def fifo(tmp_path: Path) -> str:
    path = str(tmp_path / "fifo")
    os.mkfifo(path)
    return path


def test_a_regular_file_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(MOST))
    check_regular(str(path), MOST)
    assert read_regular(str(path), MOST) == bytes(MOST)


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.touch()
    os.truncate(path, 1 << 40)
    for act in (check_regular, read_regular):
        with pytest.raises(Unreadable, match="it is larger than 1000 bytes"):
            act(str(path), MOST)


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/dev/zero", "it is no regular file"),
        ("/", "it is a directory"),
        ("/no/such", "No such file or directory"),
        ("", "No such file or directory"),
        ("a\0b", "embedded null byte"),
        ("x" * 5000, "File name too long"),
    ],
)
def test_what_is_no_regular_file(path: str, reason: str) -> None:
    for act in (check_regular, read_regular, read_pipe):
        with pytest.raises(Unreadable, match=reason):
            act(path, MOST)
    assert not is_pipe(path)


def test_a_file_without_an_end_is_given_up(tmp_path: Path) -> None:
    """Its size is said to be 0, as that of all files in /proc."""
    with pytest.raises(Unreadable, match="it is larger than 10 bytes"):
        read_regular("/proc/self/maps", 10)


def test_a_pipe_is_no_regular_file(fifo: str) -> None:
    assert is_pipe(fifo)
    for act in (check_regular, read_regular):
        with pytest.raises(Unreadable, match="it is a pipe"):
            act(fifo, MOST)


def test_a_pipe_is_read_to_its_end(fifo: str) -> None:
    def write() -> None:
        with open(fifo, "wb", buffering=0) as file:
            file.write(b"one ")
            time.sleep(0.01)
            file.write(b"two")

    writer = threading.Thread(target=write)
    writer.start()
    assert read_pipe(fifo, MOST, limit_s=10) == b"one two"
    writer.join()


def test_the_pipe_of_a_shell() -> None:
    reader, writer = os.pipe()
    try:
        os.write(writer, b"text")
        os.close(writer)
        assert read_pipe(f"/dev/fd/{reader}", MOST, limit_s=10) == b"text"
    finally:
        os.close(reader)


def test_a_pipe_in_which_nobody_writes_is_given_up(fifo: str) -> None:
    with pytest.raises(Unreadable, match="nothing more came out of the pipe"):
        read_pipe(fifo, MOST, limit_s=0.01)


def test_a_pipe_without_an_end_is_given_up(fifo: str) -> None:
    keeper = os.open(fifo, os.O_RDWR)
    try:
        os.write(keeper, bytes(MOST + 1))
        with pytest.raises(Unreadable, match="it is larger than 1000 bytes"):
            read_pipe(fifo, MOST, limit_s=10)
    finally:
        os.close(keeper)


def test_a_regular_file_may_stand_for_a_pipe(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"text")
    assert read_pipe(str(tmp_path / "file"), MOST) == b"text"
