# SPDX-License-Identifier: AGPL-3.0-or-later
"""Calls whose messages are sent elsewhere (`setdest`), or through something new (`closecon`)."""

from __future__ import annotations

import socket

import pytest

from engine.messages import Failure
from engine.transport.base import MOST_HELD
from engine.transport.stream.connection import Connection
from tests.engine.transport.sides import Wire, at, message, no_more_files, open_side
from tests.programs import free_port

IP = "127.0.0.1"
UDP = ("u1", "un")


@pytest.mark.parametrize("name", ["u1", "un", "t1"])
@pytest.mark.parametrize("ip", ["127.0.0.1", "::1"])
async def test_a_call_is_sent_elsewhere_and_others_are_not(name: str, ip: str) -> None:
    kind = "t1" if name == "t1" else "u1"
    async with (
        open_side(kind, at(ip)) as first,
        open_side(kind, at(ip)) as second,
        open_side(name, at(ip, remote_port=first.transport.local_port)) as client,
    ):
        moved, other = Wire(), Wire()
        for call in (moved, other):
            assert client.transport.attach(call)
        assert client.transport.redirect(moved, (ip, second.transport.local_port)) == ""
        assert client.transport.send(moved, message(1))
        assert client.transport.send(other, message(2))
        if name == "t1":
            await client.until(lambda: not moved.peer.is_connecting)  # type: ignore[attr-defined]
            client.poller.dispatch()
        await second.until(lambda: second.inbox.messages)
        await first.until(lambda: first.inbox.messages)
        assert (first.inbox.messages, second.inbox.messages) == ([message(2)], [message(1)])
        incoming = Wire()
        second.transport.adopt(incoming, second.inbox.sources[0])
        assert second.transport.send(incoming, message(3))
        await client.until(lambda: client.inbox.messages)
        assert client.inbox.messages == [message(3)]
        client.transport.detach(moved)
        client.transport.detach(other)


@pytest.mark.parametrize("name", ["u1", "un", "t1"])
async def test_what_a_call_sends_while_its_destination_is_looked_up_waits(name: str) -> None:
    kind = "t1" if name == "t1" else "u1"
    async with (
        open_side(kind, at(IP)) as first,
        open_side(kind, at(IP)) as second,
        open_side(name, at(IP, remote_port=first.transport.local_port)) as client,
    ):
        call = Wire()
        assert client.transport.attach(call)
        client.transport.hold(call)
        assert client.transport.send(call, message(1))
        held = client.transport.hold(call)
        assert client.transport.send(call, message(2))
        assert client.transport.ends(call, call.peer)[1] == ("", 0)
        assert client.transport.release(call, held, (IP, second.transport.local_port)) == ""
        if isinstance(call.peer, Connection):
            await client.until(lambda: not call.peer.is_connecting)  # type: ignore[attr-defined]
            client.poller.dispatch()
        await second.until(lambda: len(second.inbox.messages) == 2)
        assert second.inbox.messages == [message(1), message(2)]
        assert client.transport.ends(call, call.peer)[1] == (IP, second.transport.local_port)
        client.transport.detach(call)


@pytest.mark.parametrize("name", UDP)
async def test_only_so_much_waits_and_a_call_that_ends_meanwhile_leaves_nothing(name: str) -> None:
    async with open_side("u1", at(IP)) as server, open_side(name, at(IP, remote_port=server.transport.local_port)) as client:
        call = Wire()
        assert client.transport.attach(call)
        client.transport.hold(call)
        assert [client.transport.send(call, b"x") for _ in range(MOST_HELD + 1)].count(False) == 1
        client.transport.detach(call)
        assert call.peer is None
        assert not client.transport.send(call, b"x")


async def test_a_socket_of_its_own_is_renewed_and_goes_on_to_where_it_sent() -> None:
    async with (
        open_side("u1", at(IP)) as server,
        open_side("un", at(IP, remote_port=free_port())) as client,
    ):
        call = Wire()
        assert client.transport.attach(call)
        client.transport.redirect(call, (IP, server.transport.local_port))
        before = call.local_port
        assert client.transport.renew(call) == ""
        assert client.transport.send(call, message())
        await server.until(lambda: server.inbox.messages)
        assert server.inbox.sources == [(IP, call.local_port)]
        assert call.local_port != before
        client.transport.hold(call)
        assert client.transport.renew(call) == ""
        client.transport.detach(call)


