# SPDX-License-Identifier: AGPL-3.0-or-later
"""Numbers as people read them, in one way everywhere: on screens, status lines and final screens.

Counts have thin group spaces, durations three significant digits and their unit. A `width` aligns to the right, so
that no number jumps sideways as it grows.
"""

from __future__ import annotations

import math

GROUP_SPACE = "\u202f"
"""Narrow no-break space: groups digits without letting a line break between them."""

_DURATION_UNITS = ((1, "ns"), (1_000, "µs"), (1_000_000, "ms"), (1_000_000_000, "s"), (60 * 10**9, "min"), (3600 * 10**9, "h"))
"""Each unit of duration, in ns, from the smallest."""
_ENDLESS = (math.inf, "")


def count(n: int, width: int = 0) -> str:
    """A whole number in groups of three: `61 240`."""
    return f"{n:,}".replace(",", GROUP_SPACE).rjust(width)


def duration(ns: float, width: int = 0) -> str:
    """A duration in ns with three significant digits and its unit: `1.23 ms`, `45.6 s`; `0 ms` for none at all."""
    if not ns:
        return "0 ms".rjust(width)
    # What would round up to 1000 µs reads better as 1.00 ms: the size is taken after rounding.
    text, unit = next(
        (text, unit)
        for (size, unit), (larger, _) in zip(_DURATION_UNITS, (*_DURATION_UNITS[1:], _ENDLESS), strict=True)
        if float(text := significant(ns / size)) * size < larger
    )
    return f"{text} {unit}".rjust(width)


def clock(ns: int) -> str:
    """A duration in ns as a clock: `00:02:17`."""
    minutes, seconds = divmod(ns // 10**9, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}"


def rate(per_second: float, width: int = 0) -> str:
    """A rate with three significant digits, and all those before the point: `0.0167`, `12.5`, `500`, `12 345`."""
    if per_second >= 100 or per_second == int(per_second):
        return count(round(per_second), width)
    text = significant(per_second)
    return (text.rstrip("0").rstrip(".") if "." in text else text).rjust(width)


def percentage(part: int, whole: int) -> str:
    """A share as a percentage; `0 %` of nothing. What is not all never reads as 100, nor what is some as 0."""
    if not whole:
        return "0 %"
    share = 100 * part / whole
    if part in (0, whole):
        return f"{share:.0f} %"
    return f"{min(max(share, 0.01), 99.99):.2f} %" if share > 99.9 else f"{max(share, 0.01):.3g} %"


def significant(value: float) -> str:
    """A number with three significant digits, never in exponent form: `0.0123`, `1.23`, `45.6`, `1234`."""
    if not value:
        return "0"
    exponent = int(f"{value:.2e}".partition("e")[2])
    return f"{value:.{max(0, 2 - exponent)}f}"
