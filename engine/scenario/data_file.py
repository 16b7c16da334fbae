# SPDX-License-Identifier: AGPL-3.0-or-later
"""Data files (`-inf`): lines of fields that fill `[field0]`, `[field1]` … in the messages of a call.

The first line says in which order calls take lines; the others hold fields parted by `;`. A line that starts with `#`
is a comment, an empty one counts for nothing, lines may end in LF or CRLF. SEQUENTIAL gives call *n* line *n* and starts
again after the last: a function of the call's number alone, so nothing has to be kept or shared.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from engine.errors import ScenarioError
from engine.scenario.input_files import Unreadable, read_head, read_regular
from engine.scenario.problems import LATER_HINT, nearest

MOST_DATA_BYTES = 1 << 31
HEAD_BYTES = 1 << 16
"""What is looked at before a run."""

_ORDER = re.compile(r"([A-Za-z]*)(.*)", re.S)
_LATER = ("RANDOM", "USER")


@dataclass(frozen=True, slots=True)
class DataFile:
    """One data file. `path` is as it was given; `lines` has at least one, `numbers` where each stands in the file."""

    path: str
    lines: tuple[tuple[bytes, ...], ...]
    numbers: tuple[int, ...]

    @property
    def name(self) -> str:
        """The base name, by which `file=` finds it."""
        return Path(self.path).name

    def line_of_call(self, number: int) -> int:
        """Index of the line that the call with this number (from 1) takes."""
        return (number - 1) % len(self.lines)


def load_data_file(path: str) -> DataFile:
    """Read a data file. Raises ScenarioError with the place of the problem."""
    try:
        data = read_regular(path, MOST_DATA_BYTES)
    except Unreadable as error:
        raise _unreadable(path, error) from None
    return parse_data_file(path, data)


def check_data_file(path: str) -> None:
    """Look at the beginning of a data file. Raises ScenarioError."""
    try:
        head = read_head(path, MOST_DATA_BYTES, HEAD_BYTES)
    except Unreadable as error:
        raise _unreadable(path, error) from None
    if len(head) < HEAD_BYTES:
        parse_data_file(path, head)
    else:
        _check_order(path, head.removeprefix(b"\xef\xbb\xbf").split(b"\n", 1)[0].removesuffix(b"\r").decode("latin-1"))


def _unreadable(path: str, error: Unreadable) -> ScenarioError:
    return ScenarioError(path, 0, 0, f"cannot read the data file: {error}")


def parse_data_file(path: str, data: bytes) -> DataFile:
    """The same from bytes; `path` only names the file in errors."""
    lines = [line.removesuffix(b"\r") for line in data.removeprefix(b"\xef\xbb\xbf").split(b"\n")]
    _check_order(path, lines[0].decode("latin-1"))
    kept = {number: line for number, line in enumerate(lines[1:], start=2) if line.strip() and not line.startswith(b"#")}
    if not kept:
        raise ScenarioError(path, 0, 0, "the data file has no line of data", "add one below SEQUENTIAL")
    return DataFile(path, tuple(tuple(line.split(b";")) for line in kept.values()), tuple(kept))


def _check_order(path: str, first: str) -> None:
    found = _ORDER.match(first)
    order, rest = (found[1], found[2].strip().rstrip(";")) if found else ("", "")
    if order in _LATER:
        raise ScenarioError(path, 1, 1, f"data files in {order} order are not built yet", "SEQUENTIAL is")
    if order != "SEQUENTIAL":
        hint = nearest(order, ("SEQUENTIAL",)) or "it must say SEQUENTIAL"
        raise ScenarioError(path, 1, 1, f"the first line of a data file tells its order; '{first[:40].strip()}' is none", hint)
    if rest:
        raise ScenarioError(path, 1, len(order) + 1, f"'{rest[:40]}' is not built yet", LATER_HINT)
