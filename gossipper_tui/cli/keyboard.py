# SPDX-License-Identifier: AGPL-3.0-or-later
"""Keys from standard input, one at a time: from a terminal, or from a pipe that a script writes to.

A terminal gives single keys in cbreak mode, which is taken back on every way out. It is left alone while another
process group has it: reading from it then would stop this process.
"""

from __future__ import annotations

import os
import stat
import termios
import tty
from collections.abc import Callable
from types import TracebackType
from typing import Any

import trio

FOREGROUND_CHECK_S = 0.5
"""How often a run looks whether it has the terminal, in the foreground or in the background."""


class Keyboard:
    """A context manager around standard input; one that is not `enabled` leaves it alone (`-nostdin`)."""

    def __init__(self, enabled: bool) -> None:
        self._fd = 0
        self._enabled = enabled
        self._terminal = enabled and os.isatty(self._fd)
        self._before: list[Any] | None = None

    def __enter__(self) -> Keyboard:
        if self._terminal:
            self._before = termios.tcgetattr(self._fd)
            self.take()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.restore()

    def take(self) -> None:
        """Have single keys without echo, if this process has the terminal; again after it was stopped and continued."""
        if self._before is not None and self._ours():
            tty.setcbreak(self._fd, termios.TCSANOW)

    def restore(self) -> None:
        """Give the terminal back as it was; from a signal handler too, and more than once."""
        if self._before is not None and self._ours():
            termios.tcsetattr(self._fd, termios.TCSANOW, self._before)

    async def read(self, press: Callable[[str], None]) -> None:
        """Call `press` with each key as it comes; returns when the input ends."""
        foreground = True
        while self._readable():
            with trio.move_on_after(FOREGROUND_CHECK_S) as waiting:
                await trio.lowlevel.wait_readable(self._fd)
            if self._terminal:
                was_foreground, foreground = foreground, self._ours()
                if not foreground:
                    await trio.sleep(FOREGROUND_CHECK_S)
                    continue
                if not was_foreground:
                    self.take()  # a shell tells nothing when it puts a running job into the foreground
            if waiting.cancelled_caught:
                continue
            try:
                pressed = os.read(self._fd, 64)
            except OSError:  # the terminal is gone
                return
            if not pressed:
                return
            for key in pressed.decode("ascii", "ignore"):
                press(key)

    def _readable(self) -> bool:
        if not self._enabled:
            return False
        try:
            mode = os.fstat(self._fd).st_mode
        except OSError:
            return False
        # Nothing else can be waited for: a plain file or /dev/null has no keys.
        return self._terminal or stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)

    def _ours(self) -> bool:
        """Whether this process is in the foreground of its terminal."""
        try:
            return os.tcgetpgrp(self._fd) == os.getpgrp()
        except OSError:
            return False
