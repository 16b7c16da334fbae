# SPDX-License-Identifier: AGPL-3.0-or-later
"""Lines of text with a meaning for each part: what views return and widgets draw.

A view says *what* a piece of text is (`Tone`), never which colour it has; themes decide that. Widths are in terminal
cells, so wide characters count as two. Meaning is never in the tone alone: a sign or a word goes with it.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple


class Tone(StrEnum):
    """What a piece of text means."""

    NORMAL = "normal"
    DIM = "dim"
    STRONG = "strong"
    TITLE = "title"
    SENT = "sent"
    RECEIVED = "received"
    GOOD = "good"
    WARN = "warn"
    BAD = "bad"
    FIRST = "first"
    SECOND = "second"
    THIRD = "third"
    AREA = "area"
    NAME = "name"
    VALUE = "value"
    KEYWORD = "keyword"


class Span(NamedTuple):
    """A piece of text with one meaning."""

    text: str
    tone: Tone = Tone.NORMAL


Line = tuple[Span, ...]
"""One line; no span holds a line break."""

EMPTY: Line = ()


def line(*parts: Span | str) -> Line:
    """A line of spans; plain text is `Tone.NORMAL`, empty text is left out."""
    spans = (part if isinstance(part, Span) else Span(part) for part in parts)
    return tuple(span for span in spans if span.text)


def width_of(parts: Iterable[Span]) -> int:
    """How many cells a line takes."""
    return sum(cell_len(span.text) for span in parts)


def cell_len(text: str) -> int:
    """The cells that a text takes on a screen. Rich knows; who shows nothing on one need not import it."""
    from rich import cells

    return cells.cell_len(text)


def set_cell_size(text: str, width: int) -> str:
    """A text of so many cells, cut or filled on the right."""
    from rich import cells

    return cells.set_cell_size(text, width)


def plain(parts: Iterable[Span]) -> str:
    """The text of a line."""
    return "".join(span.text for span in parts)


def cut(text: str, width: int) -> str:
    """Text that takes at most `width` cells; what is cut ends in `…`."""
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, width - 1) + "…" if width > 0 else ""


def padded(text: str, width: int) -> str:
    """Text that takes exactly `width` cells, cut or filled on the right."""
    return set_cell_size(cut(text, width), width)


def fit(parts: Line, width: int) -> Line:
    """A line that takes at most `width` cells."""
    fitted: list[Span] = []
    for span in parts:
        left = width - width_of(fitted)
        fitted.append(Span(cut(span.text, left), span.tone))
        if cell_len(span.text) > left:
            break
    return line(*fitted)


def trimmed(parts: Line) -> Line:
    """The line without the blanks at its end."""
    kept = list(parts)
    while kept and not kept[-1].text.strip():
        kept.pop()
    return (*kept[:-1], Span(kept[-1].text.rstrip(), kept[-1].tone)) if kept else EMPTY


def spread(left: Line, right: Line, width: int) -> Line:
    """`left` at the left edge and `right` at the right one; when both do not fit, the left one is cut."""
    kept = fit(left, max(0, width - width_of(right) - 1))
    gap = max(1, width - width_of(kept) - width_of(right))
    return fit(line(*kept, " " * gap, *right), width)


def stacked(blocks: Iterable[list[Line]]) -> list[Line]:
    """Blocks of lines below each other, an empty line between two."""
    lines: list[Line] = []
    for block in blocks:
        if lines and block:
            lines.append(EMPTY)
        lines.extend(block)
    return lines


def wrapped(parts: Iterable[Line], width: int, gap: str = " · ") -> list[Line]:
    """Phrases beside each other with `gap` between them, going on in the next line where a phrase does not fit."""
    lines: list[Line] = []
    for part in parts:
        joined = line(*lines[-1], Span(gap, Tone.DIM), *part) if lines else part
        if lines and width_of(joined) <= width:
            lines[-1] = joined
        else:
            lines.append(fit(part, width))
    return lines
