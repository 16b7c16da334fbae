# SPDX-License-Identifier: AGPL-3.0-or-later
"""The programs that are compared: how each is started with the same flags, and what it says of its run."""

from __future__ import annotations

import csv
import os
import shlex
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from engine.messages import Summary
from tests.programs import ALONE, GOSSIPPER, INSTALLED, WITH_GOSSIPPER, require


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


class Ours(Candidate):
    """What is under test, installed or this checkout, or another command that takes the same flags."""

    name = "gossipper"

    def __init__(self, command: str = "") -> None:
        self.command = tuple(shlex.split(command)) if command else (*GOSSIPPER, "sipp")
        self.environment = ALONE if command else WITH_GOSSIPPER
        self._whose = command or ("as installed" if INSTALLED else "this checkout")

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