async def test_no_socket_may_be_left_for_a_renewal() -> None:
    async with open_side("un", at(IP, remote_port=free_port())) as client:
        call = Wire()
        assert client.transport.attach(call)
        with no_more_files():
            assert "ulimit -n" in client.transport.renew(call)
        assert not client.transport.send(call, message())


@pytest.mark.parametrize("name", ["u1", "t1"])
async def test_what_calls_share_is_not_closed(name: str) -> None:
    async with open_side(name, at(IP)) as server, open_side(name, at(IP, remote_port=server.transport.local_port)) as client:
        call = Wire()
        assert client.transport.attach(call)
        assert client.transport.renew(call) != ""
        assert client.transport.send(call, message())
        await server.until(lambda: server.inbox.messages)


async def test_a_connection_elsewhere_is_shared_and_closed_after_its_last_call() -> None:
    async with (
        open_side("t1", at(IP)) as first,
        open_side("t1", at(IP)) as second,
        open_side("t1", at(IP, remote_port=first.transport.local_port)) as client,
    ):
        calls = [Wire(), Wire()]
        for call in calls:
            assert client.transport.attach(call)
            assert client.transport.redirect(call, (IP, second.transport.local_port)) == ""
            assert client.transport.send(call, message())
        assert calls[0].peer is calls[1].peer
        connection = calls[0].peer
        assert isinstance(connection, Connection)
        assert client.transport.renew(calls[0]) == "other calls share the connection"
        client.transport.redirect(calls[0], (IP, first.transport.local_port))
        assert connection.is_open
        client.transport.detach(calls[1])
        assert connection.is_open, "what was sent is not lost: the connection does not stand yet"
        await client.until(lambda: not connection.is_open)
        await second.until(lambda: len(second.inbox.messages) == 2)
        incoming = Wire()
        second.transport.adopt(incoming, second.inbox.sources[0])
        await second.until(lambda: second.inbox.ended)
        assert first.inbox.ended == []


async def test_a_call_whose_connection_was_closed_connects_again_when_it_sends() -> None:
    async with (
        open_side("t1", at(IP)) as first,
        open_side("t1", at(IP)) as second,
        open_side("t1", at(IP, remote_port=first.transport.local_port)) as client,
    ):
        call = Wire()
        assert client.transport.attach(call)
        client.transport.redirect(call, (IP, second.transport.local_port))
        before = call.peer
        assert client.transport.renew(call) == ""
        assert client.transport.send(call, message())
        assert isinstance(call.peer, Connection)
        assert call.peer is not before
        await client.until(lambda: not call.peer.is_connecting)  # type: ignore[attr-defined]
        client.poller.dispatch()
        await second.until(lambda: second.inbox.messages)
        client.transport.detach(call)


async def test_a_connection_elsewhere_that_is_refused_is_lost_by_its_calls_only() -> None:
    async with open_side("t1", at(IP)) as first, open_side("t1", at(IP, remote_port=first.transport.local_port)) as client:
        call = Wire()
        assert client.transport.attach(call)
        assert client.transport.redirect(call, (IP, free_port())) == ""
        assert client.transport.send(call, message())
        await client.until(lambda: client.inbox.ended)
        ((lost, failure, reason),) = client.inbox.ended
        assert lost is call
        assert (failure, client.inbox.reasons) == (Failure.TCP_CONNECT, [])
        assert reason.startswith("no TCP connection to 127.0.0.1 port ")
        assert reason.endswith(": Connection refused")
        client.transport.detach(call)


async def test_a_server_closes_the_connection_that_a_call_came_by() -> None:
    async with open_side("t1", at(IP)) as server:
        with socket.create_connection((IP, server.transport.local_port)) as peer:
            peer.sendall(message())
            await server.until(lambda: server.inbox.messages)
            call = Wire()
            server.transport.adopt(call, server.inbox.sources[0])
            assert server.transport.renew(call) == ""
            assert peer.recv(100) == b""
        assert not server.transport.send(call, message())
        with socket.create_connection((IP, server.transport.local_port)) as peer:
            peer.sendall(message(2))
            await server.until(lambda: len(server.inbox.messages) == 2)
            server.transport.follow(call, server.inbox.sources[1])
            assert server.transport.send(call, message(3))
            assert peer.recv(100) == message(3)
        assert server.inbox.ended == []
