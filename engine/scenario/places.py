# SPDX-License-Identifier: AGPL-3.0-or-later
"""Where things stand in a scenario's text, so that each problem can be told with its place.

Lines and columns count from 1, columns in bytes. A `Place` is a line that knows its column: it goes wherever a line goes, and
whoever reports a problem there has the column as well.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence


class Place(int):
    """A line, and the column in it; column 0 means that it is not known."""

    column: int

    def __new__(cls, line: int, column: int = 0) -> Place:
        """The place of that line and column."""
        made = super().__new__(cls, line)
        made.column = column
        return made


def column_of(line: int) -> int:
    """The column of a line that may know one, else 0."""
    return line.column if isinstance(line, Place) else 0


class Places:
    """Tells line and column of any offset in a text."""

    def __init__(self, text: str) -> None:
        self._ends = [found.start() for found in re.finditer("\n", text)]

    def of(self, offset: int) -> Place:
        """The place of an offset."""
        line = bisect_left(self._ends, offset)
        return Place(line + 1, offset - (self._ends[line - 1] if line else -1))


def margins_of(text: str, before: int) -> list[int]:
    """How many characters stand in the file before each line of a cleaned CDATA text (see `template.clean`).

    `text` is what stands between its brackets, and `before` how many characters stand before it in its first line.
    """
    start = len(text) - len(text.lstrip(" \t\n"))
    first = start - (text.rfind("\n", 0, start) + 1) + (before if "\n" not in text[:start] else 0)
    rest = text.strip(" \t\n").split("\n")[1:]
    return [first, *(len(line) - len(line.lstrip(" ").lstrip("\t")) for line in rest)]


def place_in(first: int, line: int, offset: int, margins: Sequence[int] | None) -> Place:
    """The place of what stands `offset` characters behind the beginning of `line`, in a text that begins in the line `first`.

    Without `margins` it is not known how the text stands in the file, and the place is that of its beginning.
    """
    if margins is None:
        return Place(line, column_of(first) if line == first else 0)
    return Place(line, offset + 1 + (margins[line - first] if line - first < len(margins) else 0))
