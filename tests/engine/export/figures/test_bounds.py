# SPDX-License-Identifier: AGPL-3.0-or-later
"""Histograms in fixed buckets: exact but for values within 0.2 % of a bound."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.export.figures.bounds import LONG_SECONDS, RATIOS, SCORES, SECONDS, counts_up_to
from engine.messages import Histogram
from engine.stats.samples import Samples

NS = 1_000_000_000
OFF = 0.002
"""How far from its bucket's edge a value may be told."""


def histogram_of(values: Sequence[int]) -> Histogram:
    samples = Samples()
    samples.pending.extend(values)
    return samples.take()


@given(st.lists(st.integers(0, 100 * NS), max_size=200))
def test_a_count_is_off_by_values_near_its_bound_only(values: list[int]) -> None:
    counts = counts_up_to(histogram_of(values), SECONDS, NS)
    assert len(counts) == len(SECONDS) + 1
    assert counts[-1] == len(values)
    assert counts == sorted(counts)
    for bound, count in zip(SECONDS, counts, strict=False):
        limit_ns = bound * NS
        at_least = sum(value <= limit_ns * (1 - OFF) for value in values)
        assert at_least <= count <= sum(value <= limit_ns * (1 + OFF) for value in values)


@pytest.mark.parametrize("bound", SECONDS)
def test_a_value_on_a_bound_is_not_above_it(bound: float) -> None:
    counts = counts_up_to(histogram_of([round(bound * NS)] * 3), SECONDS, NS)
    assert counts == [0 if other < bound else 3 for other in SECONDS] + [3]


@given(st.lists(st.integers(0, 100 * NS), min_size=1, max_size=200), st.sampled_from((1, 50, 95, 99, 99.9)))
def test_a_percentile_of_the_summary_lies_in_the_same_bucket(values: list[int], percent: float) -> None:
    histogram = histogram_of(values)
    told_ns = histogram.percentiles_ns(percent)[0]
    counts = counts_up_to(histogram, SECONDS, NS)
    below = [count for bound, count in zip(SECONDS, counts, strict=False) if bound * NS < told_ns]
    upto = next((count for bound, count in zip(SECONDS, counts, strict=False) if bound * NS >= told_ns), counts[-1])
    assert max(below, default=0) < max(1, percent / 100 * len(values)) <= upto or upto == len(values)


@pytest.mark.parametrize("bounds", [SECONDS, LONG_SECONDS, RATIOS, SCORES])
def test_bounds_ascend_and_are_round(bounds: tuple[float, ...]) -> None:
    assert all(lower < higher for lower, higher in pairwise(bounds))
    assert all(len(f"{bound:.10f}".strip("0").replace(".", "").strip("0")) <= 3 for bound in bounds)


def test_a_scale_says_how_many_of_the_values_are_one_of_the_bounds() -> None:
    scores = histogram_of([1000, 2000, 4400, 4500])
    assert counts_up_to(scores, (1.5, 2.58, 4.34, 4.5), 1000) == [1, 2, 2, 4, 4]
