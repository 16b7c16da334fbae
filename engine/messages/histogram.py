# SPDX-License-Identifier: AGPL-3.0-or-later
"""A histogram of durations that adds, subtracts and travels.

Values are counted in log-linear buckets (HdrHistogram's idea): the highest bits of a value are kept, 9 of them, so a
bucket is at most 0.4 % wide and its middle, which is what is told, at most 0.2 % off. Only buckets that hold something
exist, some 2,500 between 1 ms and 1 s, so the same struct is the wire form, merging shards is addition, and the difference
of two snapshots is what happened between them. Beside the buckets stand the exact count, sum, sum of squares and extremes,
and SIPp's repartition, counted from the exact values.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import Annotated, Final

import msgspec

KEPT_BITS: Final = 9
OLDER_KEPT_BITS: Final = 11
"""What recordings held before they said it."""


def bucket_of(value_ns: int, kept_bits: int = KEPT_BITS) -> int:
    """The lowest value of the bucket that `value_ns` (>= 0) falls into."""
    shift = value_ns.bit_length() - kept_bits
    return value_ns if shift <= 0 else value_ns >> shift << shift


def places_of(buckets: Iterable[int], kept_bits: int) -> list[int]:
    """The numbers of buckets, counted from 0: that of the next higher bucket is one more."""
    half = kept_bits - 1
    return [
        bucket if (shift := bucket.bit_length() - kept_bits) <= 0 else (shift << half) + (bucket >> shift) for bucket in buckets
    ]


def bucket_at(place: int, kept_bits: int) -> int:
    """The bucket with this number (`places_of`)."""
    half = kept_bits - 1
    shift = max(0, (place >> half) - 1)
    return place - (shift << half) << shift


class Histogram(msgspec.Struct, kw_only=True):
    """Durations in ns. `buckets` maps the lowest value of a bucket to its count; `kept_bits` says how wide they are.

    `bounds_ms` are the limits of SIPp's repartition, ascending; `repartition` has one count more than there are bounds,
    the last for values at or above the highest.
    """

    count: int = 0
    sum_ns: int = 0
    sum_squares_ns: int = 0
    min_ns: int = 0
    max_ns: int = 0
    kept_bits: Annotated[int, msgspec.Meta(ge=1, le=64)] = OLDER_KEPT_BITS
    buckets: dict[int, int] = {}
    bounds_ms: tuple[int, ...] = ()
    repartition: list[int] = []

    @property
    def mean_ns(self) -> float:
        """The arithmetic mean; 0 when nothing was counted."""
        return self.sum_ns / self.count if self.count else 0.0

    @property
    def stdev_ns(self) -> float:
        """The standard deviation of the values themselves (not an estimate for a population)."""
        if not self.count:
            return 0.0
        return math.sqrt(max(0.0, self.sum_squares_ns / self.count - self.mean_ns**2))

    def percentiles_ns(self, *percents: float) -> list[int]:
        """The values that so many percent lie at or below, to 0.2 %, never above `max_ns`; zeros when empty."""
        if not self.buckets:
            return [0] * len(percents)
        values = sorted(self.buckets)
        running = list(accumulate(self.buckets[value] for value in values))
        total = running[-1]
        found = []
        for percent in percents:
            index = min(bisect_left(running, max(1, math.ceil(percent / 100 * total))), len(values) - 1)
            found.append(self.told_ns(values[index]))
        return found

    def told(self) -> Iterator[tuple[int, int]]:
        """For each bucket the value that is told of it, in ns, and how many values it holds."""
        return ((self.told_ns(bucket), count) for bucket, count in self.buckets.items())

    def told_ns(self, bucket: int) -> int:
        """The value that is told of all in a bucket: its middle, within the extremes."""
        return max(self.min_ns, min(bucket + self._width_ns(bucket) // 2, self.max_ns))

    def _width_ns(self, bucket: int) -> int:
        return 1 << max(0, bucket.bit_length() - self.kept_bits)

    def add(self, other: Histogram) -> None:
        """Count in what another of the same resolution and the same bounds holds."""
        if not other.count:
            return
        self.min_ns = min(self.min_ns, other.min_ns) if self.count else other.min_ns
        self.max_ns = max(self.max_ns, other.max_ns)
        self.kept_bits = other.kept_bits
        self.count += other.count
        self.sum_ns += other.sum_ns
        self.sum_squares_ns += other.sum_squares_ns
        buckets = self.buckets
        for value, count in other.buckets.items():
            buckets[value] = buckets.get(value, 0) + count
        self.repartition = [a + b for a, b in zip(self.repartition, other.repartition, strict=True)]

    def copy(self) -> Histogram:
        """One that does not change with this."""
        return msgspec.structs.replace(self, buckets=self.buckets.copy())

    def since(self, earlier: Histogram) -> Histogram:
        """What was counted after `earlier`, a snapshot of this same histogram. Its extremes are those of its buckets."""
        if not earlier.count:
            return self
        buckets = {v: n - earlier.buckets.get(v, 0) for v, n in self.buckets.items() if n != earlier.buckets.get(v, 0)}
        highest = max(buckets, default=0)
        return Histogram(
            count=self.count - earlier.count,
            sum_ns=self.sum_ns - earlier.sum_ns,
            sum_squares_ns=self.sum_squares_ns - earlier.sum_squares_ns,
            min_ns=max(self.min_ns, min(buckets)) if buckets else 0,
            max_ns=min(highest + self._width_ns(highest) - 1, self.max_ns) if buckets else 0,
            kept_bits=self.kept_bits,
            buckets=buckets,
            bounds_ms=self.bounds_ms,
            repartition=[a - b for a, b in zip(self.repartition, earlier.repartition, strict=True)],
        )
