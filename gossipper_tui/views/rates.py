# SPDX-License-Identifier: AGPL-3.0-or-later
"""Calls a second: a column for each period of what was started, and beside it what was asked and what was done."""

from __future__ import annotations

from gossipper_tui.views.history import RunHistory
from gossipper_tui.views.numbers import count, rate
from gossipper_tui.views.plot import columns_plot, nice_ceiling
from gossipper_tui.views.spans import Line, Span, Tone, fit, line, wrapped

_AXIS = 6


def rates(history: RunHistory, asked: float | None, width: int, height: int) -> list[Line]:
    """Columns of calls started a second, and a line of numbers. `asked` is a target that was set and is not yet seen."""
    numbers = _numbers(history, asked, width)
    rows = height - len(numbers)
    if rows < 1 or width <= _AXIS + 2:
        return numbers[:height]
    points = history.series.points
    top = nice_ceiling(max((max(point.started, point.target) for point in points), default=0.0))
    plotted = columns_plot([point.started for point in points], width - _AXIS - 1, rows, top, Tone.AREA)
    labels = [rate(top, _AXIS - 1), *[" " * (_AXIS - 1)] * (rows - 1)]
    return [
        *(
            fit(line(Span(label, Tone.DIM), Span("┤" if not index else "│", Tone.DIM), *columns), width)
            for index, (label, columns) in enumerate(zip(labels, plotted, strict=True))
        ),
        *numbers,
    ]


def _numbers(history: RunHistory, asked: float | None, width: int) -> list[Line]:
    snapshot, points = history.snapshot, history.series.points
    if snapshot is None:
        return []
    started, done = (points[-1].started, points[-1].done) if points else (0.0, 0.0)
    parts = []
    if snapshot.users is not None:
        parts.append(line(Span("users ", Tone.DIM), Span(count(snapshot.users), Tone.STRONG)))
    elif snapshot.target_rate or asked is not None:
        target = snapshot.target_rate if asked is None else asked
        parts.append(
            line(Span("target ", Tone.DIM), Span(rate(target), Tone.STRONG), *([Span("…")] if asked is not None else []))
        )
    parts.append(line(Span("started ", Tone.DIM), Span(rate(round(started, 1)))))
    parts.append(line(Span("done ", Tone.DIM), Span(rate(round(done, 1)))))
    return wrapped(parts, width)
