# SPDX-License-Identifier: AGPL-3.0-or-later
"""SIPp's statistics screen: what happened in the last period, and since the start.

The table of rows is data: a name, how its value is read from a snapshot, how it is written. The period is the newest
one of the run's series.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from engine.messages import Counters, Histogram, Snapshot
from gossipper_tui.views import queues
from gossipper_tui.views.history import RunHistory
from gossipper_tui.views.numbers import clock, count, duration, rate
from gossipper_tui.views.response_times import title
from gossipper_tui.views.series import times_of
from gossipper_tui.views.spans import Line, Tone
from gossipper_tui.views.two_columns import Row, two_columns

_Period: TypeAlias = "tuple[Snapshot | None, Snapshot | None]"
"""The snapshots before and after the newest period; none until there has been one."""

_COLUMN = 16
_NAMES = (12, 44)


@dataclass(frozen=True, slots=True)
class _Counter:
    """A counter. `quiet` rows are left out while they are 0."""

    name: str
    read: Callable[[Counters], int]
    tone: Tone = Tone.NORMAL
    quiet: bool = False


_CALLS = (
    _Counter("Incoming calls", lambda c: c.incoming, quiet=True),
    _Counter("Outgoing calls", lambda c: c.outgoing, quiet=True),
    _Counter("Successful calls", lambda c: c.successful, Tone.GOOD),
    _Counter("Failed calls", lambda c: c.failed, Tone.BAD),
    _Counter("Calls lost with a worker", lambda c: c.lost_with_shard, Tone.BAD, quiet=True),
)
_MESSAGES = (
    _Counter("Retransmissions", lambda c: c.retransmissions, Tone.WARN),
    _Counter("Out-of-call messages", lambda c: c.out_of_call, Tone.WARN),
    _Counter("Dead-call messages", lambda c: c.dead_call, Tone.WARN),
    _Counter("Answered by default", lambda c: c.auto_answered, quiet=True),
    _Counter("Messages that are not SIP", lambda c: c.garbage, Tone.WARN, quiet=True),
    _Counter("Messages lost on purpose", lambda c: c.lost_on_purpose, quiet=True),
    _Counter("Warnings", lambda c: c.warnings, Tone.WARN, quiet=True),
    _Counter("Fatal errors", lambda c: c.fatal_errors, Tone.BAD, quiet=True),
)
_GENERATOR = (
    _Counter("Late starts", lambda c: c.late_starts, Tone.WARN),
    _Counter("Dropped by the kernel", lambda c: c.kernel_drops, Tone.BAD),
    _Counter("Without a socket", lambda c: c.without_socket, Tone.BAD, quiet=True),
    _Counter("Trace lines dropped", lambda c: c.trace_drops, Tone.WARN, quiet=True),
)


def statistics(history: RunHistory, width: int) -> list[Line]:
    """The statistics table in two columns of numbers, periodic and cumulative."""
    snapshot = history.snapshot
    if snapshot is None:
        return []
    period = (history.series.before, history.series.last)
    rows = [
        Row("", "last period", "since the start", Tone.DIM),
        _elapsed(snapshot, period),
        _rate_row(history, snapshot),
        None,
        *_counter_rows(_CALLS, snapshot, period),
        Row("Open calls", "", count(snapshot.counters.open)),
        Row("Most open at once", "", count(snapshot.counters.peak_open)),
        None,
        *_counter_rows(_MESSAGES, snapshot, period),
        None,
        *_counter_rows(_GENERATOR, snapshot, period),
        *queues.rows(snapshot, period),
        None,
        *_time_rows(snapshot, period),
        *_scenario_rows(snapshot, period),
    ]
    return two_columns(rows, width, _COLUMN, _NAMES)


def _elapsed(snapshot: Snapshot, period: _Period) -> Row:
    earlier, later = period
    length = duration(later.elapsed_ns - earlier.elapsed_ns) if earlier and later else ""
    return Row("Elapsed time", length, clock(snapshot.elapsed_ns))


def _rate_row(history: RunHistory, snapshot: Snapshot) -> Row:
    points = history.series.points
    whole = snapshot.counters.created / (snapshot.elapsed_ns / 1e9) if snapshot.elapsed_ns else 0.0
    return Row("Call rate", f"{rate(round(points[-1].started, 1))} /s" if points else "", f"{rate(round(whole, 1))} /s")


def _counter_rows(table: tuple[_Counter, ...], snapshot: Snapshot, period: _Period) -> list[Row]:
    earlier, later = period
    rows = []
    for row in table:
        total = row.read(snapshot.counters)
        if row.quiet and not total:
            continue
        periodic = count(row.read(later.counters) - row.read(earlier.counters)) if earlier and later else ""
        rows.append(Row(row.name, periodic, count(total), row.tone if total else Tone.DIM))
    return rows


def _time_rows(snapshot: Snapshot, period: _Period) -> list[Row]:
    earlier, later = period
    before, after = (times_of(earlier), times_of(later)) if earlier and later else ({}, {})
    rows = []
    for name, histogram in times_of(snapshot).items():
        recent = after.get(name, Histogram()).since(before.get(name, Histogram()))
        rows.append(Row(f"{title(name)}, mean", duration(recent.mean_ns), duration(histogram.mean_ns)))
        rows.append(Row(f"{title(name)}, deviation", duration(recent.stdev_ns), duration(histogram.stdev_ns)))
    return rows


def _scenario_rows(snapshot: Snapshot, period: _Period) -> list[Row]:
    """The counters that the scenario names."""
    earlier, later = period
    rows = []
    for name, total in snapshot.counters.scenario.items():
        periodic = ""
        if earlier and later:
            periodic = count(later.counters.scenario.get(name, 0) - earlier.counters.scenario.get(name, 0))
        rows.append(Row(f"Counter {name}", periodic, count(total)))
    return rows
