# SPDX-License-Identifier: AGPL-3.0-or-later
"""A run as the engine tells of it, to write reports from: 3 steps, one timer, one counter."""

from __future__ import annotations

from typing import Any

import msgspec

from engine.media.reception import ReceptionSummary
from engine.messages import (
    Counters,
    Failure,
    Histogram,
    MediaNumbers,
    Role,
    RunStarted,
    RunState,
    ScenarioDescription,
    Snapshot,
    StepCounts,
    StepDescription,
    StepKind,
    Verdict,
)
from engine.options import RunConfig
from engine.stats.media import MediaMeter, Reported
from engine.stats.samples import Samples

MS = 1_000_000
SECOND = 1_000_000_000
STARTED_UNIX_NS = 1_795_371_510_368_204_999
RESPONSE_BOUNDS_MS = (10, 20)
CALL_LENGTH_BOUNDS_MS = (10, 50)


def run_started(*, timers: tuple[str, ...] = ("1",), counters: tuple[str, ...] = ("begun",), **options: Any) -> RunStarted:
    """The first event of a run of three steps with these timers, counters and options."""
    kinds = ((StepKind.SEND, "INVITE"), (StepKind.RECV, "200"), (StepKind.SEND, "ACK"))
    return RunStarted(
        run="1",
        config=msgspec.structs.replace(RunConfig(remote="127.0.0.1:5060"), **options),
        scenario=ScenarioDescription(
            source="uac",
            title="Basic UAC",
            role=Role.UAC,
            runnable=True,
            steps=tuple(StepDescription(kind=kind, label=label, line=1, end_line=2) for kind, label in kinds),
            timers=timers,
            counters=counters,
        ),
        started_unix_ns=STARTED_UNIX_NS,
        pid=4242,
        local="127.0.0.1:5061",
        workers=1,
    )


def histogram(values_ms: tuple[float, ...], bounds_ms: tuple[int, ...] = ()) -> Histogram:
    """These durations as a histogram."""
    samples = Samples(bounds_ms)
    samples.pending.extend(round(value * MS) for value in values_ms)
    return samples.take()


def snapshot(
    *,
    elapsed_s: float,
    successful: int = 0,
    failed: int = 0,
    still_open: int = 0,
    lost_with_shard: int = 0,
    response_ms: tuple[float, ...] = (),
    timers: tuple[str, ...] = ("1",),
    state: RunState = RunState.RUNNING,
    users: int | None = None,
    target_rate: float = 5.0,
    repartitions: bool = True,
) -> Snapshot:
    """The cumulative state of that run `elapsed_s` after its start; failed calls were unexpected messages."""
    created = successful + failed + still_open + lost_with_shard
    response_times = {name: histogram(response_ms, RESPONSE_BOUNDS_MS if repartitions else ()) for name in timers}
    return Snapshot(
        run="1",
        sequence=1,
        elapsed_ns=round(elapsed_s * SECOND),
        state=state,
        target_rate=0.0 if users else target_rate,
        users=users,
        call_limit=30,
        counters=Counters(
            outgoing=created,
            successful=successful,
            failed=failed,
            open=still_open,
            lost_with_shard=lost_with_shard,
            failures={Failure.UNEXPECTED_MESSAGE: failed} if failed else {},
            reasons={"unexpected 486 in step 1 (200)": failed} if failed else {},
            scenario={"begun": created},
        ),
        steps=(
            StepCounts(messages=created),
            StepCounts(messages=successful, unexpected=failed),
            StepCounts(messages=successful),
        ),
        response_times=response_times,
        response_times_from_due=response_times,
        call_length=histogram(tuple(value * 10 for value in response_ms), CALL_LENGTH_BOUNDS_MS),
        lateness=histogram((0.1,) * created),
        verdict=Verdict(),
    )


def media(*, legs: int = 2, packets: int = 1000, lost: int = 10, checks_failed: int = 0) -> MediaNumbers:
    """The media of calls that each lost the same."""
    meter = MediaMeter()
    meter.counters.packets_sent = meter.counters.packets_received = legs * packets
    meter.counters.checks_failed = checks_failed
    meter.lateness.pending.extend([MS] * (legs * packets))
    for _ in range(legs):
        heard = ReceptionSummary(
            expected=packets, lost=lost, jitter_mean_ns=2 * MS, jitter_max_ns=5 * MS, longest_gap_ns=61 * MS, mos=4.1
        )
        meter.leg_opened().closed(heard, Reported(loss=0.02, jitter_ns=3 * MS, mos=3.9))
    return meter.take()
