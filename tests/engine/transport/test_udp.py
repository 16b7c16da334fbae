# SPDX-License-Identifier: AGPL-3.0-or-later
"""UDP on loopback: one socket for all calls, or a socket a call."""

from __future__ import annotations

import socket
import time

import pytest

from engine.errors import BindError
from engine.transport.datagrams import LARGEST_DATAGRAM
from engine.transport.udp_socket import AT_ONCE, MOST_READS
from tests.engine.transport.sides import Wire, at, message, open_side
from tests.programs import free_port

LOOPBACK = ["127.0.0.1", "::1"]


@pytest.mark.parametrize("ip", LOOPBACK)
@pytest.mark.parametrize("name", ["u1", "un"])
async def test_a_message_goes_there_and_the_answer_comes_back(name: str, ip: str) -> None:
    async with (
        open_side("u1", at(ip)) as server,
        open_side(name, at(ip, remote_port=server.transport.local_port)) as client,
    ):
        call, incoming = Wire(), Wire()
        before_ns = time.monotonic_ns()
        assert client.transport.attach(call)
        assert client.transport.send(call, message(1))
        await server.until(lambda: server.inbox.messages)
        server.transport.adopt(incoming, server.inbox.sources[0])
        assert incoming.local_port == server.transport.local_port
        assert server.transport.send(incoming, message(2))
        await client.until(lambda: client.inbox.messages)
        assert (server.inbox.messages, client.inbox.messages) == ([message(1)], [message(2)])
        assert before_ns <= server.inbox.arrived_ns[0] <= client.inbox.arrived_ns[0] <= time.monotonic_ns()
        assert server.inbox.sources[0][1] == call.local_port  # type: ignore[index]


async def test_a_flood_is_read_in_turns() -> None:
    async with open_side("u1", at("127.0.0.1"), buffer_size=4_194_304) as server, open_side("u1", at("127.0.0.1")) as client:
        wire = Wire(peer=("127.0.0.1", server.transport.local_port))
        for number in range(2 * AT_ONCE * MOST_READS):
            assert client.transport.send(wire, message(number))
        assert server.poller.wait(5)
        server.poller.dispatch()
        assert server.inbox.messages == [message(number) for number in range(AT_ONCE * MOST_READS)]
        await server.until(lambda: len(server.inbox.messages) == 2 * AT_ONCE * MOST_READS)
        assert server.transport.drops() == 0


async def test_what_does_not_fit_into_the_buffer_is_counted_as_dropped() -> None:
    async with open_side("u1", at("127.0.0.1"), buffer_size=4096) as server, open_side("u1", at("127.0.0.1")) as client:
        wire = Wire(peer=("127.0.0.1", server.transport.local_port))
        for number in range(200):
            client.transport.send(wire, message(number, b"x" * 500))
        await server.until(lambda: len(server.inbox.messages) + server.transport.drops() == 200)
        assert server.transport.drops() > 0


async def test_what_is_too_long_for_a_datagram_cannot_be_sent() -> None:
    async with open_side("u1", at("127.0.0.1", remote_port=9)) as client:
        call = Wire()
        assert client.transport.attach(call)
        assert not client.transport.send(call, b"x" * (LARGEST_DATAGRAM + 1))


@pytest.mark.parametrize("name", ["u1", "un", "t1"])
async def test_a_port_in_use_is_refused_with_advice(name: str) -> None:
    kind = socket.SOCK_STREAM if name == "t1" else socket.SOCK_DGRAM
    port = free_port()
    with socket.socket(socket.AF_INET, kind) as taken:
        taken.bind(("127.0.0.1", port))
        if kind == socket.SOCK_STREAM:
            taken.listen()
        with pytest.raises(BindError, match=rf"127\.0\.0\.1 port {port}: .*in use; choose another with -p"):
            async with open_side(name, at("127.0.0.1", local_port=port)):
                pytest.fail("it opened")


async def test_an_address_of_another_machine_is_refused_with_advice() -> None:
    with pytest.raises(BindError, match=r"192\.0\.2\.1 port any: .*no address of this machine; choose one with -i"):
        async with open_side("u1", at("192.0.2.1")):
            pytest.fail("it opened")


@pytest.mark.alone
async def test_without_a_port_it_is_5060_or_else_any() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("127.0.0.1", 5060))
            is_free = True
        except OSError:
            is_free = False
    async with open_side("u1", at("127.0.0.1", local_port=None)) as first:
        assert (first.transport.local_port == 5060) == is_free
        async with open_side("u1", at("127.0.0.1", local_port=None)) as second:
            assert second.transport.local_port not in (0, 5060)
