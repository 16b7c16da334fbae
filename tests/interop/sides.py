# SPDX-License-Identifier: AGPL-3.0-or-later
"""The two sides of an interop run, ours and SIPp's, and what each says of it."""

from __future__ import annotations

import csv
import subprocess
from collections.abc import Mapping
from pathlib import Path

import msgspec

from engine.messages import Summary
from tests.programs import GOSSIPPER, Program, Programs, free_port, require

LOOPBACK = {4: "127.0.0.1", 6: "::1"}
SUMMARY = "summary.json"
SIPP_TABLE = "sipp.csv"


def at(host: str, port: int) -> str:
    """`host:port`, with brackets where IPv6 needs them."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class Ours:
    """`gossipper sipp …` in the folder of a test, on one loopback address."""

    def __init__(self, programs: Programs, host: str = LOOPBACK[4]) -> None:
        self._programs = programs
        self.host = host
        self.port = free_port(host)

    def start(self, *arguments: str, before: tuple[str, ...] = ()) -> Program:
        """Start it, by the command `before`; it writes its summary, and nothing keeps it longer than a minute."""
        common = ("-i", self.host, "-p", str(self.port), "-summary_json", SUMMARY, "-nostdin", "-timeout", "60")
        return self._programs.start(*before, *GOSSIPPER, "sipp", *arguments, *common)

    def summary(self) -> Summary:
        """The summary that it wrote, in which every call is accounted for."""
        summary = msgspec.json.decode((self._programs.folder / SUMMARY).read_bytes(), type=Summary)
        counters = summary.counters
        assert counters.created == counters.successful + counters.failed + counters.open + counters.lost_with_shard
        assert counters.failed == sum(counters.failures.values())
        return summary


class Sipp:
    """Debian's `sipp` in the folder of a test, on one loopback address."""

    def __init__(self, programs: Programs, host: str = LOOPBACK[4]) -> None:
        self._sipp = require("sipp")
        self._programs = programs
        self.host = host
        self.port = free_port(host)

    def start(self, *arguments: str) -> Program:
        """Start it; it writes its table of statistics, and nothing keeps it longer than a minute."""
        common = ("-i", self.host, "-p", str(self.port), "-trace_stat", "-stf", SIPP_TABLE, "-nostdin", "-timeout", "60")
        # SIPp asks for 50,000 files with one socket a call, more than most systems allow.
        return self._programs.start(self._sipp, *arguments, *common, "-max_socket", "1000")

    def start_server(self, *arguments: str) -> Program:
        """Start it and wait until it can be called."""
        program = self.start(*arguments)
        program.wait_bound(self.port)
        return program

    def variant(self, name: str, changes: Mapping[str, str]) -> tuple[str, str]:
        """The flag and file of a variant of its own scenario `name`, with these pieces of text replaced."""
        text = subprocess.run([self._sipp, "-sd", name], capture_output=True, text=True, check=False).stdout
        for old, new in changes.items():
            assert old in text
            text = text.replace(old, new)
        (self._programs.folder / f"sipp_{name}.xml").write_text(text)
        return "-sf", f"sipp_{name}.xml"

    def totals(self) -> dict[str, str]:
        """The last row of its table, by column."""
        return table(self._programs.folder / SIPP_TABLE)[-1]


def table(path: Path) -> list[dict[str, str]]:
    """The rows of a `-trace_stat` file, by column."""
    with open(path, newline="") as file:
        return list(csv.DictReader(file, delimiter=";"))
