# SPDX-License-Identifier: AGPL-3.0-or-later
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gossipper_tui.views.numbers import clock, count, duration, percentage, rate

MS = 1_000_000
S = 1000 * MS


@pytest.mark.parametrize(("n", "text"), [(0, "0"), (999, "999"), (1000, "1 000"), (61_240, "61 240"), (1_234_567, "1 234 567")])
def test_counts_are_grouped_by_narrow_no_break_spaces(n: int, text: str) -> None:
    assert count(n) == text.replace(" ", "\u202f")


def test_a_width_aligns_to_the_right() -> None:
    assert [count(7, 6), count(1234, 6), duration(MS, 9), rate(5, 4)] == ["     7", " 1\u202f234", "  1.00 ms", "   5"]


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (0, "0 ms"),
        (15, "15.0 ns"),
        (1230, "1.23 µs"),
        (1.23 * MS, "1.23 ms"),
        (12.34 * MS, "12.3 ms"),
        (999.4 * MS, "999 ms"),
        (999.6 * MS, "1.00 s"),
        (45.6 * S, "45.6 s"),
        (59.97 * S, "1.00 min"),
        (137 * S, "2.28 min"),
        (7200 * S, "2.00 h"),
        (36_000_000 * S, "10000 h"),
    ],
)
def test_durations_have_three_digits_and_a_unit(ns: float, text: str) -> None:
    assert duration(ns) == text


@given(st.integers(min_value=100, max_value=3600 * S))
def test_a_duration_is_true_to_its_three_digits(ns: int) -> None:
    number, unit = duration(ns).split()
    size = {"ns": 1, "µs": 1000, "ms": MS, "s": S, "min": 60 * S, "h": 3600 * S}[unit]
    assert float(number) * size == pytest.approx(ns, rel=0.0051)
    assert len(number.replace(".", "").lstrip("0")) <= 3


@pytest.mark.parametrize(
    ("ns", "text"), [(0, "00:00:00"), (137 * S, "00:02:17"), (137 * S + 999 * MS, "00:02:17"), (360_000 * S, "100:00:00")]
)
def test_clocks(ns: int, text: str) -> None:
    assert clock(ns) == text


@pytest.mark.parametrize(
    ("per_second", "text"),
    [
        (0, "0"),
        (1 / 60, "0.0167"),
        (0.5, "0.5"),
        (12.34, "12.3"),
        (20.0, "20"),
        (99.99, "100"),
        (498.3, "498"),
        (12_345.6, "12\u202f346"),
    ],
)
def test_rates(per_second: float, text: str) -> None:
    assert rate(per_second) == text


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [
        (0, 0, "0 %"),
        (0, 9, "0 %"),
        (9, 9, "100 %"),
        (1, 3, "33.3 %"),
        (99_999, 100_000, "99.99 %"),
        (1, 10**6, "0.01 %"),
        (999, 1000, "99.9 %"),
    ],
)
def test_what_is_not_all_never_reads_as_all_nor_some_as_none(part: int, whole: int, text: str) -> None:
    assert percentage(part, whole) == text
