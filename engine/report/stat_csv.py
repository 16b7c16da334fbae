# SPDX-License-Identifier: AGPL-3.0-or-later
"""SIPp's table of statistics (`-trace_stat`): a row at the start, one each period, one at the end.

The columns are a table of names and functions; to add one, add an entry where SIPp has it. A row is made from two
snapshots: what happened between them is periodic, `(P)`, what the later one holds is cumulative, `(C)`. Calls that were
lost with a child process count as failed here, so that created = current + successful + failed in every row.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import msgspec

from engine.messages import SIPP_FAILURES, Counters, Failure, Histogram, RunStarted, RunState, Snapshot, StepCounts
from engine.report.files import LogFile
from engine.report.times import NS_PER_SECOND, clock, fine_clock, rfc3339_time, tabbed_time


@dataclass(frozen=True, slots=True)
class Row:
    """What one row tells of: the run, the snapshot of the row before and the one of this row."""

    started: RunStarted
    before: Snapshot
    now: Snapshot


Cell: TypeAlias = Callable[[Row], object]
Column: TypeAlias = tuple[str, Cell]


def columns(started: RunStarted, snapshot: Snapshot) -> tuple[Column, ...]:
    """The columns of a run's table, by its scenario's timers, counters and repartitions."""
    return (
        *_FIXED,
        *(column for name, cell in _COUNTERS for column in _both(name, cell)),
        *(column for timer in snapshot.response_times for column in _time_columns(f"ResponseTime{timer}", _timer(timer))),
        *_time_columns("CallLength", _call_length),
        *(column for name in started.scenario.counters for column in _both(_column_of_counter(name), _scenario_counter(name))),
        *(
            column
            for timer in snapshot.response_times
            for column in _repartition_columns(f"ResponseTimeRepartition{timer}", _timer(timer), snapshot)
        ),
        *_repartition_columns("CallLengthRepartition", _call_length, snapshot),
    )


def _wall_time(snapshot_of: Callable[[Row], Snapshot]) -> Cell:
    def cell(row: Row) -> str:
        unix_ns = row.started.started_unix_ns + snapshot_of(row).elapsed_ns
        return (rfc3339_time if row.started.config.rfc3339 else tabbed_time)(unix_ns)

    return cell


def _start_time(row: Row) -> str:
    return (rfc3339_time if row.started.config.rfc3339 else tabbed_time)(row.started.started_unix_ns)


def _target(row: Row) -> str:
    """As it was asked for: calls a rate period, or users."""
    if row.now.users is not None:
        return f"{row.now.users}"
    return f"{row.now.target_rate * row.started.config.rate_period_ms / 1000:g}"


def _rate(calls: int, elapsed_ns: int) -> str:
    return f"{calls * NS_PER_SECOND / elapsed_ns if elapsed_ns else 0:g}"


_FIXED: tuple[Column, ...] = (
    ("StartTime", _start_time),
    ("LastResetTime", _wall_time(lambda row: row.before)),
    ("CurrentTime", _wall_time(lambda row: row.now)),
    ("ElapsedTime(P)", lambda row: clock(row.now.elapsed_ns - row.before.elapsed_ns)),
    ("ElapsedTime(C)", lambda row: clock(row.now.elapsed_ns)),
    ("TargetRate", _target),
    (
        "CallRate(P)",
        lambda row: _rate(row.now.counters.created - row.before.counters.created, row.now.elapsed_ns - row.before.elapsed_ns),
    ),
    ("CallRate(C)", lambda row: _rate(row.now.counters.created, row.now.elapsed_ns)),
    ("IncomingCall(P)", lambda row: row.now.counters.incoming - row.before.counters.incoming),
    ("IncomingCall(C)", lambda row: row.now.counters.incoming),
    ("OutgoingCall(P)", lambda row: row.now.counters.outgoing - row.before.counters.outgoing),
    ("OutgoingCall(C)", lambda row: row.now.counters.outgoing),
    ("TotalCallCreated", lambda row: row.now.counters.created),
    ("CurrentCall", lambda row: row.now.counters.open),
)

CounterCell: TypeAlias = Callable[[Counters], int]


def _never(counters: Counters) -> int:
    """SIPp watches its own scheduler; a shard that falls behind shows in lateness and the verdict instead."""
    return 0


def _failures_of(failure: Failure) -> CounterCell:
    return lambda counters: counters.failures.get(failure, 0)


def _column_of_counter(name: str) -> str:
    """The name of a scenario's counter, before which SIPp writes a word when it is a number."""
    return f"GenericCounter{name}" if name.isdecimal() else name


def _scenario_counter(name: str) -> CounterCell:
    return lambda counters: counters.scenario.get(name, 0)


