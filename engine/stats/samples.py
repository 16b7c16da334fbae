# SPDX-License-Identifier: AGPL-3.0-or-later
"""Samples on their way into histograms.

The hot path only appends a duration to a list (`Samples.pending.append`); once a tick the list is folded into the
histogram. Why no library: HdrHistogram's Python port costs 1.6 µs a value and has a wire form that every reader needs
the port for, while counting the kept bits in a dict costs a third of it and is its own wire form.
"""

from __future__ import annotations

from bisect import bisect_right

from engine.messages.histogram import Histogram, bucket_of

NS_PER_MS = 1_000_000


class Samples:
    """Durations in ns, as they come, and what they add up to. Append to `pending`; read with `histogram`."""

    __slots__ = ("_bounds_ns", "_histogram", "pending")

    def __init__(self, bounds_ms: tuple[int, ...] = ()) -> None:
        self.pending: list[int] = []
        self._bounds_ns = [bound * NS_PER_MS for bound in bounds_ms]
        self._histogram = Histogram(bounds_ms=bounds_ms, repartition=[0] * (len(bounds_ms) + 1))

    def fold(self) -> None:
        """Move what is pending into the histogram."""
        values, self.pending = self.pending, []
        if not values:
            return
        histogram, buckets = self._histogram, self._histogram.buckets
        low, high = min(values), max(values)
        histogram.min_ns = min(histogram.min_ns, low) if histogram.count else low
        histogram.max_ns = max(histogram.max_ns, high)
        histogram.count += len(values)
        histogram.sum_ns += sum(values)
        histogram.sum_squares_ns += sum([value * value for value in values])
        for value in values:
            bucket = bucket_of(value)
            buckets[bucket] = buckets.get(bucket, 0) + 1
        bounds, repartition = self._bounds_ns, histogram.repartition
        for value in values:
            repartition[bisect_right(bounds, value)] += 1

    def histogram(self) -> Histogram:
        """A copy of all samples so far."""
        self.fold()
        known = self._histogram
        return Histogram(
            count=known.count,
            sum_ns=known.sum_ns,
            sum_squares_ns=known.sum_squares_ns,
            min_ns=known.min_ns,
            max_ns=known.max_ns,
            buckets=dict(known.buckets),
            bounds_ms=known.bounds_ms,
            repartition=list(known.repartition),
        )
