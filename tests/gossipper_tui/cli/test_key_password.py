# SPDX-License-Identifier: AGPL-3.0-or-later
"""A key's password is asked for on a terminal, before the run, and is nowhere to be read afterwards."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.certificates import PASSWORD, Lab
from tests.programs import GOSSIPPER, WITH_GOSSIPPER, free_port, is_bound

LIMIT_S = 20


class Terminal:
    """A program on a terminal of its own."""

    def __init__(self, folder: Path, *command: str) -> None:
        self._main, other = pty.openpty()
        environment = {**os.environ, **WITH_GOSSIPPER, "TERM": "xterm"}
        environment.pop("GOSSIPPER_TLS_KEY_PASSWORD", None)
        self.process = subprocess.Popen(
            command, cwd=folder, env=environment, stdin=other, stdout=other, stderr=other, start_new_session=True
        )
        os.close(other)
        self.said = ""

    def type(self, text: str) -> None:
        os.write(self._main, text.encode())

    def until(self, text: str) -> None:
        """Read until this was said."""
        end = time.monotonic() + LIMIT_S
        while text not in self.said and time.monotonic() < end:
            if select.select([self._main], [], [], 0.1)[0]:
                try:
                    self.said += os.read(self._main, 65_536).decode(errors="replace")
                except OSError:  # the other side is closed
                    break
        assert text in self.said

    def end(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        os.close(self._main)


@pytest.mark.parametrize("password", [PASSWORD, "wrong"])
def test_it_is_asked_for_and_opens_the_key_or_does_not(tmp_path: Path, password: str) -> None:
    lab, port = Lab(tmp_path / "lab"), free_port()
    files = ("-tls_cert", lab["server.pem"], "-tls_key", lab["encrypted.key"])
    arguments = ("-sn", "uas", "-t", "l1", "-i", "127.0.0.1", "-p", str(port), "-events", "events.jsonl", "-timeout", "60")
    terminal = Terminal(tmp_path, *GOSSIPPER, "sipp", *arguments, *files)
    try:
        terminal.until(f"Password of {lab['encrypted.key']}: ")
        assert not is_bound(port)
        terminal.type(f"{password}\n")
        terminal.until("waiting for calls" if password == PASSWORD else "the password does not open")
        assert password not in terminal.said
        if password == PASSWORD:
            terminal.process.send_signal(signal.SIGUSR1)
            terminal.until("exit code 97")
        assert terminal.process.wait(LIMIT_S) == (97 if password == PASSWORD else 255)
    finally:
        terminal.end()
    for path in tmp_path.iterdir():
        assert path.is_dir() or password not in path.read_text()
