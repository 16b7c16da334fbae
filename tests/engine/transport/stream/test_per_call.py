# SPDX-License-Identifier: AGPL-3.0-or-later
"""A connection for each call, on loopback."""

from __future__ import annotations

import socket

import pytest
import trio

from engine.messages import Failure
from engine.transport.stream import transport
from engine.transport.stream.connection import Connection
from tests.engine.transport.sides import Wire, at, message, no_more_files, open_side
from tests.programs import free_port

IP = "127.0.0.1"


@pytest.mark.parametrize("ip", ["127.0.0.1", "::1"])
async def test_each_call_has_a_connection_and_closes_it(ip: str) -> None:
    async with (
        open_side("tn", at(ip)) as server,
        open_side("tn", at(ip, remote_port=server.transport.local_port)) as client,
    ):
        calls, served = [Wire() for _ in range(3)], [Wire() for _ in range(3)]
        for number, call in enumerate(calls):
            assert client.transport.attach(call)
            assert client.transport.send(call, message(number)), "it is held until the connection stands"
        assert len({call.local_port for call in calls}) == 3
        await client.until(lambda: all(call.peer.is_ready for call in calls))  # type: ignore[attr-defined]
        await server.until(lambda: len(server.inbox.messages) == 3)
        for call, source, data in zip(served, server.inbox.sources, server.inbox.messages, strict=True):
            server.transport.adopt(call, source)
            assert server.transport.send(call, data)
            assert call.local_port == server.transport.local_port
        await client.until(lambda: len(client.inbox.messages) == 3)
        client.transport.detach(calls[0])
        await server.until(lambda: server.inbox.ended)
        assert [failure for _, failure, _ in server.inbox.ended] == [Failure.TCP_CLOSED]
        for call in calls[1:]:
            assert client.transport.send(call, message(9))
        await server.until(lambda: len(server.inbox.messages) == 5)
        for call in calls[1:]:
            client.transport.detach(call)


async def test_a_refused_connection_costs_its_call() -> None:
    port = free_port()
    async with open_side("tn", at(IP, remote_port=port)) as client:
        call = Wire()
        assert client.transport.attach(call)
        client.transport.send(call, message())
        await client.until(lambda: client.inbox.ended)
        assert client.inbox.ended == [(call, Failure.TCP_CONNECT, f"no TCP connection to {IP} port {port}: Connection refused")]
        assert client.inbox.reasons == []
        client.transport.detach(call)


async def test_a_connection_that_nobody_accepts_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "HANDSHAKE_LIMIT_S", 0.1)
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as full, socket.socket(socket.AF_INET, socket.SOCK_STREAM) as queued:
        full.bind((IP, 0))
        full.listen(0)
        queued.connect(full.getsockname())
        async with open_side("tn", at(IP, remote_port=full.getsockname()[1])) as client:
            call, over = Wire(), Wire()
            for each in (call, over):
                assert client.transport.attach(each)
                assert client.transport.send(each, message())
            left = over.peer
            client.transport.detach(over)
            assert isinstance(left, Connection)
            await client.until(lambda: client.inbox.ended and not left.is_open)
            assert [(wire, failure) for wire, failure, _ in client.inbox.ended] == [(call, Failure.TCP_CONNECT)]
            assert client.inbox.ended[0][2].endswith("no answer within 0.1 s")


async def test_both_ends_of_a_connection_are_known_while_it_is_being_made() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as full, socket.socket(socket.AF_INET, socket.SOCK_STREAM) as queued:
        full.bind((IP, 0))
        full.listen(0)
        queued.connect(full.getsockname())
        async with open_side("tn", at(IP, remote_port=full.getsockname()[1])) as client:
            call = Wire()
            assert client.transport.attach(call)
            assert client.transport.send(call, message())
            assert client.transport.ends(call, call.peer) == ((IP, call.local_port), full.getsockname())
            client.transport.detach(call)


