# SPDX-License-Identifier: AGPL-3.0-or-later
"""The bounds of histograms that are told in fixed buckets, and how ours become these.

A value counts where its bucket (`engine.messages.histogram`) is told to be: at its middle, at most 0.2 % off. So a count is
exact but for values within 0.2 % of its bound, and agrees with the percentiles of the summary. Sums and totals are exact.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import Final

from engine.messages import Histogram


def _decades(first: int, last: int, steps: Sequence[float]) -> tuple[float, ...]:
    """The steps times 10 to the power of `first` to `last`."""
    return tuple(round(step * 10.0**power, -power + 2) for power in range(first, last + 1) for step in steps)


SECONDS: Final = (0.00002, 0.00005, *_decades(-4, 1, (1, 1.5, 2, 3, 4, 5, 7)))
"""Of times from 20 µs to 70 s, seven a decade: response times, lateness, jitter."""
LONG_SECONDS: Final = (*_decades(-3, 3, (1, 2, 5)), 10_000.0)
"""Of times from 1 ms to some hours: how long calls are."""
RATIOS: Final = (0.0, 0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.5, 1.0)
"""Of loss."""
SCORES: Final = (1.5, 2.0, 2.58, 3.1, 3.6, 3.8, 4.03, 4.2, 4.34, 4.5)
"""Of MOS: among them those at which ITU-T G.107 annex B parts the satisfied from the dissatisfied."""


def counts_up_to(histogram: Histogram, bounds: Sequence[float], scale: int) -> list[int]:
    """For each bound, of which one is `scale` of the histogram's values, how many values are not above it; last, how many
    there are."""
    buckets = sorted(histogram.buckets)
    running = [0, *accumulate(histogram.buckets[bucket] for bucket in buckets)]
    limits = (round(bound * scale) for bound in bounds)
    return [*(running[bisect_right(buckets, limit, key=histogram.told_ns)] for limit in limits), running[-1]]
