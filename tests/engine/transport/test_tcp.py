# SPDX-License-Identifier: AGPL-3.0-or-later
"""TCP on loopback: framing, partial writes, and connections that end."""

from __future__ import annotations

import socket

import pytest
import trio

from engine.errors import TransportError
from engine.messages import Failure
from engine.transport import tcp
from engine.transport.tcp import MOST_UNSENT
from tests.engine.transport.sides import LIMIT_S, Wire, at, message, open_side
from tests.programs import free_port

LOOPBACK = ["127.0.0.1", "::1"]


@pytest.mark.parametrize("ip", LOOPBACK)
async def test_calls_share_one_connection_both_ways(ip: str) -> None:
    async with (
        open_side("t1", at(ip)) as server,
        open_side("t1", at(ip, remote_port=server.transport.local_port)) as client,
    ):
        first, second, incoming = Wire(), Wire(), Wire()
        for number, call in enumerate((first, second)):
            assert client.transport.attach(call)
            assert client.transport.send(call, message(number))
        assert first.peer is second.peer
        await server.until(lambda: len(server.inbox.messages) == 2)
        assert server.inbox.messages == [message(0), message(1)]
        server.transport.adopt(incoming, server.inbox.sources[0])
        assert server.transport.send(incoming, message(3))
        await client.until(lambda: client.inbox.messages)
        assert client.inbox.messages == [message(3)]
        assert (server.transport.drops(), client.transport.drops()) == (0, 0)


async def test_messages_are_cut_from_whatever_pieces_they_come_in() -> None:
    async with open_side("t1", at("127.0.0.1")) as server:
        stream = await trio.open_tcp_stream("127.0.0.1", server.transport.local_port)
        async with stream:
            text = message(1, b"body") + b"\r\n\r\n" + message(2)
            for position in range(0, len(text), 7):
                await stream.send_all(text[position : position + 7])
            await server.until(lambda: len(server.inbox.messages) == 2)
    assert server.inbox.messages == [message(1, b"body"), message(2)]


async def test_what_a_peer_does_not_read_is_kept_and_sent_later() -> None:
    listener = (await trio.open_tcp_listeners(0, host="127.0.0.1"))[0]
    async with (
        listener,
        open_side("t1", at("127.0.0.1", remote_port=listener.socket.getsockname()[1]), buffer_size=4096) as client,
    ):
        peer = await listener.accept()
        call = Wire()
        assert client.transport.attach(call)
        sent = [message(number, b"x" * 65_536) for number in range(100)]
        for each in sent:
            assert client.transport.send(call, each)
        wanted, got = b"".join(sent), bytearray()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(client.until, lambda: len(got) == len(wanted))
            with trio.fail_after(LIMIT_S):
                while len(got) < len(wanted):
                    got += await peer.receive_some()
            nursery.cancel_scope.cancel()
        assert got == wanted
        assert client.transport.send(call, message(7))
        assert await peer.receive_some() == message(7)
        await peer.aclose()


async def test_a_peer_that_never_reads_gets_no_more_after_a_while() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        async with open_side("t1", at("127.0.0.1", remote_port=listener.getsockname()[1]), buffer_size=4096) as client:
            call = Wire()
            assert client.transport.attach(call)
            large = message(1, b"x" * 1_048_576)
            taken = 0
            while client.transport.send(call, large):
                taken += len(large)
                assert taken < 4 * MOST_UNSENT


async def test_a_server_that_closes_ends_the_calls_and_the_run() -> None:
    listener = (await trio.open_tcp_listeners(0, host="127.0.0.1"))[0]
    port = listener.socket.getsockname()[1]
    async with listener, open_side("t1", at("127.0.0.1", remote_port=port)) as client:
        call = Wire()
        assert client.transport.attach(call)
        await (await listener.accept()).aclose()
        await client.until(lambda: client.inbox.reasons)
        assert client.inbox.ended == [(call.peer, Failure.TCP_CLOSED, "closed by the peer")]
        assert client.inbox.reasons == [f"the TCP connection to 127.0.0.1 port {port} ended: closed by the peer"]
        assert not client.transport.send(call, message())
        assert not client.transport.attach(Wire())


async def test_a_client_that_goes_ends_its_calls_and_not_the_server() -> None:
    async with open_side("t1", at("127.0.0.1")) as server:
        async with open_side("t1", at("127.0.0.1", remote_port=server.transport.local_port)) as client:
            call = Wire()
            client.transport.attach(call)
            client.transport.send(call, message())
            await server.until(lambda: server.inbox.messages)
        await server.until(lambda: server.inbox.ended)
        assert server.inbox.ended[0][:2] == (server.inbox.sources[0], Failure.TCP_CLOSED)
        assert server.inbox.reasons == []
        async with open_side("t1", at("127.0.0.1", remote_port=server.transport.local_port)) as client:
            client.transport.attach(call)
            client.transport.send(call, message(2))
            await server.until(lambda: len(server.inbox.messages) == 2)


@pytest.mark.parametrize(
    "rubbish",
    [
        b"x" * 70_000,
        b"OPTIONS sip:a@b SIP/2.0\r\nContent-Length: many\r\n\r\n",
        b"OPTIONS sip:a@b SIP/2.0\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n",
    ],
    ids=["no end of the head", "no number", "a number beyond all bounds"],
)
async def test_a_stream_of_rubbish_is_closed_and_the_others_go_on(rubbish: bytes) -> None:
    async with open_side("t1", at("127.0.0.1")) as server:
        bad = await trio.open_tcp_stream("127.0.0.1", server.transport.local_port)
        good = await trio.open_tcp_stream("127.0.0.1", server.transport.local_port)
        async with bad, good:
            await bad.send_all(rubbish)
            await server.until(lambda: server.inbox.ended)
            assert server.inbox.ended[0][2].startswith("what arrives is no SIP: ")
            await good.send_all(message(5))
            await server.until(lambda: server.inbox.messages)
    assert server.inbox.messages == [message(5)]


async def test_a_connection_that_is_refused_says_where_and_what_to_look_at() -> None:
    port = free_port()
    with pytest.raises(TransportError, match=rf"127\.0\.0\.1 port {port}: .*refused; is a server listening there\?"):
        async with open_side("t1", at("127.0.0.1", remote_port=port)):
            pytest.fail("it connected")


async def test_a_server_that_accepts_nobody_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tcp, "CONNECT_TIMEOUT_S", 0.1)
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as full, socket.socket(socket.AF_INET, socket.SOCK_STREAM) as queued:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        queued.connect(full.getsockname())
        with pytest.raises(TransportError, match=r"within 0\.1 s"):
            async with open_side("t1", at("127.0.0.1", remote_port=full.getsockname()[1])):
                pytest.fail("it connected")


async def test_a_given_local_port_is_the_one_that_it_connects_from() -> None:
    port = free_port()
    async with (
        open_side("t1", at("127.0.0.1")) as server,
        open_side("t1", at("127.0.0.1", remote_port=server.transport.local_port, local_port=port)) as client,
    ):
        assert client.transport.local_port == port
