# SPDX-License-Identifier: AGPL-3.0-or-later
"""The real program in a process of its own: in a pipe as a script runs it, or on a terminal as a person does."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import select
import socket
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.programs import GOSSIPPER, WITH_GOSSIPPER

LIMIT_S = 30.0
"""No program in these tests takes longer; one that does hangs."""

TAKE_TERMINAL = "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"


def environment() -> dict[str, str]:
    """The environment in which the program runs from any directory."""
    return {**os.environ, **WITH_GOSSIPPER}


@dataclass(frozen=True)
class Ended:
    """How a program ended and what it wrote."""

    code: int
    out: str
    err: str


def gossipper(*arguments: str, cwd: Path | None = None, stdin: str | None = None) -> Ended:
    """Run the program to its end, as a script does."""
    given: dict[str, Any] = {"stdin": subprocess.DEVNULL} if stdin is None else {"input": stdin}
    ended = subprocess.run(
        [*GOSSIPPER, *arguments],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        cwd=cwd,
        env=environment(),
        check=False,
        **given,
    )
    return Ended(ended.returncode, ended.stdout, ended.stderr)


@contextlib.contextmanager
def running(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """The program in the background, ended when the block is left."""
    streams: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen([*GOSSIPPER, *arguments], text=True, env=environment(), **streams) as process:
        try:
            yield process
        finally:
            process.kill()


class Terminal:
    """A program on a pseudo-terminal that is its controlling one; a context manager that ends it."""

    def __init__(self, *command: str) -> None:
        self.leader, self.follower = pty.openpty()
        self.before = termios.tcgetattr(self.follower)
        self.screen = ""
        self.process = subprocess.Popen(
            [sys.executable, "-c", TAKE_TERMINAL, *command],
            stdin=self.follower,
            stdout=self.follower,
            stderr=self.follower,
            start_new_session=True,
            env=environment(),
        )

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *exception: object) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.leader)
        os.close(self.follower)

    @property
    def intact(self) -> bool:
        """Whether the terminal's modes are those from before the program began."""
        return termios.tcgetattr(self.follower) == self.before

    def reset(self) -> None:
        """Set the modes from before the program, as a shell does when it gets the terminal back."""
        termios.tcsetattr(self.follower, termios.TCSANOW, self.before)

    def press(self, keys: bytes) -> None:
        """Type on the terminal's keyboard; b"\\x03" is Ctrl-C."""
        os.write(self.leader, keys)

    def wait_for(self, text: str) -> None:
        """Read until the text has been on the screen."""
        self.wait_for_match(re.escape(text))

    def wait_for_match(self, pattern: str) -> None:
        """Read until something that matches has been on the screen."""
        deadline = time.monotonic() + LIMIT_S
        while not re.search(pattern, self.screen):
            assert time.monotonic() < deadline, f"{pattern!r} did not come:\n{self.screen}"
            assert self._read(0.2) or self.process.poll() is None, f"ended without {pattern!r}:\n{self.screen}"

    def wait(self) -> int:
        """The exit code, when everything that was written has been read."""
        deadline = time.monotonic() + LIMIT_S
        while self.process.poll() is None:
            assert time.monotonic() < deadline, f"does not end:\n{self.screen}"
            self._read(0.1)
        while self._read(0):
            pass
        return self.process.returncode

    def _read(self, wait_s: float) -> bool:
        if not select.select([self.leader], [], [], wait_s)[0]:
            return False
        self.screen += os.read(self.leader, 65536).decode("utf-8", "replace")
        return True


@contextlib.contextmanager
def silent_peer() -> Iterator[str]:
    """The address of a UDP port that takes everything and answers nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{peer.getsockname()[1]}"