async def test_a_call_without_a_descriptor_says_what_is_short() -> None:
    async with open_side("tn", at(IP, remote_port=free_port())) as client:
        with no_more_files():
            assert not client.transport.attach(Wire())
        failure, reason = client.transport.refusal(Wire())
        assert failure is Failure.CANNOT_SEND
        assert "ulimit -n" in reason
        assert client.transport.without_socket() == 1


async def test_a_peer_that_closes_costs_only_the_call_that_it_was() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.bind((IP, 0))
        listener.listen()
        async with open_side("tn", at(IP, remote_port=listener.getsockname()[1])) as client:
            first, second = Wire(), Wire()
            assert client.transport.attach(first)
            peer = await trio.to_thread.run_sync(listener.accept)
            assert client.transport.attach(second)
            await client.until(lambda: first.peer.is_ready and second.peer.is_ready)  # type: ignore[attr-defined]
            peer[0].close()
            await client.until(lambda: client.inbox.ended)
            assert client.inbox.ended == [(first, Failure.TCP_CLOSED, "the connection ended: closed by the peer")]
            assert client.transport.send(second, message())
            for call in (first, second):
                client.transport.detach(call)


async def test_beyond_the_limit_calls_share_connections_in_turn() -> None:
    async with (
        open_side("tn", at(IP)) as server,
        open_side("tn", at(IP, remote_port=server.transport.local_port), max_socket=2) as client,
    ):
        calls = [Wire() for _ in range(5)]
        for number, call in enumerate(calls):
            assert client.transport.attach(call)
            assert client.transport.send(call, message(number))
        ports = [call.local_port for call in calls]
        assert len(set(ports)) == 2
        assert ports == [*ports[:2], *ports[:2], ports[0]]
        await client.until(lambda: all(call.peer.is_ready for call in calls))  # type: ignore[attr-defined]
        await server.until(lambda: len(server.inbox.messages) == 5)
        server.transport.adopt(Wire(), server.inbox.sources[0])
        for call in calls[:4]:
            client.transport.detach(call)
        assert client.transport.send(calls[4], message(9)), "it still has its connection"
        await server.until(lambda: len(server.inbox.messages) == 6)
        client.transport.detach(calls[4])


async def test_all_calls_of_a_shared_connection_lose_it_and_the_next_has_another() -> None:
    async with (
        open_side("tn", at(IP)) as server,
        open_side("tn", at(IP, remote_port=server.transport.local_port), max_socket=1) as client,
    ):
        calls = [Wire() for _ in range(2)]
        for call in calls:
            assert client.transport.attach(call)
            assert client.transport.send(call, message())
        await client.until(lambda: calls[0].peer.is_ready)  # type: ignore[attr-defined]
        await server.until(lambda: len(server.inbox.messages) == 2)
        ended = server.inbox.sources[0]
        assert isinstance(ended, Connection)
        ended.close()
        await client.until(lambda: len(client.inbox.ended) == 2)
        assert {id(call) for call, _, _ in client.inbox.ended} == {id(call) for call in calls}
        for call in calls:
            client.transport.detach(call)
        other = Wire()
        assert client.transport.attach(other)
        assert client.transport.send(other, message(3))
        await client.until(lambda: other.peer.is_ready)  # type: ignore[attr-defined]
        await server.until(lambda: len(server.inbox.messages) == 3)


async def test_a_kept_connection_is_there_for_the_next_call_unless_it_is_renewed() -> None:
    async with (
        open_side("tn", at(IP)) as server,
        open_side("tn", at(IP, remote_port=server.transport.local_port), keep_sockets=True) as client,
    ):
        first, second, third = Wire(), Wire(), Wire()
        assert client.transport.attach(first)
        assert client.transport.send(first, message(1))
        await client.until(lambda: first.peer.is_ready)  # type: ignore[attr-defined]
        await server.until(lambda: server.inbox.messages)
        kept = first.peer
        client.transport.detach(first)
        assert client.transport.attach(second)
        assert second.peer is kept
        assert not client.transport.renew(second)
        assert client.transport.send(second, message(2))
        assert second.peer is not kept
        assert client.transport.attach(third)
        assert third.peer not in (kept, second.peer)
