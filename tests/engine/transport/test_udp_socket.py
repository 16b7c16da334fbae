# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the network answers, what a socket does not take, and why: on loopback, and in a network of its own."""

from __future__ import annotations

import pytest
import trio

from engine.messages import Failure
from engine.transport.datagrams import LARGEST_DATAGRAM
from tests.engine.transport.sides import Side, Wire, at, message, open_side
from tests.programs import free_port

KINDS = ["u1", "un"]
IPS = ["127.0.0.1", "::1"]


async def listen(side: Side, *, turns: int = 20) -> None:
    """Dispatch what is ready, so many times, whether something is or not."""
    for _ in range(turns):
        side.poller.dispatch()
        await trio.lowlevel.checkpoint()


@pytest.mark.parametrize("ip", IPS)
@pytest.mark.parametrize("kind", KINDS)
async def test_a_port_without_a_listener_is_told_once_and_fails_no_call(kind: str, ip: str) -> None:
    nowhere = free_port()
    async with open_side(kind, at(ip, remote_port=nowhere)) as client:
        calls = [Wire() for _ in range(3)]
        for call in calls:
            assert client.transport.attach(call)
        for _ in range(3):
            assert all(client.transport.send(call, message()) for call in calls)
            await client.until(lambda: client.inbox.warnings)
        await listen(client)
        [warning] = client.inbox.warnings
        assert warning.startswith(f"{ip} port {nowhere} cannot be reached: nothing listens there (ICMP type ")
        assert client.inbox.ended == []
        assert not client.poller.wait(0), "it would turn for ever"


@pytest.mark.parametrize("kind", KINDS)
async def test_an_error_of_one_destination_fails_no_message_to_another(kind: str) -> None:
    async with (
        open_side("u1", at("127.0.0.1")) as server,
        open_side(kind, at("127.0.0.1", remote_port=free_port()), max_socket=1) as client,
    ):
        lost, sound = Wire(), Wire()
        assert client.transport.attach(lost)
        assert client.transport.attach(sound)
        assert not client.transport.redirect(sound, ("127.0.0.1", server.transport.local_port))
        for number in range(50):
            assert client.transport.send(lost, message())
            assert client.transport.send(sound, message(number))
        await server.until(lambda: len(server.inbox.messages) == 50)
        assert server.inbox.messages == [message(number) for number in range(50)]


@pytest.mark.parametrize("kind", KINDS)
async def test_messages_arrive_while_the_network_complains(kind: str) -> None:
    async with (
        open_side("u1", at("127.0.0.1")) as server,
        open_side(kind, at("127.0.0.1", remote_port=server.transport.local_port), max_socket=1) as client,
    ):
        call, lost = Wire(), Wire()
        assert client.transport.attach(call)
        assert client.transport.attach(lost)
        assert not client.transport.redirect(lost, ("127.0.0.1", free_port()))
        for number in range(200):
            assert client.transport.send(lost, message())
            assert server.transport.send(Wire(peer=("127.0.0.1", call.local_port)), message(number))
            await client.until(lambda number=number: len(client.inbox.messages) > number)  # type: ignore[misc]
        await listen(client)
        assert not client.poller.wait(0)
        assert len(client.inbox.warnings) == 1


async def test_a_hundred_destinations_are_told_and_no_more() -> None:
    async with open_side("u1", at("127.0.0.1", remote_port=9)) as client:
        for number in range(150):
            assert client.transport.send(Wire(peer=(f"127.0.1.{number + 1}", 9)), message())
            await listen(client, turns=1)
        assert len(client.inbox.warnings) == 100


async def test_the_socket_that_hears_is_closed_with_what_it_heard() -> None:
    async with open_side("un", at("127.0.0.1", remote_port=free_port())) as client:
        call, other = Wire(), Wire()
        for each in (call, other):
            assert client.transport.attach(each)
            assert client.transport.send(each, message())
        client.transport.detach(call)
        await client.until(lambda: client.inbox.warnings)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("to", "data", "reason"),
    [
        ("127.0.0.1", b"x" * (LARGEST_DATAGRAM + 1), "the message is longer than a datagram can be"),
        ("192.0.2.1", b"x", "the destination cannot be reached from this local address; see -i"),
        ("127.255.255.255", b"x", "the destination is a broadcast address"),
    ],
)
async def test_what_cannot_be_sent_says_why(kind: str, to: str, data: bytes, reason: str) -> None:
    async with open_side(kind, at("127.0.0.1", remote_port=9)) as client:
        call = Wire()
        assert client.transport.attach(call)
        assert not client.transport.redirect(call, (to, 9))
        assert not client.transport.send(call, data)
        assert client.transport.refusal(call) == (Failure.CANNOT_SEND, reason)
        assert not client.transport.redirect(call, ("127.0.0.1", client.transport.local_port))
        assert client.transport.send(call, message())
        await client.until(lambda: client.inbox.messages)
