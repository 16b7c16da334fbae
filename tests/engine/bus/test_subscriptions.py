# SPDX-License-Identifier: AGPL-3.0-or-later
from __future__ import annotations

import asyncio
from collections.abc import Iterable

import pytest
import trio
import trio.testing
from hypothesis import given
from hypothesis import strategies as st

from engine.bus import EndOfEvents, Subscription, open_bus
from engine.messages import Event, Logged, RunFinished, RunStarted, Snapshot, Warning
from tests.engine.bus.events import finished, logged, snapshot, started, warning


def taken(subscription: Subscription[Event]) -> list[Event]:
    """What is unread in a subscription that has ended."""
    events = []
    while True:
        try:
            events.append(subscription.receive_blocking(timeout_s=0))
        except EndOfEvents:
            return events


def offered(events: Iterable[Event], capacity: int) -> tuple[list[Event], int]:
    """What a reader that never reads keeps of these events, and how many it lost."""
    subscription = Subscription((Event,), capacity, lambda _: None)
    for event in events:
        subscription.offer(event)
    subscription.end()
    return taken(subscription), subscription.lost


async def test_only_wanted_types_come_in_order() -> None:
    async with open_bus() as bus:
        with bus.subscribe(RunStarted, Logged) as events:
            for event in (started(), snapshot(1), logged("a"), warning("w"), logged("b")):
                bus.publish(event)
            assert [await events.receive() for _ in range(3)] == [started(), logged("a"), logged("b")]


async def test_a_slow_reader_loses_the_oldest_snapshots_and_is_told_how_many() -> None:
    async with open_bus() as bus:
        with bus.subscribe(Event, capacity=4) as slow:
            for event in (started(), *map(snapshot, range(10)), finished()):
                bus.publish(event)
            assert await slow.receive_batch() == [started(), snapshot(8), snapshot(9), finished()]
            assert slow.lost == 8


def test_log_lines_go_after_snapshots() -> None:
    kept, lost = offered([logged("a"), snapshot(1), warning("b"), logged("c"), started()], capacity=2)
    assert (kept, lost) == ([logged("c"), started()], 3)


def test_what_was_read_is_not_there_to_be_dropped() -> None:
    subscription = Subscription((Event,), 2, lambda _: None)
    for event in (snapshot(1), logged("a")):
        subscription.offer(event)
    assert subscription.receive_blocking(0) == snapshot(1)
    for event in (logged("b"), logged("c"), snapshot(2), logged("d")):
        subscription.offer(event)
    subscription.end()
    assert (taken(subscription), subscription.lost) == ([logged("c"), logged("d")], 3)


@given(
    st.lists(st.sampled_from([started(), snapshot(1), logged("l"), warning("w"), finished()])),
    st.integers(min_value=1, max_value=5),
)
def test_whatever_is_lost_runs_start_and_end_and_the_order_stays(events: list[Event], capacity: int) -> None:
    kept, lost = offered(events, capacity)
    assert len(kept) + lost == len(events)
    kept_forever = [event for event in events if isinstance(event, (RunStarted, RunFinished))]
    assert [event for event in kept if isinstance(event, (RunStarted, RunFinished))] == kept_forever
    assert len(kept) <= max(capacity, len(kept_forever))
    if any(isinstance(event, Snapshot) for event in kept):
        assert [event for event in kept if not isinstance(event, Snapshot)] == [
            e for e in events if not isinstance(e, Snapshot)
        ]


async def test_iteration_ends_when_the_bus_closes_and_all_is_read() -> None:
    async with open_bus() as bus:
        events = bus.subscribe(Event)
        bus.publish(logged("last"))
    assert [event async for event in events] == [logged("last")]


async def test_a_waiting_reader_ends_with_the_bus() -> None:
    async def read() -> None:
        assert [event async for event in events] == []

    async with trio.open_nursery() as nursery, open_bus() as bus:
        events = bus.subscribe(Event)
        nursery.start_soon(read)
        await trio.testing.wait_all_tasks_blocked()


async def test_asyncio_reads_what_trio_publishes() -> None:
    async def read() -> list[Event]:
        async with bus.subscribe(Logged, Warning) as events:
            trio.from_thread.run(publish)
            return [await events.receive(), await events.receive()]

    async def publish() -> None:
        bus.publish(logged("a"))
        await trio.lowlevel.checkpoint()
        bus.publish(warning("b"))

    async with open_bus() as bus:
        read_events = await trio.to_thread.run_sync(asyncio.run, read())
    assert read_events == [logged("a"), warning("b")]


async def test_asyncio_waits_and_is_woken_by_an_event_and_by_the_end() -> None:
    async def read() -> list[Event]:
        events = bus.subscribe(Event)
        reading = asyncio.create_task(_collected(events))
        await asyncio.sleep(0)
        trio.from_thread.run_sync(nursery_started.set)
        return await reading

    nursery_started = trio.Event()
    results: list[list[Event]] = []

    async def reader() -> None:
        results.append(await trio.to_thread.run_sync(asyncio.run, read()))

    async with trio.open_nursery() as nursery, open_bus() as bus:
        nursery.start_soon(reader)
        await nursery_started.wait()
        bus.publish(logged("a"))
    assert results == [[logged("a")]]


async def _collected(events: Subscription[Event]) -> list[Event]:
    return [event async for event in events]


async def test_a_thread_waits_for_an_event() -> None:
    def read() -> Event:
        with bus.subscribe(Event) as events:
            with pytest.raises(TimeoutError):
                events.receive_blocking(timeout_s=0.01)
            trio.from_thread.run_sync(bus.publish, logged("a"))
            return events.receive_blocking()

    async with open_bus() as bus:
        assert await trio.to_thread.run_sync(read) == logged("a")


async def test_a_reader_that_left_gets_nothing_more() -> None:
    async with open_bus() as bus:
        with bus.subscribe(Event) as events:
            bus.publish(logged("a"))
        bus.publish(logged("b"))
        assert [event async for event in events] == []


async def test_a_reader_of_a_closed_bus_ends_at_once() -> None:
    async with open_bus() as bus:
        pass
    bus.publish(logged("nobody"))
    assert [event async for event in bus.subscribe(Event)] == []


def test_the_end_of_asyncio_does_not_hurt_the_publisher() -> None:
    async def abandon() -> None:
        waiting = asyncio.create_task(events.receive())
        await asyncio.sleep(0)
        waiting.cancel()

    events: Subscription[Event] = Subscription((Event,), 4, lambda _: None)
    asyncio.run(abandon())
    events.offer(logged("a"))
    assert events.receive_blocking(timeout_s=0) == logged("a")
