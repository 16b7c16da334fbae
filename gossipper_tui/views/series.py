# SPDX-License-Identifier: AGPL-3.0-or-later
"""A run's history for plots: one point a period, made from cumulative snapshots, in bounded memory.

Two snapshots that lie at least a period apart make a point: what happened between them. A lost snapshot only makes its
point longer. When there are `MOST_POINTS` points, neighbours are joined and the period doubles, so that a run of days
costs as much as one of minutes.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.messages import Histogram, Snapshot
from gossipper_tui.views.media_point import MediaPoint, joined_media, media_point

CALL_LENGTH = "call length"
"""The key of the call length among the response times."""

PERIOD_NS = 1_000_000_000
MOST_POINTS = 600


@dataclass(frozen=True, slots=True)
class Point:
    """What happened in the period that ends at `at_ns`. Rates are in calls a second, times p50, p90, p99 in ns.
    `media` is None where there is none."""

    at_ns: int
    target: float
    started: float
    done: float
    times: dict[str, tuple[int, ...]]
    media: MediaPoint | None = None


def times_of(snapshot: Snapshot) -> dict[str, Histogram]:
    """Every measured time of a snapshot: the response times by the names of their timers, then the call length."""
    return {**snapshot.response_times, CALL_LENGTH: snapshot.call_length}


@dataclass(slots=True)
class Series:
    """Points of a run, oldest first. `last` is the snapshot that ended the newest point, `before` the one before it."""

    points: list[Point] = field(default_factory=list)
    last: Snapshot | None = None
    before: Snapshot | None = None
    period_ns: int = PERIOD_NS

    def add(self, snapshot: Snapshot) -> None:
        """Take a snapshot into account; snapshots come in the order of their clocks."""
        if self.last is None:
            self.last = snapshot
            return
        if snapshot.elapsed_ns - self.last.elapsed_ns < self.period_ns:
            return
        self.points.append(_point(self.last, snapshot))
        self.before, self.last = self.last, snapshot
        if len(self.points) >= MOST_POINTS:
            self.points = [_joined(*pair) for pair in zip(self.points[::2], self.points[1::2], strict=False)]
            self.period_ns *= 2


def _point(earlier: Snapshot, later: Snapshot) -> Point:
    seconds = (later.elapsed_ns - earlier.elapsed_ns) / 1e9
    was, now = earlier.counters, later.counters
    before = times_of(earlier)
    times = {}
    for name, histogram in times_of(later).items():
        recent = histogram.since(before.get(name, Histogram()))
        if recent.count:
            times[name] = tuple(recent.percentiles_ns(50, 90, 99))
    return Point(
        at_ns=later.elapsed_ns,
        target=later.target_rate,
        started=(now.created - was.created) / seconds,
        done=(now.successful + now.failed - was.successful - was.failed) / seconds,
        times=times,
        media=media_point(earlier, later),
    )


def _joined(first: Point, second: Point) -> Point:
    """One point for two of the same length. Of percentiles the higher is kept: a peak must not disappear."""
    times = dict(first.times)
    for name, values in second.times.items():
        times[name] = tuple(map(max, values, times.get(name, values)))
    return Point(
        at_ns=second.at_ns,
        target=second.target,
        started=(first.started + second.started) / 2,
        done=(first.done + second.done) / 2,
        times=times,
        media=joined_media(first.media, second.media),
    )
