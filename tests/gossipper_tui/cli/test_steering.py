# SPDX-License-Identifier: AGPL-3.0-or-later
"""Keys as commands on a real bus whose handlers write down what they are asked."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
import trio
import trio.testing

from engine.bus import open_bus
from engine.errors import CommandError
from engine.messages import Command, Done, PauseTraffic, ResumeTraffic, Role, RunStarted, SetRate, SetUsers, StopRun
from engine.options import RunConfig
from gossipper_tui.cli.steering import FINISHING, STOPPING, Steering
from tests.engine.bus.events import RUN, started


def run_with(config: RunConfig, role: Role = Role.UAC) -> RunStarted:
    event = started()
    return msgspec.structs.replace(event, config=config, scenario=msgspec.structs.replace(event.scenario, role=role))


@asynccontextmanager
async def steered(event: RunStarted, asked: list[Command[Any]], told: list[str]) -> AsyncIterator[Callable[[str], None]]:
    async def obey(command: Command[Any]) -> Done:
        asked.append(command)
        await trio.lowlevel.checkpoint()
        return Done()

    async with open_bus() as bus, trio.open_nursery() as nursery:
        bus.serve(dict.fromkeys((StopRun, SetRate, SetUsers, PauseTraffic, ResumeTraffic), obey))
        yield Steering(bus, event, nursery, told.append).press


@pytest.mark.parametrize(
    ("config", "keys", "expected"),
    [
        (RunConfig(rate=10.0), "+", [SetRate(run=RUN, rate=11.0)]),
        (RunConfig(rate=10.0), "-", [SetRate(run=RUN, rate=9.0)]),
        (RunConfig(rate=10.0, rate_scale=5.0), "*", [SetRate(run=RUN, rate=60.0)]),
        (RunConfig(rate=10.0), "/", [SetRate(run=RUN, rate=0.0)]),
        (RunConfig(rate=10.0), "--", [SetRate(run=RUN, rate=9.0), SetRate(run=RUN, rate=8.0)]),
        (RunConfig(rate=0.5), "-", [SetRate(run=RUN, rate=0.0)]),
        (RunConfig(users=5), "+/", [SetUsers(run=RUN, users=6), SetUsers(run=RUN, users=1)]),
        (RunConfig(), "ppp", [PauseTraffic(run=RUN), ResumeTraffic(run=RUN), PauseTraffic(run=RUN)]),
        (RunConfig(), "q", [StopRun(run=RUN)]),
        (RunConfig(), "qq", [StopRun(run=RUN), StopRun(run=RUN, now=True)]),
        (RunConfig(), "Q", [StopRun(run=RUN, now=True)]),
        (RunConfig(), "xyz \n\x00", []),
    ],
)
async def test_keys_are_sipps(config: RunConfig, keys: str, expected: list[Command[Any]]) -> None:
    asked: list[Command[Any]] = []
    async with steered(run_with(config), asked, []) as press:
        for key in keys:
            press(key)
            await trio.testing.wait_all_tasks_blocked()
    assert asked == expected


async def test_a_server_has_no_rate() -> None:
    asked: list[Command[Any]] = []
    async with steered(run_with(RunConfig(), Role.UAS), asked, []) as press:
        press("+")
        await trio.testing.wait_all_tasks_blocked()
    assert asked == []


async def test_a_person_is_told_what_stopping_does() -> None:
    told: list[str] = []
    async with steered(run_with(RunConfig()), [], told) as press:
        press("q")
        press("q")
    assert told == [FINISHING, STOPPING]


async def test_a_refused_command_is_told_and_ends_nothing() -> None:
    async def refuse(command: PauseTraffic) -> Done:
        await trio.lowlevel.checkpoint()
        raise CommandError("there is no such run")

    told: list[str] = []
    async with open_bus() as bus, trio.open_nursery() as nursery:
        bus.serve({PauseTraffic: refuse})
        Steering(bus, started(), nursery, told.append).press("p")
    assert told == ["there is no such run"]
