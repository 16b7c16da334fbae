# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whoever asks as he should is answered, whatever others do: half requests, garbage, thousands of connections, slow reading."""

from __future__ import annotations

import errno
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
import trio
import trio.testing
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import BindError
from engine.export.metrics import server as module
from engine.export.metrics.server import MOST_CONNECTIONS, MOST_REQUEST_BYTES, Answer, Request, Server, listen
from tests.engine.export.metrics.scraping import LIMIT_S, ask, get

LARGE = b"x" * (32 << 20)
"""More than any socket's buffers hold."""


def answer(request: Request) -> Answer:
    """Says what was asked."""
    if request.path == "/large":
        return Answer(LARGE)
    return Answer(f"{request.method} {request.path} {request.accept}".encode())


@asynccontextmanager
async def serving() -> AsyncIterator[int]:
    """A server; its port. It is there to the end."""
    listeners = await listen("127.0.0.1", 0, "-metrics")
    port: int = listeners[0].socket.getsockname()[1]
    async with trio.open_nursery() as nursery:
        nursery.start_soon(Server(listeners, answer).serve)
        yield port
        assert (await ask(port, get()))[0] == 200
        nursery.cancel_scope.cancel()
    for listener in listeners:
        listener.socket.close()


async def test_a_request_is_answered_and_its_connection_closed() -> None:
    async with serving() as port:
        status, headers, body = await ask(port, get("/metrics?name[]=a", "text/plain;q=0.3"))
    assert (status, body) == (200, b"GET /metrics text/plain;q=0.3")
    assert headers["content-length"] == str(len(body))
    assert headers["connection"] == "close"
    assert headers["date"].endswith("GMT")


async def test_of_an_answer_to_head_there_is_no_body() -> None:
    async with serving() as port:
        status, headers, body = await ask(port, get(method="HEAD"))
    assert (status, body) == (200, b"")
    assert headers["content-length"] == str(len("HEAD /metrics "))


async def test_a_request_may_come_in_pieces() -> None:
    async with serving() as port:
        stream = await trio.open_tcp_stream("127.0.0.1", port)
        for byte in get("/pieces"):
            await stream.send_all(bytes((byte,)))
        with trio.fail_after(LIMIT_S):
            assert (await stream.receive_some()).startswith(b"HTTP/1.1 200 OK\r\n")


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"garbage\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
        (b"GET /metrics HTTP/1.1\r\n\r\n", 400),
        (b"GET /metrics HTTP/1.0\r\n\r\n", 200),
        (b"GET /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: many\r\n\r\n", 400),
        (b"GET /metrics HTTP/1.1\r\nHost: a\r\nAccept: \xff\xfe\r\n\r\n", 200),
        (b"GET /metr\xff HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET /" + b"a" * MOST_REQUEST_BYTES + b" HTTP/1.1\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * MOST_REQUEST_BYTES, 431),
        (b"\r\n" * 10, 400),
        (b"", 0),
    ],
)
async def test_what_is_no_request_is_told_so(request_: bytes, status: int) -> None:
    async with serving() as port:
        with trio.fail_after(LIMIT_S):
            stream = await trio.open_tcp_stream("127.0.0.1", port)
            told = b""
            with suppress(trio.BrokenResourceError):
                await stream.send_all(request_)
                await stream.send_eof()
                async for part in stream:
                    told += part
    assert told.startswith(b"HTTP/1.1 %d " % status) if told else status in (0, 431)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300), st.booleans())
def test_any_bytes_end_a_connection_and_nothing_else(data: bytes, is_late: bool) -> None:
    async def meet() -> None:
        theirs, ours = trio.testing.memory_stream_pair()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(Server([], answer).talk, ours, trio.CancelScope())
            with suppress(trio.BrokenResourceError):
                await theirs.send_all((get()[:20] if is_late else b"") + data)
                await theirs.send_eof()
                assert (told := b"".join([part async for part in theirs])) == b"" or told.startswith(b"HTTP/1.1 ")

    trio.run(meet)


