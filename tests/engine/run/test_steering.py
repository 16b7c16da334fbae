# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a run is told while it runs shows in its next snapshot."""

from __future__ import annotations

import pytest

from engine.errors import CommandError
from engine.messages import (
    Command,
    Done,
    Outcome,
    PauseTraffic,
    ResumeTraffic,
    RunState,
    SetLimit,
    SetRate,
    SetUsers,
    StopRun,
)
from tests.engine.run.runs import ENDLESS_MS, call, engine_with_server


async def test_a_new_rate_a_new_limit_a_pause_and_its_end() -> None:
    async with engine_with_server() as (bus, server):
        run = await call(bus, server.port, rate=0.0, statistics_period_ms=1000)
        first = await run.until(lambda snapshot: True)
        assert (first.target_rate, first.state, first.users) == (0, RunState.RUNNING, None)
        await bus.call(SetRate(run=run.name, rate=300))
        assert (await run.until(lambda snapshot: True)).target_rate == 300
        await bus.call(SetLimit(run=run.name, call_limit=17))
        assert (await run.until(lambda snapshot: True)).call_limit == 17
        await run.until(lambda snapshot: snapshot.counters.successful)
        await bus.call(PauseTraffic(run=run.name))
        paused = await run.until(lambda snapshot: snapshot.state is RunState.PAUSED)
        assert paused.call_limit == 17
        await bus.call(ResumeTraffic(run=run.name))
        await run.until(lambda snapshot: snapshot.state is RunState.RUNNING)
        await bus.call(StopRun(run=run.name))
        await run.until(lambda snapshot: snapshot.state is RunState.FINISHING)
        summary = await run.finish()
    assert (summary.outcome, summary.exit_code, summary.counters.open) == (Outcome.STOPPED, 97, 0)
    assert summary.counters.successful == summary.counters.created > 0


async def test_more_users() -> None:
    async with engine_with_server() as (bus, server):
        run = await call(bus, server.port, users=2, pause_ms=ENDLESS_MS)
        await run.until(lambda snapshot: snapshot.counters.open == 2)
        await bus.call(SetUsers(run=run.name, users=3))
        assert (await run.until(lambda snapshot: True)).users == 3
        told = await run.until(lambda snapshot: snapshot.counters.open == 3)
        assert (told.target_rate, told.call_limit) == (0, 3)


async def test_stopping_gracefully_and_then_at_once() -> None:
    async with engine_with_server() as (bus, server):
        run = await call(bus, server.port, users=2, pause_ms=ENDLESS_MS)
        await run.until(lambda snapshot: snapshot.counters.open == 2)
        await bus.call(StopRun(run=run.name))
        await run.until(lambda snapshot: snapshot.state is RunState.FINISHING)
        await bus.call(StopRun(run=run.name, now=True))
        summary = await run.finish()
        assert (summary.outcome, summary.counters.open, summary.counters.failed) == (Outcome.STOPPED, 2, 0)
        with pytest.raises(CommandError, match=f"there is no run '{run.name}'"):
            await bus.call(StopRun(run=run.name))


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (SetUsers(run="uac-2", users=3), "the run has a rate, not users"),
        (SetRate(run="uac-2", rate=-1.0), "-r: "),
        (SetLimit(run="uac-2", call_limit=0), "-l: "),
        (SetRate(run="uas-1", rate=3.0), "a server starts no calls"),
        (PauseTraffic(run="uac-9"), "there is no run 'uac-9'"),
    ],
)
async def test_what_makes_no_sense_is_refused_and_the_run_goes_on(command: Command[Done], told: str) -> None:
    async with engine_with_server() as (bus, server):
        run = await call(bus, server.port)
        with pytest.raises(CommandError, match=told):
            await bus.call(command)
        await run.until(lambda snapshot: snapshot.counters.successful > 10)


async def test_a_rate_for_a_run_of_users_is_refused() -> None:
    async with engine_with_server() as (bus, server):
        run = await call(bus, server.port, users=2)
        with pytest.raises(CommandError, match="the run has users, not a rate"):
            await bus.call(SetRate(run=run.name, rate=3.0))