_COUNTERS: tuple[tuple[str, CounterCell], ...] = (
    ("SuccessfulCall", operator.attrgetter("successful")),
    ("FailedCall", lambda counters: counters.failed + counters.lost_with_shard),
    *((failure.value, _failures_of(failure)) for failure in SIPP_FAILURES),
    ("OutOfCallMsgs", operator.attrgetter("out_of_call")),
    ("DeadCallMsgs", operator.attrgetter("dead_call")),
    ("Retransmissions", operator.attrgetter("retransmissions")),
    ("AutoAnswered", operator.attrgetter("auto_answered")),
    ("Warnings", operator.attrgetter("warnings")),
    ("FatalErrors", operator.attrgetter("fatal_errors")),
    ("WatchdogMajor", _never),
    ("WatchdogMinor", _never),
)


def _both(name: str, of: CounterCell) -> tuple[Column, Column]:
    return (
        (f"{name}(P)", lambda row: of(row.now.counters) - of(row.before.counters)),
        (f"{name}(C)", lambda row: of(row.now.counters)),
    )


HistogramOf: TypeAlias = Callable[[Snapshot], Histogram]


def _timer(name: str) -> HistogramOf:
    return lambda snapshot: snapshot.response_times[name]


def _call_length(snapshot: Snapshot) -> Histogram:
    return snapshot.call_length


def _time_columns(name: str, of: HistogramOf) -> tuple[Column, ...]:
    def periodic(row: Row) -> Histogram:
        return of(row.now).since(of(row.before))

    return (
        (f"{name}(P)", lambda row: fine_clock(periodic(row).mean_ns)),
        (f"{name}(C)", lambda row: fine_clock(of(row.now).mean_ns)),
        (f"{name}StDev(P)", lambda row: fine_clock(periodic(row).stdev_ns)),
        (f"{name}StDev(C)", lambda row: fine_clock(of(row.now).stdev_ns)),
    )


def _repartition_columns(name: str, of: HistogramOf, snapshot: Snapshot) -> Iterator[Column]:
    """A column without a value that names the group, then the counts up to each bound and from the highest on."""
    bounds_ms = of(snapshot).bounds_ms
    if not bounds_ms:
        return
    yield name, lambda row: ""
    for index, bound_ms in enumerate(bounds_ms):
        yield f"{name}_<{bound_ms}", _share(of, index)
    yield f"{name}_>={bounds_ms[-1]}", _share(of, len(bounds_ms))


def _share(of: HistogramOf, index: int) -> Cell:
    return lambda row: of(row.now).repartition[index]


def header(table: tuple[Column, ...], delimiter: str) -> str:
    """The first line of the file."""
    return "".join(f"{name}{delimiter}" for name, _ in table) + "\n"


def row_text(table: tuple[Column, ...], row: Row, delimiter: str) -> str:
    """One line of the file."""
    return "".join(f"{cell(row)}{delimiter}" for _, cell in table) + "\n"


def at_start(snapshot: Snapshot) -> Snapshot:
    """The snapshot that was true before the first call, made from any later one of the same run."""
    return msgspec.structs.replace(
        snapshot,
        elapsed_ns=0,
        counters=Counters(),
        steps=tuple(StepCounts() for _ in snapshot.steps),
        response_times={name: _emptied(histogram) for name, histogram in snapshot.response_times.items()},
        call_length=_emptied(snapshot.call_length),
    )


def _emptied(histogram: Histogram) -> Histogram:
    return Histogram(bounds_ms=histogram.bounds_ms, repartition=[0] * len(histogram.repartition))


class StatisticsTable:
    """The file of a run's table. `update` it with every snapshot; it writes a row when one is due.

    The first snapshot writes the header and the row of the start, the last one (state `finished`) the row of the end.
    """

    def __init__(self, path: str, started: RunStarted) -> None:
        """Open the file, replacing what is there. Raises ReportError."""
        self._started = started
        self._file = LogFile(path)
        self._columns: tuple[Column, ...] = ()
        self._before: Snapshot | None = None
        self._due_ns = 0

    def update(self, snapshot: Snapshot) -> None:
        """Write the rows that are due at this snapshot. Raises ReportError when the file cannot take them."""
        text = ""
        if self._before is None:
            self._columns = columns(self._started, snapshot)
            self._before = at_start(snapshot)
            text = header(self._columns, self._delimiter) + self._row(self._before)
        if snapshot.elapsed_ns >= self._due_ns or snapshot.state is RunState.FINISHED:
            text += self._row(snapshot)
        if text:
            self._file.append(text.encode())

    def close(self) -> None:
        """Close the file. Closing twice does nothing."""
        self._file.close()

    @property
    def _delimiter(self) -> str:
        return self._started.config.statistics_delimiter

    def _row(self, snapshot: Snapshot) -> str:
        text = row_text(self._columns, Row(self._started, self._before or snapshot, snapshot), self._delimiter)
        self._before = snapshot
        period_ns = self._started.config.statistics_period_ms * 1_000_000
        self._due_ns = (snapshot.elapsed_ns // period_ns + 1) * period_ns
        return text
