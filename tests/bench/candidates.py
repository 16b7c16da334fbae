# SPDX-License-Identifier: AGPL-3.0-or-later
"""The programs that are compared: how each is started with the same flags, and what it says of its run."""

from __future__ import annotations

import csv
import shlex
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path

import msgspec

from engine.messages import Summary
from tests.programs import GOSSIPPER, require


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
    """The command of this checkout, or another one that takes the same flags."""

    name = "gossipper"

    def __init__(self, command: str = "") -> None:
        self.command = tuple(shlex.split(command)) if command else (*GOSSIPPER, "sipp")

    def reporting(self, report: Path) -> tuple[str, ...]:
        return ("-summary_json", str(report))

    def totals(self, report: Path) -> Totals:
        summary = msgspec.json.decode(report.read_bytes(), type=Summary)
        counters = summary.counters
        failed = counters.failed + counters.lost_with_shard
        return Totals(counters.successful, failed, counters.retransmissions, summary.call_rate)
