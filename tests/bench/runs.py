# SPDX-License-Identifier: AGPL-3.0-or-later
"""One measured run: a UAC on one core, a UAS on another, what both say and how much CPU each took."""

from __future__ import annotations

import math
import os
import signal
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests.bench.candidates import Candidate, Totals
from tests.programs import Program, free_port

HOST = "127.0.0.1"
MEASURED_CORE, PEER_CORE = 0, 1
COMMON = ("-i", HOST, "-nostdin", "-buff_size", "8388608")
OPEN_CALLS = 200_000
"""No limit that a run would meet: SIPp's default one would hold calls back at high rates."""

MARGIN_S = 10
"""How long after its last call a run may take; one that needs longer is lost in retransmissions, and is ended."""

CLEAN_SHARE = 0.95
"""A rate counts as reached when at least this share of it was."""


@dataclass(frozen=True)
class Side:
    """What one side did; `cpu_s` is user and system time of the process and its children, from start to end."""

    totals: Totals | None
    cpu_s: float


@dataclass(frozen=True)
class Pair:
    """Both sides of a run of `calls` calls at `rate` calls a second."""

    uac: Side
    uas: Side
    rate: float
    calls: int

    @property
    def clean(self) -> bool:
        """Whether every call was successful, at the rate that was asked for."""
        totals = self.uac.totals
        return (
            totals is not None
            and (totals.successful, totals.failed) == (self.calls, 0)
            and totals.call_rate >= CLEAN_SHARE * self.rate
        )


def pinned(core: int) -> tuple[str, ...]:
    """What to put before a command so that it runs on this core, or on another where there are fewer."""
    cores = sorted(os.sched_getaffinity(0))
    return ("taskset", "-c", str(cores[core % len(cores)]))


def reap(program: Program, limit_s: float) -> float:
    """Wait for the end of a program and return its CPU time in seconds; after `limit_s` it is killed."""
    end = time.monotonic() + limit_s
    while True:
        pid, status, usage = os.wait4(program.process.pid, os.WNOHANG)
        if pid:
            program.process.returncode = os.waitstatus_to_exitcode(status)
            return usage.ru_utime + usage.ru_stime
        if time.monotonic() > end:
            os.killpg(program.process.pid, signal.SIGKILL)
        time.sleep(0.02)


def _totals(candidate: Candidate, report: Path) -> Totals | None:
    try:
        return candidate.totals(report)
    except (OSError, ValueError, IndexError):
        return None


@dataclass(frozen=True)
class Flags:
    """What is given to each side beside the load: the scenario it plays, and how messages travel."""

    uac: tuple[str, ...] = ("-sn", "uac")
    uas: tuple[str, ...] = ("-sn", "uas")


OVER_UDP = Flags()


def run_pair(uac: Candidate, uas: Candidate, rate: float, calls: int, *, whole: bool = True, flags: Flags = OVER_UDP) -> Pair:
    """Run `calls` calls at `rate` from one candidate to the other.

    With `whole` the UAS ends by itself, after the seconds in which its calls wait for retransmissions; else it is
    stopped when the UAC has ended, and has no totals.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        port = free_port()
        uas_report, uac_report = folder / "uas", folder / "uac"
        server = _start(uas, PEER_CORE, uas_report, *flags.uas, "-p", str(port), "-m", str(calls))
        try:
            server.wait_bound(port)
            arguments = (f"{HOST}:{port}", *flags.uac, "-r", f"{rate:g}", "-m", str(calls), "-l", str(OPEN_CALLS))
            limit_s = math.ceil(calls / rate) + MARGIN_S
            client = _start(uac, MEASURED_CORE, uac_report, *arguments, "-timeout", str(limit_s))
            try:
                uac_cpu_s = reap(client, limit_s + MARGIN_S)
            finally:
                client.end()
            uas_cpu_s = reap(server, limit_s=10 if whole else 0)
        finally:
            server.end()
        return Pair(
            Side(_totals(uac, uac_report), uac_cpu_s),
            Side(_totals(uas, uas_report) if whole else None, uas_cpu_s),
            rate,
            calls,
        )


def _start(candidate: Candidate, core: int, report: Path, *arguments: str) -> Program:
    command = (*pinned(core), *candidate.command, *arguments, *COMMON, *candidate.reporting(report))
    return Program(command, report.parent, candidate.environment)
