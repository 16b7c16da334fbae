# SPDX-License-Identifier: AGPL-3.0-or-later
"""Tables in Markdown, to print and to paste into `docs/performance.md`."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from pathlib import Path


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table under its title, the first column to the left and the others to the right, padded to read well as text."""
    widths = [max(len(line[index]) for line in (columns, *rows)) for index in range(len(columns))]
    rule = [":" + "-" * (widths[0] - 1), *("-" * (width - 1) + ":" for width in widths[1:])]
    lines = [_line(columns, widths), _line(rule, widths), *(_line(row, widths) for row in rows)]
    return "\n".join((f"### {title}", "", *lines, ""))


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = zip(cells, widths, strict=True)
    return f"| {first[0]:<{first[1]}} | " + " | ".join(f"{cell:>{width}}" for cell, width in others) + " |"


def machine() -> str:
    """One line on what was measured on."""
    cpu_info = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.partition(":")[2].strip() for line in cpu_info if line.startswith("model name")), platform.machine())
    cores = len(os.sched_getaffinity(0))
    return f"{cores} cores of {model}, Linux {platform.release().partition('-')[0]}, Python {platform.python_version()}"
