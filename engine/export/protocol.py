# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a run and its exporter say to each other over their pipe (`engine.pipe`).

The exporter is given its `ExportPlan`, answers `Opened` or `NotOpened`, is told the run's events and at the end `Complete`;
it tells `Counted` four times a second, `Cautioned` when there is something to say, and ends with `Completed`.
"""

from __future__ import annotations

import msgspec

from engine.messages import CallTrace, Logged, QueueCounts, RunFinished, RunStarted, Snapshot, Warning


class ToExporter(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The base of what a run tells its exporter, beside events."""


class ExportPlan(ToExporter, frozen=True, kw_only=True, tag=True):
    """The run, which is about to start."""

    started: RunStarted


class Complete(ToExporter, frozen=True, kw_only=True, tag=True):
    """No call is made any more. `last` and `finished` say how the run ended, but for the queues, which `within_s` brings to an
    end: what waits then is dropped."""

    last: Snapshot
    finished: RunFinished
    within_s: float


AnyToExporter = ExportPlan | Complete | RunStarted | Snapshot | Warning | Logged | CallTrace


class FromExporter(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The base of what an exporter tells its run."""


class Opened(FromExporter, frozen=True, kw_only=True, tag=True):
    """All sinks are ready. `events` are the types of events that they want, by name."""

    events: tuple[str, ...]


class NotOpened(FromExporter, frozen=True, kw_only=True, tag=True):
    """The last word of one that cannot start, and why, in one line."""

    text: str


class Counts(FromExporter, frozen=True, kw_only=True):
    """What came, since the start: records of shards, events of the run but for snapshots; and the queues of the sinks."""

    records: int = 0
    events: int = 0
    queues: dict[str, QueueCounts] = {}


class Counted(FromExporter, frozen=True, kw_only=True, tag=True):
    """How it goes."""

    counts: Counts


class Cautioned(FromExporter, frozen=True, kw_only=True, tag=True):
    """A person should know this; told once."""

    text: str


class Completed(FromExporter, frozen=True, kw_only=True, tag=True):
    """The last word of one that ended as it should: nothing waits any more."""

    counts: Counts


AnyFromExporter = Opened | NotOpened | Counted | Cautioned | Completed
