# SPDX-License-Identifier: AGPL-3.0-or-later
"""Small events of one run, for tests of their delivery."""

from __future__ import annotations

from engine.messages import (
    Counters,
    Histogram,
    Logged,
    Outcome,
    Percentiles,
    Role,
    RunFinished,
    RunStarted,
    RunState,
    ScenarioDescription,
    Snapshot,
    StepCounts,
    Summary,
    Verdict,
    Warning,
)
from engine.options import RunConfig

RUN = "run-1"


def started(run: str = RUN) -> RunStarted:
    scenario = ScenarioDescription(source="uac", title="a scenario", role=Role.UAC, runnable=True, steps=())
    return RunStarted(
        run=run,
        config=RunConfig(remote="127.0.0.1"),
        scenario=scenario,
        started_unix_ns=1,
        pid=7,
        local="127.0.0.1:5060",
        workers=1,
    )


def histogram() -> Histogram:
    return Histogram(
        count=2, sum_ns=30, sum_squares_ns=500, min_ns=10, max_ns=20, buckets={10: 1, 20: 1}, bounds_ms=(1,), repartition=[2, 0]
    )


def snapshot(sequence: int, run: str = RUN) -> Snapshot:
    return Snapshot(
        run=run,
        sequence=sequence,
        elapsed_ns=sequence * 250_000_000,
        state=RunState.RUNNING,
        target_rate=10.0,
        users=None,
        call_limit=30,
        counters=Counters(outgoing=sequence, open=sequence),
        steps=(StepCounts(messages=sequence),),
        response_times={"1": histogram()},
        response_times_from_due={"1": histogram()},
        call_length=Histogram(),
        lateness=histogram(),
        verdict=Verdict(),
    )


def logged(text: str, run: str = RUN) -> Logged:
    return Logged(run=run, elapsed_ns=5, text=text)


def warning(text: str, run: str = RUN) -> Warning:
    return Warning(run=run, elapsed_ns=5, text=text, count=2)


def percentiles() -> Percentiles:
    return Percentiles(
        count=1,
        mean_ms=1,
        stdev_ms=0,
        min_ms=1,
        p50_ms=1,
        p90_ms=1,
        p95_ms=1,
        p99_ms=1,
        p99_9_ms=1,
        max_ms=1,
        repartition=((1, 0), (None, 1)),
    )


def finished(run: str = RUN) -> RunFinished:
    summary = Summary(
        generator="gossipper",
        run=run,
        scenario="uac",
        title="a scenario",
        role="uac",
        remote="127.0.0.1",
        transport="u1",
        workers=1,
        started_at="2026-11-22T18:18:30Z",
        elapsed_s=1.5,
        outcome=Outcome.PASSED,
        exit_code=0,
        verdict=Verdict(),
        trustworthy=True,
        target_rate=10.0,
        call_rate=9.9,
        counters=Counters(outgoing=15, successful=15),
        steps=(),
        response_times={"1": percentiles()},
        response_times_from_due={"1": percentiles()},
        call_length=percentiles(),
        lateness=percentiles(),
    )
    return RunFinished(run=run, summary=summary)
