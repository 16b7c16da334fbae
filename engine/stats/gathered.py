# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the shards of a run reported, added up since the start.

A shard's counters count since its start; its histograms hold only what came since its last report, which is little, and
is added here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce

import msgspec

from engine.messages import Histogram, MediaCounters, MediaNumbers, QueueCounts
from engine.stats.measurements import Measurements


class _Total:
    """A histogram that grows, and a copy of it that is made anew only when it has grown."""

    __slots__ = ("_copy", "_total")

    def __init__(self, first: Histogram) -> None:
        self._total = first.copy()
        self._copy: Histogram | None = None

    def add(self, more: Histogram) -> None:
        if more.count:
            self._total.add(more)
            self._copy = None

    def copy(self) -> Histogram:
        if self._copy is None:
            self._copy = self._total.copy()
        return self._copy


class Gathered:
    """The sum over the shards of one run, all of the same scenario. `empty` is what each measures before it starts."""

    def __init__(self, empty: Sequence[Measurements]) -> None:
        self._reported = list(empty)
        self._response_times = _totals(empty[0].response_times)
        self._from_due = _totals(empty[0].response_times_from_due)
        self._call_length = _Total(empty[0].call_length)
        self._lateness = _Total(empty[0].lateness)
        self._media: dict[str, _Total] = {}

    def take(self, index: int, reported: Measurements) -> None:
        """Take in what a shard has reported."""
        self._reported[index] = reported
        for name, total in self._response_times.items():
            total.add(reported.response_times[name])
        for name, total in self._from_due.items():
            total.add(reported.response_times_from_due[name])
        self._call_length.add(reported.call_length)
        self._lateness.add(reported.lateness)
        if reported.media is not None:
            for name, histogram in reported.media.histograms().items():
                known = self._media.get(name)
                if known is None:
                    self._media[name] = _Total(histogram)
                else:
                    known.add(histogram)

    def lose(self, index: int) -> None:
        """A shard is gone: the calls that it had open are lost with it, and their media is over."""
        counters, media = self._reported[index].counters, self._reported[index].media
        counters = msgspec.structs.replace(counters, lost_with_shard=counters.lost_with_shard + counters.open, open=0)
        if media is not None:
            ended = msgspec.structs.replace(media.counters, streams_out=0, streams_in=0)
            media = msgspec.structs.replace(media, counters=ended)
        self._reported[index] = msgspec.structs.replace(self._reported[index], counters=counters, media=media)

    def measurements(self) -> Measurements:
        """Everything since the start, in a copy."""
        first, *others = self._reported
        counters, steps = first.counters, first.steps
        for other in others:
            counters = counters.plus(other.counters)
            steps = tuple(mine.plus(theirs) for mine, theirs in zip(steps, other.steps, strict=True))
        return Measurements(
            counters=counters,
            steps=steps,
            response_times=_copies(self._response_times),
            response_times_from_due=_copies(self._from_due),
            call_length=self._call_length.copy(),
            lateness=self._lateness.copy(),
            wall_ns=sum(one.wall_ns for one in self._reported),
            media=self._media_numbers(),
            queues=together(one.queues for one in self._reported),
        )

    def _media_numbers(self) -> MediaNumbers | None:
        """Those of all shards that have media, None when none has."""
        told = [one.media.counters for one in self._reported if one.media is not None]
        if not told or not self._media:
            return None
        counters = reduce(MediaCounters.plus, told[1:], told[0])
        return MediaNumbers(counters=counters, **_copies(self._media))


def together(told: Iterable[Mapping[str, QueueCounts]]) -> dict[str, QueueCounts]:
    """What several say of their queues, added up by the names of these."""
    sums: dict[str, QueueCounts] = {}
    for queues in told:
        for name, counts in queues.items():
            sums[name] = sums[name].plus(counts) if name in sums else counts
    return sums


def _totals(empty: Mapping[str, Histogram]) -> dict[str, _Total]:
    return {name: _Total(histogram) for name, histogram in empty.items()}


def _copies(totals: Mapping[str, _Total]) -> dict[str, Histogram]:
    return {name: total.copy() for name, total in totals.items()}
