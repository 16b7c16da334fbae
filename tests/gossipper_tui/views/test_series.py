# SPDX-License-Identifier: AGPL-3.0-or-later
"""A run's history stays bounded and tells what happened in each period."""

from __future__ import annotations

import msgspec
import pytest

from engine.messages import Counters, Histogram, Snapshot, Warning
from gossipper_tui.views.history import MOST_LOG_LINES, RunHistories
from gossipper_tui.views.series import CALL_LENGTH, MOST_POINTS, Series
from tests.gossipper_tui import samples


def at(seconds: float, created: int = 0, times_ms: tuple[int, ...] = ()) -> Snapshot:
    return msgspec.structs.replace(
        samples.snapshots(2)[0],
        elapsed_ns=round(seconds * 1e9),
        counters=Counters(outgoing=created, successful=created),
        response_times={"1": samples.histogram([ms * 10**6 for ms in times_ms])},
        call_length=Histogram(),
    )


def test_a_point_is_what_happened_between_two_snapshots():
    series = Series()
    series.add(at(0))
    series.add(at(1, 100, (2,)))
    series.add(at(3, 500, (2, 40, 40)))
    assert [point.started for point in series.points] == [100, 200]
    assert series.points[0].times["1"][0] == pytest.approx(2e6, rel=0.001)
    assert series.points[1].times["1"][0] == pytest.approx(40e6, rel=0.001)
    assert CALL_LENGTH not in series.points[0].times


def test_snapshots_within_a_period_make_no_point():
    series = Series()
    for tenth in range(11):
        series.add(at(tenth / 10, tenth))
    assert [point.started for point in series.points] == [10]
    assert (series.before, series.last) == (at(0, 0), at(1, 10))


def test_a_long_run_has_bounded_points_and_keeps_its_peak():
    series = Series()
    series.add(at(0))
    times: tuple[int, ...] = ()
    for second in range(1, 3 * MOST_POINTS):
        times = (*times, 900) if second == 100 else times
        series.add(at(second, 10 * second, times))
    assert len(series.points) < MOST_POINTS
    assert series.period_ns == 4_000_000_000
    assert max(max(point.times.get("1", (0,))) for point in series.points) == pytest.approx(900e6, rel=0.001)
    assert all(point.started == pytest.approx(10) for point in series.points)


def test_a_run_is_known_from_its_events_alone():
    runs = RunHistories()
    runs.apply(samples.started())
    for snapshot in samples.snapshots():
        runs.apply(snapshot)
    runs.apply(Warning(run=samples.RUN, elapsed_ns=5, text="slow", count=3))
    run = runs.runs[samples.RUN]
    assert run.name == "long_call"
    assert run.snapshot == samples.snapshots()[-1]
    assert run.log[0].text == "slow (×3)"
    assert run.live
    assert runs.last_finished is None


def test_events_of_a_run_that_was_not_seen_to_start_are_dropped():
    runs = RunHistories()
    runs.apply(samples.snapshots()[0])
    assert not runs.runs


def test_the_log_is_bounded():
    runs = RunHistories()
    runs.apply(samples.started())
    for number in range(MOST_LOG_LINES + 10):
        runs.apply(Warning(run=samples.RUN, elapsed_ns=number, text=str(number)))
    assert len(runs.runs[samples.RUN].log) == MOST_LOG_LINES
    assert runs.runs[samples.RUN].log[0].text == "10"
