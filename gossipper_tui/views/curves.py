# SPDX-License-Identifier: AGPL-3.0-or-later
"""Curves over the time of a run, named at their right ends, with a scale at the left and a time axis below."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from gossipper_tui.views.numbers import duration
from gossipper_tui.views.plot import Pick, line_plot, points_across
from gossipper_tui.views.series import Point
from gossipper_tui.views.spans import Line, Span, Tone, fit, line, trimmed, width_of

_GAP = 2
"""Cells between a curve and the edge that its name does not take."""


_BACK_TO_FRONT = (Tone.THIRD, Tone.SECOND, Tone.FIRST)
"""The tones of curves in the order in which they are drawn: where two meet, the calmer is seen."""


class Curve(NamedTuple):
    """A value for each point, None where there is none; 0 is at the bottom of the plot."""

    name: str
    tone: Tone
    values: Sequence[float | None]


def curves_plot(
    curves: Sequence[Curve],
    points: Sequence[Point],
    top: float,
    label: Callable[[float], str],
    width: int,
    height: int,
    *,
    zero: str = "0",
    pick: Pick = max,
) -> list[Line]:
    """Curves, the lowest first, in `height` lines of `width` cells; nothing when there is no room for them.

    `label` writes a value of the scale, `zero` stands at its lower end. `pick` says which value of a
    curve is the worst.
    """
    labels = {0: label(top), (height - 1) // 2: label(top / 2)}
    axis = max(map(len, (*labels.values(), zero))) + 1
    inner, rows = width - axis - _GAP - max((len(curve.name) for curve in curves), default=0), height - 1
    if inner < 4 or rows < 2:
        return []
    drawn = line_plot([(curve.tone, curve.values) for curve in sorted(curves, key=_depth)], inner, rows, top, pick)
    names = _names_at_ends(curves, rows, top)
    end = math.ceil(len(points) / points_across(len(points), 2 * inner) * inner) if points else 0
    lines = []
    for row in range(rows):
        edge = f"{labels.get(row, ''):>{axis - 1}}{'┤' if row in labels else '│'}"
        curve = trimmed(drawn[row])
        lines.append(fit(line(Span(edge, Tone.DIM), *curve, " " * (end + 1 - width_of(curve)), names[row]), width))
    return [*lines, fit(line(Span(f"{zero:>{axis - 1}}└{_time_axis(points, inner)}", Tone.DIM)), width)]


def _depth(curve: Curve) -> int:
    return _BACK_TO_FRONT.index(curve.tone)


def _time_axis(points: Sequence[Point], inner: int) -> str:
    """A line as long as the plot, with the time at its right end."""
    mean_ns = points[-1].at_ns / len(points) if points else 0
    label = duration(points_across(len(points), 2 * inner) * mean_ns)
    return "─" * max(0, inner - len(label) - 1) + f" {label}"


def _names_at_ends(curves: Sequence[Curve], rows: int, top: float) -> list[Span]:
    """The curves' names, each in the row where its curve ends; moved apart, the later curve above, where they meet."""
    names = [Span("")] * rows
    row = rows
    for place, curve in enumerate(curves):
        last = next((value for value in reversed(curve.values) if value is not None), None)
        if last is None:
            continue
        above = len(curves) - 1 - place
        row = max(min(rows - 1 - int(last / top * rows), row - 1), min(above, row - 1), 0)
        names[row] = Span(curve.name, curve.tone)
    return names
