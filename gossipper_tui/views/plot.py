# SPDX-License-Identifier: AGPL-3.0-or-later
"""Plots in characters: lines in braille dots, columns in eighth blocks.

A braille character is a grid of 2 × 4 dots, so a plot of w × h cells has 2w × 4h of them. Where two lines meet in one
character the later one gives the tone. A whole plot takes well under a millisecond, so it can be made anew four times
a second beside a running load.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import TypeAlias

from gossipper_tui.views.spans import Line, Span, Tone, line

_DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
_BLOCKS = " ▁▂▃▄▅▆▇█"
_STEPS = (1, 1.5, 2, 3, 4, 5, 6, 8, 10)
_LEAST = 1e-9
_WIDEST_POINT = 8

Pick: TypeAlias = Callable[[Iterable[float]], float]
"""Which of several values that share a place is shown: the worst, `max` or `min`."""


def nice_ceiling(value: float) -> float:
    """The least round number that is not below `value`: 1, 1.5, 2, 3, 4 … 80, 100, 150 …; 1 for as good as nothing."""
    if value < _LEAST:
        return 1.0
    magnitude: float = 10.0 ** math.floor(math.log10(value))
    return next((step * magnitude for step in _STEPS if value <= step * magnitude * (1 + 1e-9)), 10 * magnitude)


def scale(points: int, columns: int) -> tuple[int, int]:
    """How many columns a point takes, and how many points share one; one of the two is 1.

    They change only when the plot is full, so that a curve grows to the right and its past does not shimmer.
    """
    stretch = _WIDEST_POINT
    while stretch > 1 and points * stretch > columns:
        stretch //= 2
    return stretch, max(1, math.ceil(points / columns)) if columns > 0 else 1


def points_across(points: int, columns: int) -> float:
    """How many points the whole width stands for when `points` are there."""
    stretch, squeeze = scale(points, columns)
    return columns / stretch * squeeze


def resample(values: Sequence[float | None], columns: int, pick: Pick = max) -> list[float | None]:
    """A value for each of `columns`, as `scale` says: what `pick` takes of those that share one; None where none is yet."""
    stretch, squeeze = scale(len(values), columns)
    sampled: list[float | None] = []
    for low in range(0, len(values), squeeze):
        present = [value for value in values[low : low + squeeze] if value is not None]
        sampled += [pick(present) if present else None] * stretch
    return (sampled + [None] * columns)[: max(0, columns)]


class _Canvas:
    """A grid of braille characters that dots are set in; the origin is at the bottom left."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.bits = [[0] * width for _ in range(height)]
        self.tones = [[Tone.NORMAL] * width for _ in range(height)]

    def column(self, x: int, low: int, high: int, tone: Tone) -> None:
        """Set the dots from `low` to `high` in the column of dots `x`."""
        for y in range(max(0, low), min(4 * self.height - 1, high) + 1):
            row = self.height - 1 - y // 4
            self.bits[row][x // 2] |= _DOTS[x % 2][3 - y % 4]
            self.tones[row][x // 2] = tone

    def lines(self) -> list[Line]:
        """The grid as text."""
        rows = []
        for bits, tones in zip(self.bits, self.tones, strict=True):
            cells = [(chr(0x2800 + dots) if dots else " ", tone) for dots, tone in zip(bits, tones, strict=True)]
            rows.append(tuple(Span("".join(c for c, _ in run), tone) for tone, run in groupby(cells, key=lambda cell: cell[1])))
        return rows


def line_plot(
    curves: Sequence[tuple[Tone, Sequence[float | None]]], width: int, height: int, top: float, pick: Pick = max
) -> list[Line]:
    """Curves over time in `height` lines of `width` cells; 0 is at the bottom and `top` at the top. None leaves a gap."""
    canvas = _Canvas(max(0, width), max(0, height))
    highest = 4 * canvas.height - 1
    for tone, values in curves:
        previous: int | None = None
        for x, value in enumerate(resample(values, 2 * canvas.width, pick)):
            if value is None:
                previous = None
                continue
            y = round(min(1.0, max(0.0, value / top)) * highest)
            start = y if previous is None else previous + (1 if y > previous else -1 if y < previous else 0)
            canvas.column(x, min(start, y), max(start, y), tone)
            previous = y
    return canvas.lines()


def columns_plot(values: Sequence[float | None], width: int, height: int, top: float, tone: Tone) -> list[Line]:
    """A column for each value in `height` lines of `width` cells; full height is `top`. What is not 0 is seen."""
    heights = []
    for value in resample(values, width):
        eighths = min(8 * height, math.ceil((value or 0.0) / top * 8 * height - 1e-9))
        heights.append(eighths)
    rows = []
    for row in range(height - 1, -1, -1):
        text = "".join(_BLOCKS[min(8, max(0, eighths - 8 * row))] for eighths in heights)
        rows.append(line(Span(text, tone)))
    return rows


def bar(share: float, width: int) -> str:
    """A horizontal bar of `width` cells at most for a share of 0 to 1; what is not 0 is seen."""
    eighths = min(8 * width, max(0, math.ceil(share * 8 * width - 1e-9)))
    full, rest = divmod(eighths, 8)
    return "█" * full + ("▏▎▍▌▋▊▉"[rest - 1] if rest else "")
