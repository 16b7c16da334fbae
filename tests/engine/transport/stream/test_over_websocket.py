# SPDX-License-Identifier: AGPL-3.0-or-later
"""Calls over WebSocket on loopback: against ourselves, against the library's own server and client, and against strangers."""

from __future__ import annotations

import gc
import http
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import pytest
import trio
from websockets.exceptions import ConnectionClosedOK, InvalidStatus
from websockets.protocol import Protocol
from websockets.sync.client import connect
from websockets.sync.server import Server, ServerConnection, serve

from engine.errors import TransportError
from engine.messages import Failure
from engine.transport.stream.layer import StreamBroken
from tests.engine.transport.sides import LIMIT_S, Wire, at, message, open_side
from tests.engine.transport.stream.ws_peers import asked, frame, their_client

IP = "127.0.0.1"
MOST_PINGS = 200_000
both_ways_to_connect = pytest.mark.parametrize("name", ["w1", "wn"])


@both_ways_to_connect
@pytest.mark.parametrize("ip", ["127.0.0.1", "::1"])
async def test_messages_go_both_ways(name: str, ip: str) -> None:
    async with (
        open_side("w1", at(ip)) as server,
        open_side(name, at(ip, remote_port=server.transport.local_port), to=server) as client,
    ):
        first, second, incoming = Wire(), Wire(), Wire()
        for number, call in enumerate((first, second)):
            assert client.transport.attach(call)
            assert client.transport.send(call, message(number, b"\xff" * number))
        await server.until(lambda: (client.poller.dispatch(), len(server.inbox.messages) == 2)[1])
        assert sorted(server.inbox.messages) == [message(0), message(1, b"\xff")]
        assert (first.peer is second.peer) is (name == "w1")
        server.transport.adopt(incoming, server.inbox.sources[0])
        assert server.transport.send(incoming, message(3))
        await client.until(lambda: client.inbox.messages)
        assert client.inbox.messages == [message(3)]
        assert client.transport.protocol == server.transport.protocol == "WS"
        for call in (first, second):
            client.transport.detach(call)
    assert (server.inbox.garbage, client.inbox.garbage) == ([], [])


@contextmanager
def library_server(handler, **options) -> Iterator[int]:
    """The library's own server in a thread; its port."""
    server: Server = serve(handler, IP, 0, **{"subprotocols": ["sip"], **options})
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.socket.getsockname()[1]
    finally:
        server.shutdown()
        thread.join(LIMIT_S)


def echo(connection: ServerConnection) -> None:
    for data in connection:
        connection.send(data)


async def test_against_the_librarys_server() -> None:
    with library_server(echo) as port:
        async with open_side("w1", at(IP, remote_port=port)) as client:
            call = Wire()
            assert client.transport.attach(call)
            sent = [message(1), message(2, b"\xff" * 200_000)]
            for each in sent:
                assert client.transport.send(call, each)
            await client.until(lambda: len(client.inbox.messages) == 2)
    assert client.inbox.messages == sent


async def test_against_the_librarys_client() -> None:
    async with open_side("w1", at(IP)) as server:
        answering = Wire()

        def answer(data: bytes, source: object) -> None:
            server.transport.adopt(answering, source)
            server.transport.send(answering, message(2))

        server.inbox.then = answer
        asked = []

        def ask() -> None:
            with connect(f"ws://{IP}:{server.transport.local_port}/", subprotocols=["sip"]) as client:
                client.send(message(1).decode())
                asked.append(client.recv())
                client.ping(b"?").wait(LIMIT_S)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(server.until, lambda: server.inbox.ended)
            await trio.to_thread.run_sync(ask)
        assert server.inbox.messages == [message(1)]
        assert asked == [message(2).decode()]
        assert server.inbox.ended == [
            (answering, Failure.TCP_CLOSED, "the connection ended: the peer closed the WebSocket: 1000 (OK)")
        ]


async def test_a_call_whose_connection_is_done_with_says_goodbye() -> None:
    goodbyes = []

    def take(connection: ServerConnection) -> None:
        try:
            while True:
                connection.recv()
        except ConnectionClosedOK as closed:
            goodbyes.append(closed.rcvd.code if closed.rcvd else 0)

    with library_server(take) as port:
        async with open_side("wn", at(IP, remote_port=port)) as client:
            call = Wire()
            assert client.transport.attach(call)
            assert client.transport.send(call, message())
            client.transport.detach(call)
            await client.until(lambda: goodbyes)
    assert goodbyes == [1000]


def refuse(connection: ServerConnection, request: object):
    return connection.respond(http.HTTPStatus.NOT_FOUND, "No.\n")


async def test_a_server_that_refuses_keeps_a_run_from_starting() -> None:
    why = (
        r"^no WS connection to 127\.0\.0\.1 port \d+: "
        r"the server refuses WebSocket at /x: 404 Not Found — it has no WebSocket at this path; see -ws_path$"
    )
    with library_server(echo, process_request=refuse) as port, pytest.raises(TransportError, match=why):
        async with open_side("w1", at(IP, remote_port=port), websocket_path="/x"):
            pass


