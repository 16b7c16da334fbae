# SPDX-License-Identifier: AGPL-3.0-or-later
"""The programs that are compared: how each is started with the same flags, and what it says of its run."""

from __future__ import annotations

import csv
import os
import shlex
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from engine.messages import Summary
from tests.programs import ALONE, GOSSIPPER, INSTALLED, ROOT, WITH_GOSSIPPER, require


@dataclass(frozen=True)
class Totals:
    """What a program says of its run; `call_rate` is what was reached, in calls a second."""

    successful: int
    failed: int
    retransmissions: int
    call_rate: float


class Candidate(ABC):
    """A load generator with SIPp's command line."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = WITH_GOSSIPPER

    @abstractmethod
    def reporting(self, report: Path) -> tuple[str, ...]:
        """The flags that make it write its report to this file."""

    @abstractmethod
    def totals(self, report: Path) -> Totals:
        """What it wrote."""


class Sipp(Candidate):
    """Debian's `sipp`."""

    name = "sipp"

    def __init__(self) -> None:
        self.command = (require("sipp"),)

    def reporting(self, report: Path) -> tuple[str, ...]:
        return ("-trace_stat", "-stf", str(report))

    def totals(self, report: Path) -> Totals:
        with open(report, newline="") as file:
            last = list(csv.DictReader(file, delimiter=";"))[-1]
        return Totals(
            int(last["SuccessfulCall(C)"]),
            int(last["FailedCall(C)"]),
            int(last["Retransmissions(C)"]),
            float(last["CallRate(C)"]),
        )


def install() -> TemporaryDirectory[str]:
    """Install this checkout into a folder: run from where it stands it would be plain Python, whatever users have."""
    folder = TemporaryDirectory(prefix="gossipper-bench-")
    pip = (sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", folder.name, str(ROOT))
    if subprocess.run(pip, check=False).returncode:
        sys.exit("cannot install this checkout to measure it: see above, or name another --command")
    return folder


class Ours(Candidate):
    """This checkout as users have it, installed; or another command that takes the same flags."""

    name = "gossipper"

    def __init__(self, command: str = "") -> None:
        self.environment = ALONE
        if command:
            self.command, self._whose = tuple(shlex.split(command)), command
        elif INSTALLED:
            self.command, self._whose = (*GOSSIPPER, "sipp"), "as installed"
        else:
            self._folder = install()
            self.command = (sys.executable, "-P", "-m", "gossipper_tui", "sipp")
            self.environment = {"PYTHONPATH": self._folder.name}
            self._whose = "built from this checkout"

    def describe(self) -> str:
        """What is measured: its version and form, and whose it is."""
        environment = {**os.environ, **self.environment}
        done = subprocess.run([*self.command, "-v"], capture_output=True, text=True, check=True, env=environment)
        return f"{done.stdout.strip()}, {self._whose}"

    def reporting(self, report: Path) -> tuple[str, ...]:
        return ("-summary_json", str(report))

    def totals(self, report: Path) -> Totals:
        summary = msgspec.json.decode(report.read_bytes(), type=Summary)
        counters = summary.counters
        failed = counters.failed + counters.lost_with_shard
        return Totals(counters.successful, failed, counters.retransmissions, summary.call_rate)


def certificates(ours: Ours, folder: Path) -> tuple[str, ...]:
    """Have `gossipper tls-cert` write into the folder; the flags of a server that shows what is there."""
    command = (*ours.command[:-1], "tls-cert", "--out", str(folder), "127.0.0.1")
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, **ours.environment})
    return shown_by(folder)


def shown_by(folder: Path) -> tuple[str, ...]:
    """The flags of a server that shows the certificate in this folder."""
    return ("-tls_cert", str(folder / "server.pem"), "-tls_key", str(folder / "server.key"))
