# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a shard has measured: a copy that travels to the run, where those of several shards are added up."""

from __future__ import annotations

import msgspec

from engine.messages import Counters, Histogram, MediaNumbers, QueueCounts, StepCounts


class Measurements(msgspec.Struct, kw_only=True):
    """What one shard, or several, measured. Histograms are by the names of the timers.

    Counters count since the start. So do the histograms of a whole run (`stats.gathered`); those that a shard tells hold
    what came since it last told.

    `wall_ns` is the time in which that was, of several shards the sum: what `counters.cpu_ns` could have been.
    `media` is None where the scenario has none. `queues` are those of what is written down or sent on, by name.
    """

    counters: Counters
    steps: tuple[StepCounts, ...]
    response_times: dict[str, Histogram]
    response_times_from_due: dict[str, Histogram]
    call_length: Histogram
    lateness: Histogram
    wall_ns: int = 0
    media: MediaNumbers | None = None
    queues: dict[str, QueueCounts] = {}