async def test_half_a_request_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REQUEST_S", 0.2)
    async with serving() as port:
        status, _, body = await ask(port, get()[:-2])
    assert (status, body) == (0, b"")


async def trickle(stream: trio.SocketStream) -> None:
    """Say a byte now and then."""
    while True:
        await stream.send_all(b"a")
        await trio.sleep(0.02)


async def test_who_asks_a_byte_at_a_time_has_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REQUEST_S", 0.2)
    async with serving() as port:
        stream = await trio.open_tcp_stream("127.0.0.1", port)
        with trio.fail_after(LIMIT_S), pytest.raises(trio.BrokenResourceError):
            await trickle(stream)
        status, _, _ = await ask(port, get())
    assert status == 200


async def test_who_does_not_read_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ANSWER_S", 0.2)
    async with serving() as port:
        stream = await trio.open_tcp_stream("127.0.0.1", port)
        await stream.send_all(get("/large"))
        await trio.sleep(0.5)
        told = b""
        with trio.fail_after(LIMIT_S), suppress(trio.BrokenResourceError):
            async for part in stream:
                told += part
    assert told.startswith(b"HTTP/1.1 200 OK")
    assert len(told) < len(LARGE)


async def test_who_goes_in_the_middle_harms_nobody() -> None:
    async with serving() as port:
        for request in (b"", get()[:10], get("/large")):
            for _ in range(5):
                with socket.create_connection(("127.0.0.1", port)) as rude:
                    rude.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                    rude.sendall(request)
                await trio.lowlevel.checkpoint()
        status, _, _ = await ask(port, get())
    assert status == 200


@pytest.mark.parametrize("request_", [b"", get()[:20], get("/large")], ids=["silent", "half", "slow"])
async def test_of_too_many_connections_the_oldest_make_room(request_: bytes) -> None:
    many = 4 * MOST_CONNECTIONS
    async with serving() as port:
        crowd = []
        for _ in range(many):
            with trio.fail_after(LIMIT_S):
                stream = await trio.open_tcp_stream("127.0.0.1", port)
            with suppress(trio.BrokenResourceError):
                await stream.send_all(request_)
            crowd.append(stream)
        assert (await ask(port, get()))[0] == 200
        assert sum([await is_held(stream) for stream in crowd]) < MOST_CONNECTIONS
        for stream in crowd:
            await trio.aclose_forcefully(stream)


async def is_held(stream: trio.SocketStream) -> bool:
    """Whether the other side keeps this connection open."""
    with trio.move_on_after(0.05) as waiting, suppress(trio.BrokenResourceError):
        while await stream.receive_some():
            pass
    return waiting.cancelled_caught


@pytest.mark.parametrize(
    ("host", "told"),
    [
        ("127.0.0.1", r"^-metrics 127\.0\.0\.1:%d: Address already in use; choose another, or end the program that has it$"),
        ("192.0.2.1", r"^-metrics 192\.0\.2\.1:%d: Cannot assign requested address; it is no address of this machine"),
        ("2001:db8::1", r"^-metrics \[2001:db8::1\]:%d: Cannot assign requested address"),
        ("no.such.host.invalid", r"^-metrics no\.such\.host\.invalid:%d: .*; give HOST:PORT of this machine$"),
    ],
)
async def test_where_nothing_can_be_served_one_line_says_why(host: str, told: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        with pytest.raises(BindError, match=told % port):
            await listen(host, port, "-metrics")


async def test_where_there_are_no_more_descriptors_it_waits_for_some(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_NO_ROOM_S", 0.01)
    accept, left = trio.SocketListener.accept, 3

    async def at_last(listener: trio.SocketListener) -> trio.SocketStream:
        nonlocal left
        if left:
            left -= 1
            raise OSError(errno.EMFILE, "Too many open files")
        return await accept(listener)

    monkeypatch.setattr(trio.SocketListener, "accept", at_last)
    async with serving():
        pass
    assert not left
