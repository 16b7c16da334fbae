# SPDX-License-Identifier: AGPL-3.0-or-later
"""What tshark finds in a capture: SIP's statistics, what is wrong with packets, comments."""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from pathlib import Path

from engine.messages import Summary
from tests.programs import require

_CHECKED = ("ip", "tcp", "udp")
_WRONG = (
    "_ws.malformed",
    "_ws.expert.severity == error",
    "tcp.analysis.flags",
    *(f'{protocol}.checksum.status == "Bad"' for protocol in _CHECKED),
)
_STATUS = re.compile(r"^  SIP ([0-9]{3}) .*:\s+([0-9]+) Packets$", re.M)
_METHOD = re.compile(r"^  ([A-Z]+)\s+:\s+([0-9]+) Packets$", re.M)
_ALL = re.compile(r"^Number of SIP messages: ([0-9]+)$", re.M)


def tshark(path: Path, *arguments: str) -> str:
    """What tshark says of a capture, with its heuristics as they come."""
    command = [require("tshark"), "-r", str(path), "-n", *arguments]
    read = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert read.returncode == 0, read.stderr
    return read.stdout


def statistics(path: Path, *arguments: str) -> Counter[str]:
    """How many requests of each method and responses of each status there are (`-z sip,stat`); they are all messages."""
    told = tshark(path, "-q", "-z", "sip,stat", *arguments)
    counted = Counter({what: int(number) for form in (_STATUS, _METHOD) for what, number in form.findall(told)})
    found = _ALL.search(told)
    assert found
    assert counted.total() == int(found[1])
    return counted


def wrong(path: Path) -> list[str]:
    """The packets that are malformed, or whose checksums or sequence numbers are wrong."""
    checks = [f"-o{protocol}.check_checksum:TRUE" for protocol in _CHECKED]
    return tshark(path, *checks, "-Y", " or ".join(_WRONG)).splitlines()


def comments(path: Path) -> list[str]:
    """The comments on packets, in their order."""
    return [line for line in tshark(path, "-T", "fields", "-e", "frame.comment").splitlines() if line]


def counted_by(summary: Summary) -> Counter[str]:
    """The same statistics as a summary has them: messages of the steps, those that came or went again, and unexpected ones."""
    counted: Counter[str] = Counter()
    for step in summary.steps:
        if step.kind in ("send", "recv"):
            counted[step.label] += step.counts.messages + step.counts.retransmissions
    return +counted
