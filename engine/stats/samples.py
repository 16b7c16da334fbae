# SPDX-License-Identifier: AGPL-3.0-or-later
"""Samples on their way into histograms.

The hot path only appends a duration to a list (`Samples.pending.append`); once a tick the list is folded into the
histogram. Why no library: HdrHistogram's Python port costs 1.6 µs a value and has a wire form that every reader needs
the port for, while counting the kept bits of sorted values costs a fifth of it and is its own wire form.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from typing import Final

from engine.messages.histogram import KEPT_BITS, Histogram

NS_PER_MS: Final = 1_000_000


class Samples:
    """Durations in ns, as they come, and what they add up to. Append to `pending`; read with `take`."""

    __slots__ = ("_bounds_ms", "_bounds_ns", "_histogram", "pending")

    def __init__(self, bounds_ms: tuple[int, ...] = ()) -> None:
        self.pending: list[int] = []
        self._bounds_ns = [bound * NS_PER_MS for bound in bounds_ms]
        self._bounds_ms = bounds_ms
        self._histogram = self._empty()

    def _empty(self) -> Histogram:
        bounds_ms = self._bounds_ms
        return Histogram(kept_bits=KEPT_BITS, bounds_ms=bounds_ms, repartition=[0] * (len(bounds_ms) + 1))

    def fold(self) -> None:
        """Move what is pending into the histogram. Sorted values fall into buckets and bounds by the run, not one by one."""
        values, self.pending = self.pending, []
        if not values:
            return
        values.sort()
        histogram = self._histogram
        histogram.min_ns = min(histogram.min_ns, values[0]) if histogram.count else values[0]
        histogram.max_ns = max(histogram.max_ns, values[-1])
        histogram.count += len(values)
        histogram.sum_ns += sum(values)
        histogram.sum_squares_ns += sum([value * value for value in values])
        self._count_buckets(values)
        start = 0
        for index, bound_ns in enumerate(self._bounds_ns):
            end = bisect_left(values, bound_ns, start)
            histogram.repartition[index] += end - start
            start = end
        histogram.repartition[-1] += len(values) - start

    def _count_buckets(self, values: list[int]) -> None:
        """Count sorted values: those of the same magnitude lose the same number of bits."""
        buckets = self._histogram.buckets
        start = 0
        while start < len(values):
            bits = values[start].bit_length()
            end = bisect_left(values, 1 << bits, start)
            shift = max(0, bits - KEPT_BITS)
            for kept, count in Counter([value >> shift for value in values[start:end]]).items():
                bucket = kept << shift
                buckets[bucket] = buckets.get(bucket, 0) + count
            start = end

    def take(self) -> Histogram:
        """The samples that came since the last time; they are then forgotten."""
        self.fold()
        taken, self._histogram = self._histogram, self._empty()
        return taken

    def give_back(self, taken: Histogram) -> None:
        """Count in again what was taken and could not be told."""
        self._histogram.add(taken)
