# SPDX-License-Identifier: AGPL-3.0-or-later
"""Response times: their percentiles over time as a plot, and each timer's percentiles and repartition as tables.

The percentiles of a point of the plot are those of its own period, not of the whole run, so that a change shows. A
run without timers is plotted by the length of its calls.
"""

from __future__ import annotations

from engine.messages import Histogram
from gossipper_tui.views.curves import Curve, curves_plot
from gossipper_tui.views.history import RunHistory
from gossipper_tui.views.numbers import count, duration, percentage
from gossipper_tui.views.plot import bar, nice_ceiling
from gossipper_tui.views.series import CALL_LENGTH, times_of
from gossipper_tui.views.spans import EMPTY, Line, Span, Tone, fit, line, padded, spread, stacked

PERCENTILES = (50.0, 90.0, 95.0, 99.0, 99.9)
_CURVES = (("p50", Tone.FIRST), ("p90", Tone.SECOND), ("p99", Tone.THIRD))
_LABEL = 12
_LONGEST_BAR = 80


def plotted_timer(history: RunHistory) -> str:
    """Which time the plot shows: the first timer of the scenario, else the call length."""
    timers = history.started.scenario.timers
    return timers[0] if timers else CALL_LENGTH


def title(timer: str) -> str:
    """How a time is called: `Response time 1`, `Call length`."""
    return timer.capitalize() if timer == CALL_LENGTH else f"Response time {timer}"


def plot(history: RunHistory, width: int, height: int) -> list[Line]:
    """p50, p90 and p99 of each period as curves over time, named at their right ends, with a time axis."""
    timer = plotted_timer(history)
    points = history.series.points
    curves = [
        Curve(name, tone, [point.times[timer][index] if timer in point.times else None for point in points])
        for index, (name, tone) in enumerate(_CURVES)
    ]
    top = nice_ceiling(max((value for value in curves[-1].values if value), default=1e6))
    return curves_plot(curves, points, top, duration, width, height) or newest(history, width)[:height]


def newest(history: RunHistory, width: int) -> list[Line]:
    """The percentiles of the newest period in numbers."""
    timer = plotted_timer(history)
    last = next((point.times[timer] for point in reversed(history.series.points) if timer in point.times), ())
    parts = [f"{name} {duration(value)}" for (name, _), value in zip(_CURVES, last, strict=False)]
    return [fit(line("  ".join(parts)), width)] if parts else []


def tables(history: RunHistory, width: int) -> list[Line]:
    """For each timer and the call length: percentiles, mean and deviation, then SIPp's repartition as bars."""
    snapshot = history.snapshot
    if snapshot is None:
        return []
    from_due = snapshot.response_times_from_due
    blocks = [_block(title(name), times, from_due.get(name), width) for name, times in times_of(snapshot).items()]
    return stacked([*blocks, _block("Lateness of starts", snapshot.lateness, None, width)])


def _block(heading: str, histogram: Histogram, from_due: Histogram | None, width: int) -> list[Line]:
    lines = [spread(line(Span(heading, Tone.TITLE)), line(Span(f"{count(histogram.count)} measured", Tone.DIM)), width)]
    if not histogram.count:
        return [*lines, line(Span("  nothing measured yet", Tone.DIM))]
    lines += _percentile_lines("", histogram, width)
    if from_due is not None and from_due.count:
        lines += _percentile_lines("from due", from_due, width)
    return [*lines, *_repartition(histogram, width)]


def _percentile_lines(name: str, histogram: Histogram, width: int) -> list[Line]:
    found = histogram.percentiles_ns(*PERCENTILES)
    values = [(f"p{percent:g}", value) for percent, value in zip(PERCENTILES, found, strict=True)]
    values += [("max", histogram.max_ns), ("mean", round(histogram.mean_ns)), ("stdev", round(histogram.stdev_ns))]
    head, lines = Span(padded(f"  {name}", _LABEL), Tone.DIM), []
    across = max(1, (width - _LABEL) // 15)
    for at in range(0, len(values), across):
        cells = [
            s for title, ns in values[at : at + across] for s in (Span(f"{title:>5} ", Tone.DIM), Span(f"{duration(ns):<9}"))
        ]
        lines.append(fit(line(head, *cells), width))
        head = Span(" " * _LABEL)
    return lines


def _repartition(histogram: Histogram, width: int) -> list[Line]:
    """A bar for each class of SIPp's repartition; none when the scenario asks for none."""
    if not histogram.bounds_ms or not histogram.repartition:
        return []
    names = [f"< {bound} ms" for bound in histogram.bounds_ms] + [f"≥ {histogram.bounds_ms[-1]} ms"]
    longest = max(histogram.repartition) or 1
    inner = max(0, min(_LONGEST_BAR, width - _LABEL - 20))
    lines: list[Line] = [EMPTY]
    for name, number in zip(names, histogram.repartition, strict=True):
        numbers = f"{count(number, 10)} {percentage(number, histogram.count):>8}"
        drawn = Span(" " + bar(number / longest, inner), Tone.AREA)
        lines.append(
            fit(line(Span(f"{name:>{_LABEL}}", Tone.DIM), Span(numbers, Tone.NORMAL if number else Tone.DIM), drawn), width)
        )
    return lines
