# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the calls of one shard write to, without locks: one task owns them all."""

from __future__ import annotations

from typing import Final

import msgspec

from engine.messages import Counters, Failure, Histogram, StepCounts
from engine.messages.counts import MOST_REASONS, OTHER_REASONS
from engine.stats.measurements import Measurements
from engine.stats.media import MediaMeter
from engine.stats.samples import Samples

LONGEST_REASON: Final = 200
MANY_PENDING: Final = 200
"""Samples worth folding: some 0.1 ms of work, short enough to hold up nobody."""
LATE_START_NS: Final = 10_000_000
"""A call that starts later than this after it was due counts as a late start."""


class StepTally:
    """The `StepCounts` of one step while they are counted, several times a call: a struct is slower to write to."""

    __slots__ = ("lost", "messages", "open", "retransmissions", "timeouts", "unexpected")

    def __init__(self) -> None:
        self.messages = 0
        self.retransmissions = 0
        self.timeouts = 0
        self.unexpected = 0
        self.lost = 0
        self.open = 0

    def counts(self) -> StepCounts:
        """A copy."""
        return StepCounts(
            messages=self.messages,
            retransmissions=self.retransmissions,
            timeouts=self.timeouts,
            unexpected=self.unexpected,
            lost=self.lost,
            open=self.open,
        )


class Meter:
    """What the calls of one scenario in a shard write to. The attributes are written directly: this runs once a message.

    A shard tells the meter of its main scenario; `beside` it may have those of others, whose counters are told with it. Of a
    meter whose `counts_calls` is false only what is not about calls is told. `media` is what media write to, None without any.
    """

    __slots__ = (
        "_all_samples",
        "_counter_names",
        "_timer_names",
        "beside",
        "call_length",
        "counters",
        "counts_calls",
        "lateness",
        "media",
        "response_times",
        "response_times_from_due",
        "scenario_counters",
        "steps",
        "wall_ns",
    )

    def __init__(
        self,
        *,
        steps: int,
        timers: tuple[str, ...] = (),
        counters: tuple[str, ...] = (),
        response_bounds_ms: tuple[int, ...] = (),
        call_length_bounds_ms: tuple[int, ...] = (),
    ) -> None:
        self.counts_calls = True
        self.beside: list[Meter] = []
        self.media: MediaMeter | None = None
        self._timer_names = timers
        self._counter_names = counters
        self.counters = Counters()
        self.wall_ns = 0
        self.scenario_counters = [0] * len(counters)
        self.steps = [StepTally() for _ in range(steps)]
        self.response_times = [Samples(response_bounds_ms) for _ in timers]
        self.response_times_from_due = [Samples(response_bounds_ms) for _ in timers]
        self.call_length = Samples(call_length_bounds_ms)
        self.lateness = Samples()
        self._all_samples = (*self.response_times, *self.response_times_from_due, self.call_length, self.lateness)

    def call_started(self, lateness_ns: int, *, outgoing: bool) -> None:
        """Count a call that begins; an outgoing one with how late it is."""
        counters = self.counters
        counters.open = now_open = counters.open + 1
        if now_open > counters.peak_open:
            counters.peak_open = now_open
        if not outgoing:
            counters.incoming += 1
            return
        counters.outgoing += 1
        self.lateness.pending.append(lateness_ns)
        if lateness_ns > LATE_START_NS:
            counters.late_starts += 1

    def call_ended(self, length_ns: int, failure: Failure | None, reason: str = "") -> None:
        """Count a call that ends: successful without a `failure`, else failed in that class for that `reason`."""
        counters = self.counters
        counters.open -= 1
        self.call_length.pending.append(length_ns)
        if failure is None:
            counters.successful += 1
            return
        counters.failed += 1
        counters.failures[failure] = counters.failures.get(failure, 0) + 1
        reason = reason[:LONGEST_REASON]
        if reason not in counters.reasons and len(counters.reasons) >= MOST_REASONS:
            self._make_room()
        counters.reasons[reason] = counters.reasons.get(reason, 0) + 1

    def _make_room(self) -> None:
        """Put the oldest of the rarest reasons to the others: a reason that comes again stays, whatever a peer makes up."""
        reasons = self.counters.reasons
        others = reasons.pop(OTHER_REASONS, 0)
        if len(reasons) >= MOST_REASONS:
            others += reasons.pop(min(reasons, key=reasons.__getitem__))
        reasons[OTHER_REASONS] = others

    def fold(self) -> None:
        """Fold samples into their histograms where enough are pending to make it worth while; to be called once a tick."""
        for samples in self._all_samples:
            if len(samples.pending) >= MANY_PENDING:
                samples.fold()
        if self.media is not None:
            self.media.fold()
        for other in self.beside:
            other.fold()

    def take(self) -> Measurements:
        """The counters since the start, and the samples since the last time; those are then forgotten here."""
        counters = self._copy()
        for other in self.beside:
            counters = counters.plus(other._told_beside())
        return Measurements(
            counters=counters,
            steps=tuple(step.counts() for step in self.steps),
            response_times=self._take(self.response_times),
            response_times_from_due=self._take(self.response_times_from_due),
            call_length=self.call_length.take(),
            lateness=self.lateness.take(),
            wall_ns=self.wall_ns,
            media=None if self.media is None else self.media.take(),
        )

    def _copy(self) -> Counters:
        return msgspec.structs.replace(
            self.counters,
            failures=dict(self.counters.failures),
            reasons=dict(self.counters.reasons),
            scenario=dict(zip(self._counter_names, self.scenario_counters, strict=True)),
        )

    def _told_beside(self) -> Counters:
        """What is told with the counters of another scenario: not those that this one names itself."""
        if self.counts_calls:
            return msgspec.structs.replace(self._copy(), scenario={})
        counters = self.counters
        return Counters(
            retransmissions=counters.retransmissions,
            auto_answered=counters.auto_answered,
            fatal_errors=counters.fatal_errors,
            lost_on_purpose=counters.lost_on_purpose,
        )

    def give_back(self, taken: Measurements) -> None:
        """Count in again the samples that were taken and could not be told."""
        for index, name in enumerate(self._timer_names):
            self.response_times[index].give_back(taken.response_times[name])
            self.response_times_from_due[index].give_back(taken.response_times_from_due[name])
        self.call_length.give_back(taken.call_length)
        self.lateness.give_back(taken.lateness)
        if self.media is not None and taken.media is not None:
            self.media.give_back(taken.media)

    def _take(self, samples: list[Samples]) -> dict[str, Histogram]:
        return {name: one.take() for name, one in zip(self._timer_names, samples, strict=True)}
