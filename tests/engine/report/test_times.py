# SPDX-License-Identifier: AGPL-3.0-or-later
"""Points in time and durations as text."""

from __future__ import annotations

import pytest

from engine.report.times import clock, fine_clock, local_time, rfc3339_time, tabbed_time

SECOND = 1_000_000_000


@pytest.mark.parametrize(
    ("duration_ns", "text"),
    [(0, "00:00:00"), (SECOND - 1, "00:00:00"), (3_661 * SECOND, "01:01:01"), (360_000 * SECOND, "100:00:00")],
)
def test_clock_cuts_to_whole_seconds(duration_ns: int, text: str) -> None:
    assert clock(duration_ns) == text


@pytest.mark.parametrize(
    ("duration_ns", "text"),
    [(0.0, "00:00:00:000000"), (2e6, "00:00:00:002000"), (1_500.0, "00:00:00:000002"), (SECOND - 1, "00:00:01:000000")],
)
def test_fine_clock_rounds_to_microseconds_and_carries(duration_ns: float, text: str) -> None:
    assert fine_clock(duration_ns) == text


def test_the_same_moment_in_every_form() -> None:
    moment_ns = 1_795_371_510 * SECOND + 1_000
    assert rfc3339_time(moment_ns) == "2026-11-22T18:18:30.000001Z"
    date, at, epoch = tabbed_time(moment_ns).split("\t")
    assert local_time(moment_ns) == f"{date} {at}"
    assert epoch == "1795371510.000001"
