# SPDX-License-Identifier: AGPL-3.0-or-later
"""A table of names with two columns of numbers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gossipper_tui.views.spans import EMPTY, Line, Span, Tone, fit, line, padded


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table, as text."""

    name: str
    left: str
    right: str
    tone: Tone = Tone.NORMAL


def two_columns(rows: Iterable[Row | None], width: int, column: int, names: tuple[int, int]) -> list[Line]:
    """The table in `width` cells; None is an empty line.

    A column of numbers has `column` cells; the names have what is left, within the least and the most that `names` says.
    """
    narrowest, widest = names
    name_width = max(narrowest, min(widest, width - 2 * column))
    return [_drawn(row, name_width, column, width) if row else EMPTY for row in rows]


def _drawn(row: Row, name_width: int, column: int, width: int) -> Line:
    numbers = f"{row.left:>{column}}{row.right:>{column}}"
    return fit(line(Span(padded(row.name, name_width), Tone.DIM), Span(numbers, row.tone)), width)
