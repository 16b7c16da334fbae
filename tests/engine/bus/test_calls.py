# SPDX-License-Identifier: AGPL-3.0-or-later
from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable

import pytest
import trio
import trio.lowlevel

from engine.bus import Bus, open_bus
from engine.errors import BindError, CommandError
from engine.messages import Done, ListScenarios, PauseTraffic, ScenarioList, SetRate, StopRun


class Engine:
    """Real handlers on a real bus: one that answers, one that fails, one that never ends unless it is cancelled."""

    def __init__(self) -> None:
        self.waiting = threading.Event()
        self.cancelled = threading.Event()

    async def list_scenarios(self, command: ListScenarios) -> ScenarioList:
        await trio.lowlevel.checkpoint()
        return ScenarioList(built_in=("uac",), files=(command.directory,))

    async def set_rate(self, command: SetRate) -> Done:
        await trio.lowlevel.checkpoint()
        raise BindError(f"no rate of {command.rate:g}")

    async def stop_run(self, command: StopRun) -> Done:
        self.waiting.set()
        try:
            await trio.sleep_forever()
        finally:
            self.cancelled.set()
        return Done()

    def serve_on(self, bus: Bus) -> None:
        bus.serve({ListScenarios: self.list_scenarios, SetRate: self.set_rate, StopRun: self.stop_run})


LIST = ListScenarios(directory="here")
ANSWER = ScenarioList(built_in=("uac",), files=("here",))


async def in_the_engines_loop(work: Callable[[], Awaitable[object]]) -> None:
    await work()


async def in_asyncio(work: Callable[[], Awaitable[object]]) -> None:
    async def as_coroutine() -> None:
        await work()

    await trio.to_thread.run_sync(asyncio.run, as_coroutine())


async def in_another_trio(work: Callable[[], Awaitable[object]]) -> None:
    await trio.to_thread.run_sync(trio.run, work)


anywhere = pytest.mark.parametrize("somewhere", [in_the_engines_loop, in_asyncio, in_another_trio])
Somewhere = Callable[[Callable[[], Awaitable[object]]], Awaitable[None]]


@anywhere
async def test_a_call_gets_its_answer(somewhere: Somewhere) -> None:
    async with open_bus() as bus:
        Engine().serve_on(bus)

        async def work() -> None:
            assert await bus.call(LIST) == ANSWER

        await somewhere(work)


@anywhere
async def test_a_failing_handler_raises_the_same_exception_at_the_caller(somewhere: Somewhere) -> None:
    async with open_bus() as bus:
        Engine().serve_on(bus)

        async def work() -> None:
            with pytest.raises(BindError, match="no rate of 5"):
                await bus.call(SetRate(run="1", rate=5))

        await somewhere(work)


@anywhere
async def test_an_unknown_command_is_refused_by_name(somewhere: Somewhere) -> None:
    async with open_bus() as bus:
        Engine().serve_on(bus)

        async def work() -> None:
            with pytest.raises(CommandError, match="PauseTraffic"):
                await bus.call(PauseTraffic(run="1"))

        await somewhere(work)


@anywhere
async def test_closing_the_bus_fails_a_call_that_is_under_way(somewhere: Somewhere) -> None:
    engine = Engine()

    async def work() -> None:
        with pytest.raises(CommandError, match="StopRun: the engine is closed"):
            await bus.call(StopRun(run="1"))

    async with trio.open_nursery() as nursery, open_bus() as bus:
        engine.serve_on(bus)
        nursery.start_soon(somewhere, work)
        await trio.to_thread.run_sync(engine.waiting.wait)
    assert engine.cancelled.is_set()


@anywhere
async def test_a_closed_bus_refuses(somewhere: Somewhere) -> None:
    async with open_bus() as bus:
        Engine().serve_on(bus)

    async def work() -> None:
        with pytest.raises(CommandError, match="closed"):
            await bus.call(LIST)

    await somewhere(work)


async def test_cancelling_a_caller_in_trio_cancels_its_handler() -> None:
    engine = Engine()
    async with open_bus() as bus:
        engine.serve_on(bus)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(bus.call, StopRun(run="1"))
            await trio.to_thread.run_sync(engine.waiting.wait)
            nursery.cancel_scope.cancel()
        assert engine.cancelled.is_set()


async def test_cancelling_a_caller_in_asyncio_cancels_its_handler() -> None:
    engine = Engine()

    async def work() -> None:
        task = asyncio.create_task(bus.call(StopRun(run="1")))
        await asyncio.to_thread(engine.waiting.wait)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    async with open_bus() as bus:
        engine.serve_on(bus)
        await in_asyncio(work)
        await trio.to_thread.run_sync(engine.cancelled.wait)


async def test_a_thread_gets_answers_and_errors() -> None:
    def work() -> None:
        assert bus.call_blocking(LIST) == ANSWER
        with pytest.raises(BindError):
            bus.call_blocking(SetRate(run="1", rate=5))
        with pytest.raises(CommandError):
            bus.call_blocking(PauseTraffic(run="1"))

    async with open_bus() as bus:
        Engine().serve_on(bus)
        await trio.to_thread.run_sync(work)


async def test_a_thread_that_waits_no_longer_cancels_its_handler() -> None:
    engine = Engine()

    def work() -> None:
        with pytest.raises(TimeoutError):
            bus.call_blocking(StopRun(run="1"), timeout_s=0.01)

    async with open_bus() as bus:
        engine.serve_on(bus)
        await trio.to_thread.run_sync(work)
        await trio.to_thread.run_sync(engine.cancelled.wait)


def test_a_thread_that_waits_no_longer_just_as_the_bus_closes_harms_nobody() -> None:
    def give_up(bus: Bus) -> None:
        with pytest.raises(TimeoutError):
            bus.call_blocking(LIST, timeout_s=0.01)

    async def closed_while_the_command_waits_for_the_loop() -> None:
        async with open_bus() as bus:
            thread = threading.Thread(target=give_up, args=(bus,))
            thread.start()
            thread.join()
        await trio.lowlevel.checkpoint()

    trio.run(closed_while_the_command_waits_for_the_loop)


async def test_waiting_for_oneself_is_refused() -> None:
    async with open_bus() as bus:
        Engine().serve_on(bus)
        with pytest.raises(RuntimeError):
            bus.call_blocking(LIST)


def test_a_bus_whose_loop_has_ended_refuses() -> None:
    async def opened_and_left() -> Bus:
        async with open_bus() as bus:
            Engine().serve_on(bus)
        return bus

    bus = trio.run(opened_and_left)
    with pytest.raises(CommandError, match="closed"):
        bus.call_blocking(LIST)
    with pytest.raises(CommandError, match="closed"):
        asyncio.run(bus.call(LIST))


async def test_a_later_handler_takes_the_earlier_ones_place() -> None:
    async def nothing(command: ListScenarios) -> ScenarioList:
        return ScenarioList(built_in=(), files=())

    async with open_bus() as bus:
        Engine().serve_on(bus)
        bus.serve({ListScenarios: nothing})
        assert await bus.call(LIST) == ScenarioList(built_in=(), files=())


async def test_what_the_block_raises_comes_out_as_it_is() -> None:
    with pytest.raises(BindError):
        async with open_bus():
            raise BindError("taken")
