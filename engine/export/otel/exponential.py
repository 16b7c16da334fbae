# SPDX-License-Identifier: AGPL-3.0-or-later
"""A histogram of ours as an exponential histogram of OpenTelemetry (data model, ExponentialHistogram).

Count, sum, least and greatest are exact. A bucket of ours is at most 0.4 % wide and goes by its middle into one of base
2^(2^-scale); the scale is the finest at which no more than `MOST_BUCKETS` are needed from the least value to the greatest.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from engine.messages import Histogram

MOST_BUCKETS: Final = 160
"""As the SDK has it."""
FINEST_SCALE: Final = 7
"""A bucket of scale 7 is 0.54 % wide, which is as fine as ours."""
COARSEST_SCALE: Final = -10


@dataclass(frozen=True, slots=True)
class Exponential:
    """`counts[i]` values lie above base^(offset + i), up to the next power and that itself; `zeros` are 0."""

    scale: int
    zeros: int
    offset: int
    counts: tuple[int, ...]


def exponential_of(histogram: Histogram, scale_of_values: int) -> Exponential:
    """The buckets of a histogram; so many of its values are one of what is told."""
    zeros, logs = 0, dict[float, int]()
    for value, count in histogram.told():
        if value > 0:
            log = math.log2(value / scale_of_values)
            logs[log] = logs.get(log, 0) + count
        else:
            zeros += count
    if not logs:
        return Exponential(FINEST_SCALE, zeros, 0, ())
    scale = _scale_for(min(logs), max(logs))
    indexed: dict[int, int] = {}
    for log, count in logs.items():
        index = _index(log, scale)
        indexed[index] = indexed.get(index, 0) + count
    offset = min(indexed)
    return Exponential(scale, zeros, offset, tuple(indexed.get(index, 0) for index in range(offset, max(indexed) + 1)))


def _index(log: float, scale: int) -> int:
    """The bucket of a value with this logarithm to the base 2: powers of the base belong to the bucket below them."""
    return math.ceil(math.ldexp(log, scale)) - 1


def _scale_for(least: float, greatest: float) -> int:
    for scale in range(FINEST_SCALE, COARSEST_SCALE, -1):
        if _index(greatest, scale) - _index(least, scale) < MOST_BUCKETS:
            return scale
    return COARSEST_SCALE
