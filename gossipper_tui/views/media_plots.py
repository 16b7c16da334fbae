# SPDX-License-Identifier: AGPL-3.0-or-later
"""Media over the time of a run: packets a second, quality, jitter and loss."""

from __future__ import annotations

from collections.abc import Callable

from gossipper_tui.views.curves import Curve, curves_plot
from gossipper_tui.views.history import RunHistory
from gossipper_tui.views.media_point import MediaPoint
from gossipper_tui.views.numbers import duration, rate, significant
from gossipper_tui.views.plot import nice_ceiling
from gossipper_tui.views.spans import Line, Tone

_LOWEST_MOS = 1.0
_MOS_RANGE = 4.0
"""From 1 to 5 (ITU-T P.800); the E-model gives 4.5 at most."""


def packets_plot(history: RunHistory, width: int, height: int) -> list[Line]:
    """Packets a second, received and sent."""
    curves = [
        Curve("out", Tone.SECOND, _values(history, lambda point: point.sent)),
        Curve("in", Tone.FIRST, _values(history, lambda point: point.received)),
    ]
    return curves_plot(curves, history.series.points, nice_ceiling(_highest(curves)), rate, width, height)


def mos_plot(history: RunHistory, width: int, height: int) -> list[Line]:
    """The quality of what came: of the leg in the middle, and of the worst twentieth."""
    curves = [
        Curve("p5", Tone.THIRD, _values(history, lambda point: _above_lowest(point.low_mos))),
        Curve("p50", Tone.FIRST, _values(history, lambda point: _above_lowest(point.mos))),
    ]
    return curves_plot(curves, history.series.points, _MOS_RANGE, _mos_label, width, height, zero="1.0", pick=min)


def jitter_plot(history: RunHistory, width: int, height: int) -> list[Line]:
    """The mean jitter of what came."""
    curve = Curve("mean", Tone.FIRST, _values(history, lambda point: point.jitter_ns))
    return curves_plot([curve], history.series.points, nice_ceiling(max(_highest([curve]), 1e6)), duration, width, height)


def loss_plot(history: RunHistory, width: int, height: int) -> list[Line]:
    """The part of what came that was lost, in per cent."""
    curve = Curve("lost", Tone.THIRD, _values(history, lambda point: None if point.loss is None else 100 * point.loss))
    return curves_plot([curve], history.series.points, nice_ceiling(max(_highest([curve]), 1.0)), _percent, width, height)


def _values(history: RunHistory, value: Callable[[MediaPoint], float | None]) -> list[float | None]:
    return [value(point.media) if point.media is not None else None for point in history.series.points]


def _highest(curves: list[Curve]) -> float:
    return max((value for curve in curves for value in curve.values if value is not None), default=0.0)


def _above_lowest(mos: float | None) -> float | None:
    return None if mos is None else mos - _LOWEST_MOS


def _mos_label(above_lowest: float) -> str:
    return f"{above_lowest + _LOWEST_MOS:.1f}"


def _percent(value: float) -> str:
    return f"{significant(value)} %"
