# SPDX-License-Identifier: AGPL-3.0-or-later
"""Plots in braille and blocks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gossipper_tui.views.plot import bar, columns_plot, line_plot, nice_ceiling, points_across, resample, scale
from gossipper_tui.views.spans import Tone, plain, width_of

values = st.lists(st.none() | st.floats(0, 1e12), max_size=300)


@pytest.mark.parametrize(
    ("value", "ceiling"), [(0, 1), (1, 1), (1.1, 1.5), (499, 500), (500, 500), (501, 600), (0.0007, 0.0008), (9.5, 10)]
)
def test_the_top_of_a_plot_is_a_round_number(value, ceiling):
    assert nice_ceiling(value) == pytest.approx(ceiling)


@given(st.floats(1e-9, 1e15))
def test_the_top_of_a_plot_is_not_below_its_values(value):
    assert value <= nice_ceiling(value) * (1 + 1e-6) <= value * 2


@given(st.integers(0, 2000), st.integers(1, 400))
def test_every_point_has_room(points, columns):
    stretch, squeeze = scale(points, columns)
    assert 1 in (stretch, squeeze)
    assert -(-points // squeeze) * stretch <= columns
    assert points_across(points, columns) >= points


@given(values, st.integers(0, 100))
def test_resampling_loses_no_peak(series, columns):
    sampled = resample(series, columns)
    assert len(sampled) == columns
    present = [value for value in series if value is not None]
    if columns and present:
        assert max(value for value in sampled if value is not None) == max(present)


@given(values, st.integers(0, 60), st.integers(0, 12))
def test_a_line_plot_fills_its_cells(series, width, height):
    drawn = line_plot([(Tone.FIRST, series)], width, height, nice_ceiling(max((v for v in series if v), default=0)))
    assert [width_of(each) for each in drawn] == [width] * height


def test_a_rising_curve_rises():
    drawn = [plain(each) for each in line_plot([(Tone.FIRST, [0, 1, 2, 3])], 2, 1, 3)]
    assert drawn == ["⡠⠊"]


def test_a_gap_stays_a_gap():
    (drawn,) = line_plot([(Tone.FIRST, [1.0] * 8 + [None] * 8 + [1.0] * 8)], 12, 1, 1.0)
    assert plain(drawn) == "⠉" * 4 + " " * 4 + "⠉" * 4


def test_columns_grow_in_eighths():
    drawn = columns_plot([0, 1, 8, 16], 4, 2, 16, Tone.FIRST)
    assert [plain(each) for each in drawn] == ["   █", " ▁██"]


def test_a_small_value_is_seen_and_none_is_not():
    assert plain(columns_plot([0.001, 0], 2, 1, 1000, Tone.FIRST)[0]) == "▁ "
    assert bar(0.0001, 10) == "▏"
    assert bar(0, 10) == ""
    assert bar(1, 3) == "███"
    assert bar(2, 3) == "███"
