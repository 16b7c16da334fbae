# SPDX-License-Identifier: AGPL-3.0-or-later
"""Messages between a run and its shards, over a real socket pair."""

from __future__ import annotations

import socket

import pytest
import trio

from engine.messages import Counters, Histogram
from engine.options import RunConfig
from engine.pipe import PipeReceiver, PipeSender
from engine.shard.protocol import AnyFromShard, AnyToShard, Finish, Go, LoggedText, Report, ShardPlan
from engine.stats.measurements import Measurements
from engine.transport import Addresses

LIMIT_S = 10


def streams() -> tuple[trio.SocketStream, trio.SocketStream]:
    here, there = socket.socketpair()
    return trio.SocketStream(trio.socket.from_stdlib_socket(here)), trio.SocketStream(trio.socket.from_stdlib_socket(there))


def report(length_ns: int = 0) -> Report:
    length = Histogram(count=1, sum_ns=length_ns, sum_squares_ns=length_ns**2, max_ns=length_ns, buckets={length_ns: 1})
    measured = Measurements(
        counters=Counters(outgoing=1),
        steps=(),
        response_times={},
        response_times_from_due={},
        call_length=length,
        lateness=Histogram(),
    )
    return Report(measured=measured, call_limit=3)


async def test_a_plan_and_what_follows_arrive_as_they_were() -> None:
    here, there = streams()
    sender: PipeSender[AnyToShard] = PipeSender(here)
    receiver: PipeReceiver[AnyToShard] = PipeReceiver(there, AnyToShard)
    plan = ShardPlan(
        config=RunConfig(keywords=(("a", "b"),)), scenario="x", xml=b"\x00<\xff", addresses=Addresses(local_ip="::1"), pid=7
    )
    messages: list[AnyToShard] = [plan, Go(start_ns=1 << 62), Finish(now=True)]
    for message in messages:
        await sender.send(message)
    await sender.aclose()
    with trio.fail_after(LIMIT_S):
        assert [message async for message in receiver] == messages
    await receiver.aclose()


async def test_hours_of_calls_can_be_reported() -> None:
    here, there = streams()
    sender: PipeSender[AnyFromShard] = PipeSender(here)
    receiver: PipeReceiver[AnyFromShard] = PipeReceiver(there, AnyFromShard)
    long = report(length_ns=3_600_000_000_000)
    await sender.send(long)
    assert await receiver.receive() == long
    await sender.aclose()
    await receiver.aclose()


async def test_messages_in_small_pieces_and_several_at_once() -> None:
    here, there = streams()
    receiver: PipeReceiver[AnyFromShard] = PipeReceiver(there, AnyFromShard)
    sender_side, reader_side = streams()
    sender: PipeSender[AnyFromShard] = PipeSender(sender_side)
    for text in ("a", "b"):
        await sender.send(LoggedText(text=text))
    data = await reader_side.receive_some()
    async with trio.open_nursery() as nursery:

        async def trickle() -> None:
            for position in range(len(data)):
                await here.send_all(data[position : position + 1])

        nursery.start_soon(trickle)
        with trio.fail_after(LIMIT_S):
            assert await receiver.receive() == LoggedText(text="a")
            assert await receiver.receive() == LoggedText(text="b")


async def test_several_senders_do_not_mix_their_messages() -> None:
    here, there = streams()
    sender: PipeSender[AnyFromShard] = PipeSender(here)
    receiver: PipeReceiver[AnyFromShard] = PipeReceiver(there, AnyFromShard)
    texts = [character * 500_000 for character in "abcd"]
    async with trio.open_nursery() as nursery:
        for text in texts:
            nursery.start_soon(sender.send, LoggedText(text=text))
        with trio.fail_after(LIMIT_S):
            got = [await receiver.receive() for _ in texts]
    assert sorted(each.text for each in got if isinstance(each, LoggedText)) == texts


async def test_a_sender_that_is_cancelled_does_not_leave_half_a_message() -> None:
    here, there = streams()
    sender: PipeSender[AnyFromShard] = PipeSender(here)
    receiver: PipeReceiver[AnyFromShard] = PipeReceiver(there, AnyFromShard)
    large = LoggedText(text="x" * 2_000_000)
    with trio.fail_after(LIMIT_S):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(sender.send, large)
            await trio.testing.wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()
            with trio.CancelScope(shield=True):
                assert await receiver.receive() == large
        await sender.send(LoggedText(text="next"))
        assert await receiver.receive() == LoggedText(text="next")


@pytest.mark.parametrize("rest", [b"", b"\x00\x00", b"\x00\x00\x00\x10{"])
async def test_an_end_in_the_middle_is_an_end(rest: bytes) -> None:
    here, there = streams()
    receiver: PipeReceiver[AnyFromShard] = PipeReceiver(there, AnyFromShard)
    await here.send_all(rest)
    await here.aclose()
    with trio.fail_after(LIMIT_S), pytest.raises(trio.EndOfChannel):
        await receiver.receive()


async def test_sending_to_nobody_is_an_error() -> None:
    here, there = streams()
    sender: PipeSender[AnyFromShard] = PipeSender(here)
    await there.aclose()
    with pytest.raises(trio.BrokenResourceError):
        await sender.send(LoggedText(text="x"))
