# SPDX-License-Identifier: AGPL-3.0-or-later
"""Our histograms as exponential ones: each value lies in the bucket that says so."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.export.otel.exponential import COARSEST_SCALE, FINEST_SCALE, MOST_BUCKETS, Exponential, exponential_of
from engine.messages import Histogram
from engine.stats.samples import Samples

NS_PER_SECOND = 1_000_000_000


def histogram(values_ns: list[int]) -> Histogram:
    samples = Samples(())
    samples.pending.extend(values_ns)
    return samples.take()


def bounds(found: Exponential, index: int) -> tuple[float, float]:
    """Above the first, up to the second."""
    base = 2.0 ** (2.0**-found.scale)
    return base ** (found.offset + index), base ** (found.offset + index + 1)


@given(st.lists(st.integers(0, 10**13), max_size=60))
def test_every_value_is_counted_where_it_lies(values_ns: list[int]) -> None:
    found = exponential_of(histogram(values_ns), NS_PER_SECOND)
    assert found.zeros == values_ns.count(0)
    assert found.zeros + sum(found.counts) == len(values_ns)
    assert len(found.counts) <= MOST_BUCKETS
    assert COARSEST_SCALE <= found.scale <= FINEST_SCALE
    remaining = list(found.counts)
    for value in sorted(filter(None, values_ns)):
        index = next(i for i, count in enumerate(remaining) if count)
        remaining[index] -= 1
        low, high = bounds(found, index)
        assert low * 0.997 <= value / NS_PER_SECOND <= high * 1.003  # a bucket of ours is told by its middle


def test_nothing_is_nothing() -> None:
    assert exponential_of(histogram([]), NS_PER_SECOND) == Exponential(FINEST_SCALE, 0, 0, ())
    assert exponential_of(histogram([0, 0]), NS_PER_SECOND) == Exponential(FINEST_SCALE, 2, 0, ())


def test_one_value_is_as_fine_as_it_can_be() -> None:
    found = exponential_of(histogram([NS_PER_SECOND]), NS_PER_SECOND)
    assert (found.scale, found.offset, found.counts) == (FINEST_SCALE, -1, (1,))  # 1 is the upper bound of its bucket


def test_a_wide_span_is_coarser() -> None:
    found = exponential_of(histogram([1000, 100 * NS_PER_SECOND]), NS_PER_SECOND)
    assert found.scale == 2
    assert found.counts[0] == found.counts[-1] == 1
    assert 80 < len(found.counts) <= MOST_BUCKETS
