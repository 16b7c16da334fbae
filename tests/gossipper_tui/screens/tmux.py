# SPDX-License-Identifier: AGPL-3.0-or-later
"""A terminal to type into and to look at: a tmux server of its own with a shell in it."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.programs import GOSSIPPER, WITH_GOSSIPPER, require

LIMIT_S = 30.0
POLL_S = 0.05


class Terminal:
    """One pane of `columns` × `rows`."""

    def __init__(self, socket: Path, folder: Path, columns: int, rows: int, environment: dict[str, str]) -> None:
        self._tmux = (require("tmux"), "-S", str(socket), "-f", "/dev/null")
        shell = "env PS1='$ ' sh"
        inherited = {name: value for name, value in os.environ.items() if name not in ("TMUX", "TMUX_PANE")}
        self._environment = {**inherited, **WITH_GOSSIPPER, "LC_ALL": "C.UTF-8", **environment}
        self._run("-u", "new-session", "-d", "-s", "test", "-x", str(columns), "-y", str(rows), "-c", str(folder), shell)

    def keys(self, *keys: str) -> None:
        """Press keys, by tmux's names for them."""
        self._run("send-keys", "-t", "test", *keys)

    def type(self, text: str) -> None:
        """Type text as it stands."""
        self._run("send-keys", "-t", "test", "-l", "--", text)

    def paste(self, text: str) -> None:
        """Paste text, in brackets where the program asks for them."""
        self._run("set-buffer", text)
        self._run("paste-buffer", "-p", "-t", "test")

    def resize(self, columns: int, rows: int) -> None:
        """Change the size of the terminal."""
        self._run("resize-window", "-t", "test", "-x", str(columns), "-y", str(rows))

    def screen(self) -> str:
        """What is to be seen."""
        return self._run("capture-pane", "-p", "-t", "test")

    def wait_for(self, pattern: str, limit_s: float = LIMIT_S) -> str:
        """Wait until a regular expression is to be seen; returns the screen. Fails with what is there instead."""
        end = time.monotonic() + limit_s
        while not re.search(pattern, screen := self.screen()):
            assert time.monotonic() < end, f"never seen: {pattern}\n{screen}"
            time.sleep(POLL_S)
        return screen

    def close(self) -> None:
        """End the shell and everything in it."""
        subprocess.run([*self._tmux, "kill-server"], check=False, capture_output=True)

    def _run(self, *arguments: str) -> str:
        done = subprocess.run([*self._tmux, *arguments], check=True, capture_output=True, text=True, env=self._environment)
        return done.stdout


@contextmanager
def terminal(folder: Path, columns: int = 100, rows: int = 30, **environment: str) -> Iterator[Terminal]:
    """A terminal that ends with the block."""
    with TemporaryDirectory(prefix="tmux-") as private:
        opened = Terminal(Path(private, "socket"), folder, columns, rows, environment)
        try:
            opened.wait_for(r"\$")
            yield opened
        finally:
            opened.close()


def gossipper(*arguments: str) -> str:
    """The command line that starts the program."""
    return " ".join((*GOSSIPPER, *arguments))
