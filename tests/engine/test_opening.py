# SPDX-License-Identifier: AGPL-3.0-or-later
"""Opening the engine in a loop and in a thread, and playing a recording instead."""

from __future__ import annotations

import asyncio
import math
import threading
from pathlib import Path

import pytest
import trio

from engine import EngineThread, open_engine
from engine.bus import Bus, EndOfEvents
from engine.errors import BindError, CommandError, RecordingError
from engine.messages import (
    CheckOptions,
    DescribeScenario,
    Event,
    ListScenarios,
    RunFinished,
    RunStarted,
    StartRun,
    StopRun,
)
from engine.options import RunConfig
from tests.engine.bus.events import RUN, finished, snapshot, started
from tests.engine.bus.recordings import write_recording
from tests.programs import ROOT

SERVER = RunConfig(scenario_name="uas", local_ip="127.0.0.1", local_port=0)
BUILT_IN = {path.stem for path in (ROOT / "scenarios").glob("*.xml")}


async def test_an_engine_in_this_loop_answers_and_closes() -> None:
    async with open_engine() as bus:
        assert set((await bus.call(ListScenarios(directory=""))).built_in) == BUILT_IN
    with pytest.raises(CommandError, match="closed"):
        await bus.call(ListScenarios(directory=""))


async def test_what_is_raised_inside_comes_out_as_it_is() -> None:
    with pytest.raises(BindError, match="taken"):
        async with open_engine():
            raise BindError("taken")


async def test_no_run_outlives_its_engine() -> None:
    async with open_engine() as bus:
        run = await bus.call(StartRun(config=SERVER))
        port = int(run.local.rpartition(":")[2])
    await bound_and_released(port)


async def bound_and_released(port: int) -> None:
    """Bind this UDP port, which fails while a run still has it."""
    with trio.socket.socket(trio.socket.AF_INET, trio.socket.SOCK_DGRAM) as again:
        await again.bind(("127.0.0.1", port))


def test_an_engine_in_a_thread_serves_threads_and_asyncio() -> None:
    with EngineThread() as bus:
        assert set(bus.call_blocking(ListScenarios(directory="")).built_in) == BUILT_IN
        assert set(asyncio.run(bus.call(ListScenarios(directory=""))).built_in) == BUILT_IN
    assert [thread for thread in threading.enumerate() if thread.name == "engine"] == []
    with pytest.raises(CommandError, match="closed"):
        bus.call_blocking(ListScenarios(directory=""))


def test_leaving_the_thread_ends_a_run_in_child_processes() -> None:
    with EngineThread() as bus:
        run = bus.call_blocking(StartRun(config=SERVER), timeout_s=20)
        assert run.scenario.source == "uas"
    trio.run(bound_and_released, int(run.local.rpartition(":")[2]))


def test_a_run_in_a_child_process_is_told_and_finishes_when_asked() -> None:
    with EngineThread() as bus, bus.subscribe(RunStarted, RunFinished) as events:
        run = bus.call_blocking(StartRun(config=SERVER), timeout_s=20)
        assert events.receive_blocking(timeout_s=20) == run
        bus.call_blocking(StopRun(run=run.run))
        ended = events.receive_blocking(timeout_s=20)
    assert isinstance(ended, RunFinished)
    assert ended.summary.counters.created == 0


def all_events(bus: Bus, last: type[Event]) -> list[Event]:
    events: list[Event] = []
    with bus.subscribe(Event) as subscription:
        while not (events and isinstance(events[-1], last)):
            events.append(subscription.receive_blocking(timeout_s=20))
    return events


def test_a_recording_is_played_from_the_first_subscription_on(tmp_path: Path) -> None:
    story = [started(), *map(snapshot, range(500)), finished()]
    write_recording(tmp_path / "run.jsonl", story)
    with EngineThread(replay=tmp_path / "run.jsonl", speed=math.inf) as bus:
        assert all_events(bus, RunFinished) == story


def test_a_replay_cannot_be_steered(tmp_path: Path) -> None:
    write_recording(tmp_path / "run.jsonl", [started()])
    with EngineThread(replay=tmp_path / "run.jsonl") as bus:
        with pytest.raises(CommandError, match="StartRun: a replay cannot be steered"):
            bus.call_blocking(StartRun(config=SERVER))
        with pytest.raises(CommandError, match="StopRun: a replay cannot be steered"):
            bus.call_blocking(StopRun(run=RUN))


def test_scenarios_can_be_looked_at_during_a_replay(tmp_path: Path) -> None:
    write_recording(tmp_path / "run.jsonl", [started()])
    with EngineThread(replay=tmp_path / "run.jsonl") as bus:
        assert bus.call_blocking(DescribeScenario(source="uac")).runnable
        assert bus.call_blocking(CheckOptions(config=RunConfig(remote="127.0.0.1"))) == ()


@pytest.mark.parametrize("content", [None, b"", b"rubbish\n"])
def test_a_bad_recording_keeps_the_engine_from_starting(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "run.jsonl").write_bytes(content)
    with pytest.raises(RecordingError, match=r"run\.jsonl"), EngineThread(replay=tmp_path / "run.jsonl"):
        pytest.fail("it started")


def test_a_reader_in_a_thread_ends_with_the_engine() -> None:
    with EngineThread() as bus:
        events = bus.subscribe(Event)
    with pytest.raises(EndOfEvents):
        events.receive_blocking(timeout_s=1)
