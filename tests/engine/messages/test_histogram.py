# SPDX-License-Identifier: AGPL-3.0-or-later
"""Histograms add, subtract and travel without losing anything but the last bits of a value."""

from __future__ import annotations

import math
import statistics

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.messages import Histogram
from engine.messages.histogram import bucket_at, bucket_of, places_of
from engine.stats.samples import Samples

BOUNDS_MS = (1, 10, 100)
durations = st.lists(st.integers(min_value=0, max_value=10**13), max_size=50)


def histogram(values_ns: list[int]) -> Histogram:
    samples = Samples(BOUNDS_MS)
    samples.pending.extend(values_ns)
    return samples.take()


@given(st.integers(min_value=0, max_value=2**63))
def test_a_bucket_starts_at_most_four_thousandths_below_its_values(value_ns: int) -> None:
    bucket = bucket_of(value_ns)
    assert bucket <= value_ns <= bucket * 1.004
    assert bucket_of(bucket) == bucket


@given(st.integers(min_value=0, max_value=2**63), st.integers(min_value=1, max_value=64))
def test_buckets_are_numbered_without_gaps(value_ns: int, kept_bits: int) -> None:
    bucket = bucket_of(value_ns, kept_bits)
    (place,) = places_of([bucket], kept_bits)
    assert bucket_at(place, kept_bits) == bucket
    after = bucket_at(place + 1, kept_bits)
    assert after > value_ns
    assert bucket_of(after - 1, kept_bits) == bucket


@given(durations)
def test_what_is_told_of_buckets_is_near_their_values_and_never_beyond_the_extremes(values: list[int]) -> None:
    told = sorted(value for value, count in histogram(values).told() for _ in range(count))
    assert len(told) == len(values)
    for value, real in zip(told, sorted(values), strict=True):
        assert value == pytest.approx(real, rel=0.002)
        assert min(values) <= value <= max(values)


@given(durations, durations)
def test_adding_is_counting_together(first: list[int], second: list[int]) -> None:
    together = histogram(first)
    together.add(histogram(second))
    assert together == histogram(first + second)


@given(durations, durations)
def test_a_copy_does_not_grow(first: list[int], second: list[int]) -> None:
    known = histogram(first)
    copy = known.copy()
    known.add(histogram(second))
    assert copy == histogram(first)


@given(durations, durations)
def test_what_came_since_is_what_was_added(first: list[int], second: list[int]) -> None:
    later = histogram(first + second).since(histogram(first))
    alone = histogram(second)
    assert (later.count, later.sum_ns, later.sum_squares_ns) == (alone.count, alone.sum_ns, alone.sum_squares_ns)
    assert later.buckets == alone.buckets
    assert later.repartition == alone.repartition
    if second:
        assert (later.min_ns, later.max_ns) == (pytest.approx(min(second), rel=0.004), pytest.approx(max(second), rel=0.004))


@given(durations.filter(bool), st.floats(min_value=0.1, max_value=100))
def test_percentiles_are_within_two_thousandths(values_ns: list[int], percent: float) -> None:
    expected = sorted(values_ns)[max(1, math.ceil(percent / 100 * len(values_ns))) - 1]
    assert histogram(values_ns).percentiles_ns(percent)[0] == pytest.approx(expected, rel=0.002)


@given(durations.filter(bool))
def test_extremes_mean_and_deviation_are_exact(values_ns: list[int]) -> None:
    known = histogram(values_ns)
    assert (known.min_ns, known.max_ns) == (min(values_ns), max(values_ns))
    assert known.mean_ns == pytest.approx(statistics.fmean(values_ns))
    assert known.stdev_ns == pytest.approx(statistics.pstdev(values_ns), rel=1e-3, abs=max(values_ns) * 1e-6)


def test_a_value_on_a_bound_belongs_above_it() -> None:
    assert histogram([999_999, 1_000_000, 10_000_000, 10**12]).repartition == [1, 1, 1, 1]


def test_what_older_recordings_hold_is_read_at_their_resolution() -> None:
    text = b'{"count":2,"sum_ns":2050000,"sum_squares_ns":2,"min_ns":1024000,"max_ns":1026000,"buckets":{"1024000":2}}'
    older = msgspec.json.decode(text, type=Histogram)
    assert older.percentiles_ns(50) == [1024000 + 256]


def test_an_empty_histogram_has_zeros() -> None:
    empty = histogram([])
    assert empty.percentiles_ns(50, 99.9) == [0, 0]
    assert (empty.mean_ns, empty.stdev_ns, empty.repartition) == (0.0, 0.0, [0, 0, 0, 0])


@given(durations)
def test_the_wire_form_is_the_same_histogram(values_ns: list[int]) -> None:
    known = histogram(values_ns)
    assert msgspec.json.decode(msgspec.json.encode(known), type=Histogram) == known