async def test_a_server_that_refuses_costs_each_call_that_tries() -> None:
    with library_server(echo, process_request=refuse) as port:
        async with open_side("wn", at(IP, remote_port=port)) as client:
            call = Wire()
            assert client.transport.attach(call)
            assert client.transport.send(call, message())
            await client.until(lambda: client.inbox.ended)
    ((wire, failure, reason),) = client.inbox.ended
    assert (wire, failure) == (call, Failure.TCP_CONNECT)
    assert "refuses WebSocket at /: 404 Not Found" in reason


async def test_who_asks_for_another_path_is_told_so() -> None:
    async with open_side("w1", at(IP), websocket_path="/sip") as server:
        refused = []

        def ask() -> None:
            try:
                connect(f"ws://{IP}:{server.transport.local_port}/ws", subprotocols=["sip"])
            except InvalidStatus as status:
                refused.append(status.response.status_code)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(server.until, lambda: server.inbox.garbage)
            await trio.to_thread.run_sync(ask)
        assert refused == [404]
        assert server.inbox.garbage == [
            "refused a request for WebSocket: it asks for /ws, and -ws_path is /sip, from 127.0.0.1"
        ]


@pytest.mark.parametrize(
    ("client_over", "server_over", "what"),
    [("tn", "w1", "SIP without WebSocket"), ("wn", "t1", "")],
)
async def test_one_side_speaks_websocket_and_the_other_does_not(client_over: str, server_over: str, what: str) -> None:
    async with (
        open_side(server_over, at(IP)) as server,
        open_side(client_over, at(IP, remote_port=server.transport.local_port)) as client,
    ):
        call = Wire()
        assert client.transport.attach(call)
        assert client.transport.send(call, message())
        await server.until(lambda: (client.poller.dispatch(), server.inbox.garbage and client.inbox.ended)[1])
        assert what in server.inbox.garbage[0]
        assert client.inbox.ended[0][:2] == (call, Failure.TCP_CLOSED if client_over == "tn" else Failure.TCP_CONNECT)
        assert server.inbox.messages == []


@pytest.fixture
def nobody_collects() -> Iterator[None]:
    """In a run only young objects are collected: what has lived for a while has to be freed by its last owner."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def alive(kind: type) -> int:
    """How many objects of this type, and of what derives from it, there are."""
    return sum(isinstance(found, kind) for found in gc.get_objects())


@pytest.mark.usefixtures("nobody_collects")
async def test_a_connection_that_is_over_leaves_nothing_behind() -> None:
    async with (
        open_side("w1", at(IP)) as server,
        open_side("wn", at(IP, remote_port=server.transport.local_port)) as client,
    ):
        before = alive(Protocol)
        calls = [Wire() for _ in range(5)]
        for call in calls:
            assert client.transport.attach(call)
            assert client.transport.send(call, message())
        await server.until(lambda: (client.poller.dispatch(), len(server.inbox.messages) == 5)[1])
        assert alive(Protocol) == before + 10
        server.inbox.sources.clear()
        for call in calls:
            client.transport.detach(call)
        await server.until(lambda: (client.poller.dispatch(), not server.transport._connections)[1])
        assert alive(Protocol) == before


@pytest.mark.usefixtures("nobody_collects")
@pytest.mark.parametrize(
    "came",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\n\x00\r\n\r\n",
        b"INVITE sip:a@b SIP/2.0\r\n",
        b"\x16\x03\x01",
        asked(their_client()) + frame(1, b"not masked"),
        asked(their_client()) + frame(1, b"\xff", masked=True),
    ],
)
async def test_a_stranger_leaves_nothing_behind(came: bytes) -> None:
    async with open_side("w1", at(IP)) as server:
        before = alive(Protocol), alive(StreamBroken)
        for count in range(1, 6):
            async with await trio.open_tcp_stream(IP, server.transport.local_port) as peer:
                await peer.send_all(came)
                await server.until(lambda count=count: len(server.inbox.garbage) == count)
        assert (alive(Protocol), alive(StreamBroken)) == before


async def test_a_peer_that_pings_and_never_reads_is_left_when_too_many_answers_wait() -> None:
    async with open_side("w1", at(IP)) as server:
        server.transport.most_unsent = 100_000
        client = their_client()
        peer = await trio.open_tcp_stream(IP, server.transport.local_port)

        async def ping_for_ever() -> None:
            for _ in range(MOST_PINGS // 1000):
                await peer.send_all(frame(9, bytes(125), masked=True) * 1000)

        async with peer, trio.open_nursery() as nursery:
            nursery.start_soon(server.go_on)
            await peer.send_all(asked(client))
            with trio.fail_after(LIMIT_S), pytest.raises(trio.BrokenResourceError):
                await ping_for_ever()
            nursery.cancel_scope.cancel()
