# SPDX-License-Identifier: AGPL-3.0-or-later
"""Data files (`-inf`): lines of fields that fill `[field0]`, `[field1]` … in the messages of a call.

The first line says in which order calls take lines; the others hold fields parted by `;`. A line that starts with `#`
is a comment, a blank one counts for nothing, lines may end in LF or CRLF. SEQUENTIAL gives call *n* line *n* and starts
again after the last: a function of the call's number alone, so nothing has to be kept or shared.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engine.errors import ScenarioError


@dataclass(frozen=True, slots=True)
class DataFile:
    """The lines of one data file. `name` is its base name, by which `file=` finds it; `lines` has at least one."""

    name: str
    lines: tuple[tuple[bytes, ...], ...]

    def line_of_call(self, number: int) -> int:
        """Index of the line that the call with this number (from 1) takes."""
        return (number - 1) % len(self.lines)


def load_data_file(path: str) -> DataFile:
    """Read a data file. Raises ScenarioError with the place of the problem."""
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise ScenarioError(path, 0, 0, f"cannot read the data file: {error.strerror}") from None
    return parse_data_file(path, data)


def parse_data_file(path: str, data: bytes) -> DataFile:
    """The same from bytes; `path` only names the file in errors."""
    lines = [line.removesuffix(b"\r") for line in data.split(b"\n")]
    order = lines[0].strip().decode("latin-1")
    if order != "SEQUENTIAL":
        raise ScenarioError(path, 1, 1, f"the first line says '{order}'", "it must say SEQUENTIAL")
    fields = tuple(tuple(line.split(b";")) for line in lines[1:] if line and not line.startswith(b"#"))
    if not fields:
        raise ScenarioError(path, 0, 0, "the data file has no line of data", "add one below SEQUENTIAL")
    return DataFile(Path(path).name, fields)
