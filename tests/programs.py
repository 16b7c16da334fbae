# SPDX-License-Identifier: AGPL-3.0-or-later
"""Real programs as peers: found, given free ports, awaited, and always reaped.

A program that is missing is a visible skip on a developer's machine and a failure where `CI` is set, so that no
continuous integration passes by not looking.

Our own program is the one that is installed beside this Python when it is what this checkout would install: so the tests
with real peers show the compiled form at work. Otherwise, and so after every edit, it is this checkout.
"""

from __future__ import annotations

import filecmp
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import NoReturn

import pytest

ROOT = Path(__file__).parents[1]
INSTALLED_AS = {"engine": "", "gossipper_tui": "", "scenarios": "engine", "themes": "gossipper_tui"}
"""Each folder of this checkout that is installed, and where in."""

ALONE = {"PYTHONPATH": ""}
"""The environment of a program that must not find this checkout."""


def _installed_files() -> Iterator[tuple[Path, Path]]:
    """Every file that this checkout installs, and the path that it gets in an environment."""
    for folder, parent in INSTALLED_AS.items():
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and path.suffix != ".pyc":
                yield path, parent / path.relative_to(ROOT)


def _is_installed() -> bool:
    """Whether the environment of this Python has what this checkout has, file by file."""
    try:
        installed = distribution("gossipper")
        return all(filecmp.cmp(ours, str(installed.locate_file(theirs)), shallow=False) for ours, theirs in _installed_files())
    except (PackageNotFoundError, FileNotFoundError):
        return False


SCRIPT = Path(sys.executable).with_name("gossipper")
INSTALLED = SCRIPT.exists() and _is_installed()
GOSSIPPER = (str(SCRIPT),) if INSTALLED else (sys.executable, "-m", "gossipper_tui")
"""The command under test."""

_PATHS = filter(None, (os.environ.get("PYTHONPATH"), str(ROOT)))
WITH_GOSSIPPER = ALONE if INSTALLED else {"PYTHONPATH": os.pathsep.join(_PATHS)}
"""The environment in which a program finds what is under test from any folder."""

_LISTENING = "0A"
_POLL_S = 0.01

_PORTS = range(10_000, 32_000)
"""Below those that the kernel gives to whoever asks for any: a port that is given out here stays free until it is bound."""
_PORTS_A_PROGRAM = 4


@dataclass
class _Given:
    """Up to which port ports have been given out; it begins somewhere, so that two runs of the tests seldom meet."""

    up_to: int


_given = _Given(random.SystemRandom().choice(_PORTS))


def require(program: str) -> str:
    """The path of a program that a test needs; skips the test, or fails it under CI, when it is not installed."""
    return shutil.which(program) or missing(program)


def missing(what: str) -> NoReturn:
    """Skip a test for want of something, or fail it under CI."""
    reason = f"{what} is not installed; see .ci/run for its Debian package"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def require_root(what: str) -> None:
    """Skip a test that does what root may (`capturing`); under CI it goes on, where .ci/run gives others the right."""
    if os.geteuid() != 0 and not os.environ.get("CI"):
        pytest.skip(f"{what} needs root")


def free_port(host: str = "127.0.0.1") -> int:
    """A port that is free for UDP and TCP on this loopback address; those right after it are free as well."""
    return free_ports(_PORTS_A_PROGRAM, host)


def free_ports(count: int, host: str = "127.0.0.1") -> int:
    """The first, a multiple of `count`, of so many ports that are free for UDP and TCP on this loopback address.

    None is given out again before all others were: what is late for its last owner comes to nobody.
    """
    own = _own_ports()
    for _ in range(len(own) // count):
        first = -(-_given.up_to // count) * count
        if first not in own or first + count > own.stop:
            first = -(-own.start // count) * count
        _given.up_to = first + count
        if all(_is_free(host, port) for port in range(first, _given.up_to)):
            return first
    raise RuntimeError(f"no {count} free ports on {host} in {own}")


def _own_ports() -> range:
    """The ports that this process gives out. Processes of pytest-xdist that run side by side have none in common."""
    processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % processes
    share = len(_PORTS) // processes
    return _PORTS[number * share : (number + 1) * share]


def _is_free(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as stream, socket.socket(family, socket.SOCK_DGRAM) as datagram:
        try:
            stream.bind((host, port))
            datagram.bind((host, port))
        except OSError:
            return False
    return True


def is_bound(port: int) -> bool:
    """Whether a local UDP socket has this port, or a TCP socket listens on it."""
    for table in ("udp", "udp6", "tcp", "tcp6"):
        for line in Path("/proc/net", table).read_text().splitlines()[1:]:
            _, local, _, state, *_ = line.split()
            if int(local.rpartition(":")[2], 16) == port and (table.startswith("udp") or state == _LISTENING):
                return True
    return False


class Program:
    """A program that runs in a process group of its own, its output in a file, nothing on its standard input."""

    def __init__(self, command: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None) -> None:
        self.command = tuple(command)
        self._output = folder / f"output-{time.monotonic_ns()}"
        with open(self._output, "wb") as output:
            self.process = subprocess.Popen(
                self.command,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env={**os.environ, **WITH_GOSSIPPER, "TERM": "dumb", **(environment or {})},
            )

    @property
    def output(self) -> str:
        """What it has written so far, on both channels."""
        return self._output.read_text(errors="replace")

    def wait_bound(self, port: int, limit_s: float = 10) -> None:
        """Wait until the program has this port. Fails with its output when it ends, or takes longer than the limit."""
        end = time.monotonic() + limit_s
        while not is_bound(port):
            assert self.process.poll() is None, f"ended before it had port {port}:\n{self.output[-2000:]}"
            assert time.monotonic() < end, f"does not have port {port} after {limit_s} s:\n{self.output[-2000:]}"
            time.sleep(_POLL_S)

    def wait(self, limit_s: float = 30) -> int:
        """The exit code. Fails with the program's output when it hangs."""
        try:
            return self.process.wait(limit_s)
        except subprocess.TimeoutExpired:
            self.end()
            raise AssertionError(f"still runs after {limit_s} s: {' '.join(self.command)}\n{self.output[-2000:]}") from None

    def end(self) -> None:
        """Kill the process group if it still runs, and reap the program."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class Programs:
    """Starts programs in one folder and ends those that are left."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._started: list[Program] = []

    def start(self, *command: str, environment: Mapping[str, str] | None = None) -> Program:
        """Start a program in the folder."""
        program = Program(command, self.folder, environment)
        self._started.append(program)
        return program

    def end(self) -> None:
        """End every program that was started here."""
        for program in self._started:
            program.end()
