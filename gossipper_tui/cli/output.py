# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a run writes to standard output while its calls go on.

A terminal that is stopped with ctrl+s, or a pipe that nobody reads, must not stop the load: a thread does the writing,
and of status lines only the newest waits for it. Output that breaks (a closed pipe, a lost terminal) is dropped from
then on and the run goes on. On anything but a terminal no control character is written.
"""

from __future__ import annotations

import os
import shutil
import sys
import threading
from collections import deque
from types import TracebackType

CLEAR_LINE = "\r\x1b[K"
PLAIN_WIDTH = 100
"""Columns that are written for when there is no terminal to ask."""


class Output:
    """Lines and one status line on a file descriptor; a context manager that has written everything when it is left."""

    def __init__(self, fd: int = 1) -> None:
        self.terminal = os.isatty(fd)
        self._fd = fd
        self._encoding = sys.stdout.encoding or "utf-8"
        self._lines: deque[str] = deque()
        self._status = ""
        self._fresh = False
        self._shown = False
        self._ended = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._write_all, name="output", daemon=True)

    @property
    def width(self) -> int:
        """Columns of the terminal as it is now; `PLAIN_WIDTH` for anything else."""
        return shutil.get_terminal_size((PLAIN_WIDTH, 24)).columns if self.terminal else PLAIN_WIDTH

    def __enter__(self) -> Output:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        with self._changed:
            self._ended = True
            if self.terminal:
                self._status, self._fresh = "", True
            self._changed.notify()
        self._thread.join()

    def line(self, text: str) -> None:
        """Write text that stays, above the status line; never waits."""
        with self._changed:
            self._lines.append(text)
            self._changed.notify()

    def status(self, text: str) -> None:
        """Write the status line: in the place of the last one on a terminal, else as a line that stays. Never waits."""
        with self._changed:
            self._status, self._fresh = text, True
            self._changed.notify()

    def _write_all(self) -> None:
        broken = False
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._lines or self._fresh or self._ended)
                if not (self._lines or self._fresh):
                    return
                text = self._take()
            broken = broken or not self._write(text.encode(self._encoding, "replace"))

    def _take(self) -> str:
        """The text of everything that waits. On a terminal the status line is written again below the new lines."""
        text = "".join(f"{line}\n" for line in self._lines)
        self._lines.clear()
        fresh, self._fresh = self._fresh, False
        if not self.terminal:
            return text + (f"{self._status}\n" if fresh and self._status else "")
        clear = CLEAR_LINE if self._shown else ""
        self._shown = bool(self._status)
        return clear + text + self._status

    def _write(self, data: bytes) -> bool:
        """Write all of it, however long it takes; false when nobody can read it any more."""
        try:
            while data:
                data = data[os.write(self._fd, data) :]
        except OSError:
            return False
        return True
