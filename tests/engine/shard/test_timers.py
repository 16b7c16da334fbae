# SPDX-License-Identifier: AGPL-3.0-or-later
"""A call is woken when it wants to be, whatever became of the times that it asked for before."""

from __future__ import annotations

from engine.messages import Failure
from engine.shard.timers import NEVER_NS, Timers
from tests.engine.call.virtual import MS, UAC_CALL, S, World


def world() -> World:
    return World(UAC_CALL)


def test_a_call_is_woken_at_its_time_and_not_before() -> None:
    sleeper, timers = world(), Timers()
    call = sleeper.begin()
    timers.add(call, call.queued_ns)
    assert timers.next_ns() == S + 500 * MS
    timers.fire(S + 500 * MS - 1, 10)
    assert sleeper.methods == ["INVITE"]
    timers.fire(S + 500 * MS, 10)
    assert sleeper.methods == ["INVITE", "INVITE"]


def test_a_time_that_was_moved_back_is_queued_again() -> None:
    sleeper, timers = world(), Timers()
    call = sleeper.begin()
    timers.add(call, call.queued_ns)
    sleeper.answer(200)
    assert call.wake_ns == S + 1000 * MS
    timers.fire(S + 500 * MS, 10)
    assert timers.next_ns() == call.queued_ns == S + 1000 * MS
    assert sleeper.methods == ["INVITE", "ACK"]


def test_a_stale_entry_wakes_nobody() -> None:
    sleeper, timers = world(), Timers()
    call = sleeper.begin()
    timers.add(call, call.queued_ns - 1)
    timers.fire(call.queued_ns, 10)
    assert sleeper.methods == ["INVITE"]
    assert timers.next_ns() == NEVER_NS


def test_a_call_that_is_over_is_forgotten() -> None:
    sleeper, timers = world(), Timers()
    call = sleeper.begin()
    timers.add(call, call.queued_ns)
    call.stop(S)
    timers.fire(10 * S, 10)
    assert (sleeper.methods, timers.next_ns()) == (["INVITE"], NEVER_NS)


def test_only_so_many_are_woken_at_once() -> None:
    timers, sleepers = Timers(), [world() for _ in range(5)]
    for sleeper in sleepers:
        call = sleeper.begin()
        timers.add(call, call.queued_ns)
    timers.fire(S + 500 * MS, 3)
    assert [len(sleeper.sent) for sleeper in sleepers] == [2, 2, 2, 1, 1]
    timers.fire(S + 500 * MS, 3)
    assert [len(sleeper.sent) for sleeper in sleepers] == [2] * 5


def test_times_come_in_their_order_however_far_apart() -> None:
    timers, times = Timers(), []
    for after_ms in (4000, 500.4, 500.1, 32_000, 500.4, 1000):
        call = world().begin()
        call.stop(S)
        timers.add(call, int(S + after_ms * MS))
    while timers.next_ns() != NEVER_NS:
        times.append((timers.next_ns() - S) / MS)
        timers.fire(timers.next_ns(), 10)
    assert times == [500.1, 500.4, 1000, 4000, 32_000]


def test_a_call_that_raises_fails_and_the_next_is_woken() -> None:
    timers, bad, good = Timers(), world(), world()
    for sleeper in (bad, good):
        call = sleeper.begin()
        timers.add(call, call.queued_ns)

    def explode(call: object, data: bytes) -> bool:
        raise ZeroDivisionError("on purpose")

    bad.context.send = explode
    timers.fire(S + 500 * MS, 10)
    assert bad.failures == {Failure.CANNOT_SEND: 1}
    assert bad.counters.fatal_errors == 1
    assert bad.logs == ["internal error: ZeroDivisionError: on purpose in step 3 (200)"]
    assert good.methods == ["INVITE", "INVITE"]
