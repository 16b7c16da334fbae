# SPDX-License-Identifier: AGPL-3.0-or-later
"""The commands of the shell that a scenario runs (`<exec command=…>`), as the shard sees them: handed on without waiting.

A process beside the shard runs them (`command_runner`). It is started when a scenario has any, before the first call.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import trio

from engine.errors import TransportError, printable
from engine.shard import command_runner
from engine.shard.command_runner import GRACE_S, LAST_S, MOST_BYTES, MOST_WAITING, frame
from engine.shard.notes import Notes
from engine.transport.stream.tls_context import PASSWORD_VARIABLE

LEAVE_S = GRACE_S + LAST_S + 1.0
"""How long the end of a run waits for its commands, at most."""
MOST_ANSWER_BYTES = 65_536


class Commands:
    """Takes commands, and notes what fails. `open` it, let `carry` and `listen` run, and `finish` or `close` it."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._queue, self._queued = trio.open_memory_channel[bytes](MOST_WAITING)
        self._stream: trio.SocketStream | None = None
        self._process: trio.Process | None = None
        self._heard_all = trio.Event()

    async def open(self) -> None:
        """Start the process that runs them. Raises TransportError when there is none to be had."""
        try:
            ours, theirs = socket.socketpair()
            with theirs:
                self._process = await trio.lowlevel.open_process(
                    [sys.executable, "-I", "-S", str(Path(command_runner.__file__))],
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,
                    env={name: value for name, value in os.environ.items() if name != PASSWORD_VARIABLE},
                )
        except OSError as error:
            raise TransportError(f"commands cannot be run: {error.strerror}; see ulimit -n and ulimit -u") from None
        self._stream = trio.SocketStream(trio.socket.from_stdlib_socket(ours))

    def start(self, command: bytes, label: str) -> None:
        """Have a command run. Returns at once; what goes wrong is a warning with `label`."""
        if not command.strip():
            return
        if len(command) > MOST_BYTES or b"\0" in command:
            self._warn(label, "not run: it is too long or holds a zero byte")
            return
        try:
            self._queue.send_nowait(frame(label.encode("utf-8", "replace"), command))
        except trio.WouldBlock:
            self._warn(label, "not run: too many at once")
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            self._warn(label, "not run: the process that runs commands is gone")

    async def carry(self) -> None:
        """Bring commands to the process, as fast as it takes them."""
        if self._stream is None:
            return
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            async with self._queued:
                async for data in self._queued:
                    await self._stream.send_all(data)

    async def flush(self) -> None:
        """Bring what has been asked for so far."""
        with suppress(trio.WouldBlock, trio.BrokenResourceError):
            while self._stream is not None:
                await self._stream.send_all(self._queued.receive_nowait())

    async def listen(self) -> None:
        """Note what fails, until the process has ended."""
        read = b""
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            while self._stream is not None and (data := await self._stream.receive_some(MOST_ANSWER_BYTES)):
                *lines, read = (read + data).split(b"\n")
                for line in lines:
                    self._warn(*json.loads(line))
        self._queued.close()
        self._heard_all.set()

    def _warn(self, label: str, how: str, count: int = 1) -> None:
        self._notes.warn(f"command '{printable(label)}': {how}", count)

    async def finish(self) -> None:
        """The run has ended: wait for commands that still run. Those that take too long are ended; `listen` notes it."""
        if self._process is None:
            return
        with trio.move_on_after(LEAVE_S), suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            await self._queue.send(frame())
            await self._process.wait()
            await self._heard_all.wait()
        if self._process.returncode is None:
            self._process.kill()

    def close(self) -> None:
        """End everything at once: without its socket the process kills what runs, and goes."""
        if self._stream is not None:
            self._stream.socket.close()
            self._stream = None
