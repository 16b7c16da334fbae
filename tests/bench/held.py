# SPDX-License-Identifier: AGPL-3.0-or-later
"""What open calls cost that each have a socket: `python -m tests.bench.held` opens them, holds them, and prints a table.

Memory is what the caller's processes and the kernel (`Slab`) took for each more that was open; over TCP the kernel's sockets of
the other side are in it. CPU is that of all calls, the start included, and the share of a core while all are only held.
The other side is ours too, in a process of its own.
"""

from __future__ import annotations

import os
import re
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests.bench.candidates import Ours, certificates
from tests.bench.runs import COMMON, HOST
from tests.bench.tables import machine, table
from tests.programs import Program, free_port

HELD_S = 30
RATE = 500
SOME = 200
"""Sockets from which on a process has all that it needs for its first calls."""
KINDS = (("un", "u1", 5_000, 1), ("un", "u1", 20_000, 2), ("tn", "tn", 2_000, 1), ("ln", "ln", 500, 1))
"""Transport of the caller and of the other side, calls, processes of the caller."""
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Use:
    """What processes and the kernel use at one moment."""

    at_s: float
    cpu_s: float
    memory_kb: int
    kernel_kb: int
    sockets: int


def processes(pid: int) -> list[int]:
    """A process and those that it started."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [pid, *(each for child in children for each in processes(int(child)))]


def use_of(pid: int) -> Use:
    """What a process and those that it started use now."""
    cpu_s, memory_kb, sockets = 0.0, 0, 0
    for each in processes(pid):
        try:
            fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
            cpu_s += (int(fields[11]) + int(fields[12])) / TICKS_PER_S
            memory_kb += _kb(f"/proc/{each}/status", "VmRSS")
            sockets += len(os.listdir(f"/proc/{each}/fd"))
        except OSError:
            continue  # it has ended meanwhile
    return Use(time.monotonic(), cpu_s, memory_kb, _kb("/proc/meminfo", "Slab"), sockets)


def _kb(path: str, name: str) -> int:
    found = re.search(rf"^{name}:\s+(\d+) kB", Path(path).read_text(), re.MULTILINE)
    return int(found[1]) if found else 0


def watch(caller: Program) -> list[Use]:
    """What the caller used, once a second, for 10 minutes at most."""
    used = []
    end = time.monotonic() + 600
    while caller.process.poll() is None and time.monotonic() < end:
        used.append(use_of(caller.process.pid))
        time.sleep(1)
    return used


def held(ours: Ours, transport: str, other: str, calls: int, workers: int) -> tuple[str, ...]:
    """A row of the table."""
    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        secure = certificates(ours, folder) if other == "ln" else ()
        server = Program(
            (*ours.command, "-sn", "uas", "-t", other, *secure, "-p", str(port), "-i", HOST, *COMMON), folder, ours.environment
        )
        try:
            server.wait_bound(port)
            load = ("-r", str(RATE), "-m", str(calls), "-l", str(calls), "-d", str(calls * 1000 // RATE + HELD_S * 1000))
            command = (*ours.command, f"{HOST}:{port}", "-sn", "uac", "-t", transport, "-workers", str(workers), *load, *COMMON)
            caller = Program((*command, *ours.reporting(folder / "report")), folder, ours.environment)
            try:
                used = watch(caller)
            finally:
                caller.end()
            totals = ours.totals(folder / "report")
        finally:
            server.end()
    return _row(transport, calls, workers, totals.successful, used)


def _row(transport: str, calls: int, workers: int, successful: int, used: list[Use]) -> tuple[str, ...]:
    some = next(use for use in used if use.sockets >= SOME * workers)
    open_all = [use for use in used if use.sockets >= calls]
    begin, end = open_all[0], open_all[-1]
    more = end.sockets - some.sockets
    idle = (end.cpu_s - begin.cpu_s) / max(end.at_s - begin.at_s, 1)
    return (
        transport,
        str(calls),
        str(workers),
        str(successful),
        f"{(end.memory_kb - some.memory_kb) / more:.1f}",
        f"{(end.kernel_kb - some.kernel_kb) / more:.1f}",
        f"{used[-1].cpu_s / calls * 1e6:.0f}",
        f"{idle:.1%}",
    )


def main() -> None:
    """Print the table."""
    ours = Ours()
    print(f"{machine()}\n{ours.describe()}\n")
    rows = [held(ours, *kind) for kind in KINDS]
    columns = (
        "-t",
        "open calls",
        "-workers",
        "successful",
        "kB a call",
        "kernel kB a call",
        "CPU a call µs",
        "CPU held",
    )
    print(table(f"Open calls with a socket each, held for {HELD_S} s", columns, rows))


if __name__ == "__main__":
    main()
