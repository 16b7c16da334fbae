# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a shard has measured: a copy that travels to the run, where those of several shards are added up."""

from __future__ import annotations

import msgspec

from engine.messages import Counters, Histogram, StepCounts


class Measurements(msgspec.Struct, kw_only=True):
    """Everything that one shard, or several, measured since the start. Histograms are by the names of the timers.

    `wall_ns` is the time in which that was, of several shards the sum: what `counters.cpu_ns` could have been.
    """

    counters: Counters
    steps: tuple[StepCounts, ...]
    response_times: dict[str, Histogram]
    response_times_from_due: dict[str, Histogram]
    call_length: Histogram
    lateness: Histogram
    wall_ns: int = 0

    def plus(self, other: Measurements) -> Measurements:
        """Both together; they must be of the same scenario."""
        return Measurements(
            counters=self.counters.plus(other.counters),
            steps=tuple(mine.plus(theirs) for mine, theirs in zip(self.steps, other.steps, strict=True)),
            response_times=_add(self.response_times, other.response_times),
            response_times_from_due=_add(self.response_times_from_due, other.response_times_from_due),
            call_length=self.call_length.plus(other.call_length),
            lateness=self.lateness.plus(other.lateness),
            wall_ns=self.wall_ns + other.wall_ns,
        )


def _add(mine: dict[str, Histogram], theirs: dict[str, Histogram]) -> dict[str, Histogram]:
    return {name: mine[name].plus(theirs[name]) for name in mine}
