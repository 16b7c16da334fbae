# SPDX-License-Identifier: AGPL-3.0-or-later
"""A process that runs commands of the shell for a shard: `python command_runner.py`, with a socket as its standard input.

Starting a process stops the thread that does it, and Python's other threads with it, for as long as that takes. So a shard
has it done here; to the shard a command costs one message on a socket. This file imports nothing of the engine, to be there
quickly.

What comes are frames (`frame`) of a command and what it is called, or an empty one. So many commands run at once, others wait,
and what is too much is refused. Failures go back as lines of JSON, folded. After an empty frame the commands that still run are
given `GRACE_S`, then they are ended, and so is this process. When the socket ends without one, the shard is gone: everything is
ended at once.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import struct
import time
from collections import Counter, deque
from contextlib import suppress

MOST_RUNNING = 50
MOST_WAITING = 1000
MOST_BYTES = 150_000
"""Of a command: Linux takes no longer argument than 128 KiB (MAX_ARG_STRLEN)."""
GRACE_S = 2.0
"""How long what still runs may take when the run has ended."""
LAST_S = 0.5
"""How long it may then take to leave, before it is killed."""
NICE = 10
"""Commands come after calls where there are too few processors for both."""
TELL_EVERY_S = 0.25
MOST_TOLD = 100
"""Different failures between two tellings; the rest is folded under a dash."""

_LENGTH = struct.Struct("!I")
_READ_BYTES = 65_536
_SHELL = "/bin/sh"
_NOT_EXECUTABLE, _NOT_FOUND = 126, 127
_HOW = {_NOT_EXECUTABLE: " (not executable)", _NOT_FOUND: " (not found)"}


def frame(label: bytes = b"", command: bytes = b"") -> bytes:
    """A command and what it is called in warnings; nothing of both means that the run has ended."""
    payload = label.replace(b"\0", b"?") + b"\0" + command if command else b""
    return _LENGTH.pack(len(payload)) + payload


class Runner:
    """The commands of one shard. `peer` is the socket to it."""

    def __init__(self, peer: socket.socket) -> None:
        self._peer = peer
        self._read = bytearray()
        self._running: dict[int, str] = {}
        self._waiting: deque[tuple[str, bytes]] = deque()
        self._failures: Counter[tuple[str, str]] = Counter()
        self._told_s = 0.0
        self._deadlines: list[tuple[float, int]] = []
        self._is_open = True

    def run(self) -> None:
        """Serve until the shard is done or gone, and every command with it."""
        woken = _wake_at_children()
        while self._is_open or self._running:
            ready, _, _ = select.select([woken, *([self._peer] if self._is_open else [])], [], [], self._longest_s())
            if woken in ready:
                with suppress(BlockingIOError):
                    woken.recv(4096)
            self._reap()
            if self._peer in ready:
                self._take()
            self._end_late()
            self._start_waiting()
            self._tell()
        self._told_s = 0.0
        self._tell()

    def _longest_s(self) -> float | None:
        """How long nothing needs to be done."""
        now_s = time.monotonic()
        due_s = [due_s for due_s, _ in self._deadlines[:1]]
        if self._failures:
            due_s.append(self._told_s + TELL_EVERY_S)
        return max(0.0, min(due_s) - now_s) if due_s else None

    def _take(self) -> None:
        """Do what the shard says."""
        data = self._peer.recv(_READ_BYTES)
        if not data:
            self._finish((0.0, signal.SIGKILL))
        self._read += data
        while len(self._read) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._read)
            end = _LENGTH.size + length
            if len(self._read) < end:
                return
            label, _, command = bytes(self._read[_LENGTH.size : end]).partition(b"\0")
            del self._read[:end]
            if length:
                self._accept(label.decode("utf-8", "replace"), command)
            else:
                self._finish((GRACE_S, signal.SIGTERM), (GRACE_S + LAST_S, signal.SIGKILL))

    def _finish(self, *signals: tuple[float, int]) -> None:
        """Hear no more, and send these to what still runs after so many seconds."""
        self._is_open = False
        now_s = time.monotonic()
        self._deadlines = [(now_s + after_s, number) for after_s, number in signals]

    def _accept(self, label: str, command: bytes) -> None:
        if len(self._waiting) >= MOST_WAITING:
            self._fail(label, f"not run: {MOST_RUNNING} run and {MOST_WAITING} wait")
        else:
            self._waiting.append((label, command))

    def _start_waiting(self) -> None:
        while self._waiting and len(self._running) < MOST_RUNNING:
            self._start(*self._waiting.popleft())

    def _start(self, label: str, command: bytes) -> None:
        """Start a command: a session of its own, nothing to read, nowhere to write."""
        null = [(os.POSIX_SPAWN_OPEN, descriptor, os.devnull, os.O_RDWR, 0) for descriptor in (0, 1, 2)]
        try:
            pid = os.posix_spawn(
                _SHELL, ("sh", "-c", command), os.environ, file_actions=null, setsid=True, setsigdef=[signal.SIGPIPE]
            )
        except (OSError, ValueError) as error:
            self._fail(label, f"cannot be started: {getattr(error, 'strerror', None) or error}")
        else:
            self._running[pid] = label

    def _reap(self) -> None:
        while self._running:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            label = self._running.pop(pid, "")
            how = _how(os.waitstatus_to_exitcode(status))
            if how and label:
                self._fail(label, how)

    def _end_late(self) -> None:
        """End what takes longer than it may, once the run is over; a signal goes to all that a command has started."""
        while self._deadlines and self._deadlines[0][0] <= time.monotonic():
            _, number = self._deadlines.pop(0)
            for label, _command in self._waiting:
                self._fail(label, "not run: the run has ended")
            self._waiting.clear()
            for pid in self._running:
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(pid, number)
            if not self._deadlines:
                return

    def _fail(self, label: str, how: str) -> None:
        key = (label, how)
        self._failures[key if key in self._failures or len(self._failures) < MOST_TOLD else ("…", how)] += 1

    def _tell(self) -> None:
        """Tell of failures, not too often."""
        now_s = time.monotonic()
        if not self._failures or now_s < self._told_s + TELL_EVERY_S:
            return
        self._told_s = now_s
        failures, self._failures = self._failures, Counter()
        for (label, how), count in failures.items():
            with suppress(OSError):
                self._peer.sendall(json.dumps([label, how, count]).encode() + b"\n")


def _how(code: int) -> str:
    """What is wrong with how a command ended; nothing when all is well."""
    if code < 0:
        return f"killed by {signal.Signals(-code).name}"
    return f"exit status {code}{_HOW.get(code, '')}" if code else ""


def _wake_at_children() -> socket.socket:
    """A socket that can be read when a child has ended."""
    reader, writer = socket.socketpair()
    for each in (reader, writer):
        each.setblocking(False)
    signal.set_wakeup_fd(writer.detach(), warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    return reader


if __name__ == "__main__":
    os.nice(NICE)
    with socket.socket(fileno=os.dup(0)) as shard:
        Runner(shard).run()
