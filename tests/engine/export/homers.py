# SPDX-License-Identifier: AGPL-3.0-or-later
"""A sink for Homer that runs, and what it sends to: over UDP, TCP and TLS."""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from typing import Any

import trio

from engine.export.homer import Homer, homer_of
from engine.export.sink import Surroundings
from engine.messages import QueueCounts
from engine.messages.records import MessageRecorded
from tests.engine.export.conservation import conserved
from tests.engine.report.examples import run_started
from tests.hep import Packet, read_packet, read_packets

LOCAL, REMOTE = ("127.0.0.1", 5060), ("127.0.0.1", 5070)
WHEN_NS = 1_700_000_000_000_001_000
LIMIT_S = 20
"""For what ought to take a moment."""


def recorded(number: int, *, sent: bool = True, data: bytes = b"") -> MessageRecorded:
    """The message of this number."""
    named = data or b"OPTIONS sip:%d@there SIP/2.0\r\n\r\n" % number
    return MessageRecorded(WHEN_NS + number * 1000, 1, b"%d@here" % number, "main", sent, False, 0, LOCAL, REMOTE, named)


class Running:
    """A sink that writes, and what it told."""

    def __init__(self, **options: Any) -> None:
        self.told: list[str] = []
        config = {"hep_address": "127.0.0.1", **options}
        sink = homer_of(Surroundings(started=run_started(**config), warn=self.told.append))
        assert isinstance(sink, Homer)
        self.sink = sink
        self.offered = 0

    @property
    def counts(self) -> QueueCounts:
        """Those of its queue."""
        return self.sink.counts["HEP"]

    def offer(self, count: int = 1, data: bytes = b"") -> None:
        """So many messages more."""
        for _ in range(count):
            self.sink.take(recorded(self.offered, data=data))
            self.offered += 1


@contextlib.asynccontextmanager
async def running(**options: Any) -> AsyncIterator[Running]:
    """A sink that is opened, writes, is closed, and has accounted for all in the end."""
    it = Running(**options)
    await it.sink.open()
    with trio.fail_after(LIMIT_S):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(it.sink.write)
            yield it
            it.sink.close()
    it.sink.abandon()
    assert it.counts.offered == it.offered
    conserved(it.sink.counts)


async def until(holds: Callable[[], bool]) -> None:
    """Wait for it."""
    with trio.fail_after(LIMIT_S):
        while not holds():  # noqa: ASYNC110
            await trio.sleep(0.005)


class Datagrams:
    """Homer over UDP on a port of its own."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = trio.socket.socket(family, socket.SOCK_DGRAM)
        self._place = (host, port)
        self.port = 0
        self.packets: list[Packet] = []

    async def __aenter__(self) -> Datagrams:
        await self._socket.bind(self._place)
        self.port = self._socket.getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._socket.close()

    async def has(self, count: int) -> list[Packet]:
        """So many packets, which have to come, and no more that have."""
        with trio.fail_after(LIMIT_S):
            while len(self.packets) < count:
                self.packets.append(read_packet(await self._socket.recv(70_000)))
        with trio.move_on_after(0.01):
            self.packets.append(read_packet(await self._socket.recv(70_000)))
        return self.packets


class Streams:
    """Homer over TCP: what came on all connections together, unless it `hangs`."""

    def __init__(self, port: int = 0, context: ssl.SSLContext | None = None) -> None:
        self.port = port
        self.packets: list[Packet] = []
        self.connections = 0
        self.ends = 0
        self.hangs = False
        self._context = context
        self._scope = trio.CancelScope()
        self._open: list[trio.SocketStream] = []

    @contextlib.asynccontextmanager
    async def there(self) -> AsyncIterator[Streams]:
        """It listens meanwhile."""
        (listener,) = await trio.open_tcp_listeners(self.port, host="127.0.0.1")
        self.port = listener.socket.getsockname()[1]
        self._scope = trio.CancelScope()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._listen, listener)
            yield self
            self._scope.cancel()

    async def _listen(self, listener: trio.SocketListener) -> None:
        with self._scope:
            async with listener:
                await trio.serve_listeners(self._serve, [listener])

    async def _serve(self, stream: trio.SocketStream) -> None:
        self.connections += 1
        self._open.append(stream)
        above = stream if self._context is None else trio.SSLStream(stream, self._context, server_side=True)
        rest = b""
        with contextlib.suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            while True:
                while self.hangs:  # noqa: ASYNC110
                    await trio.sleep(0.01)
                data = await above.receive_some(65_536)
                if not data:
                    self.ends += 1
                    return
                packets, rest = read_packets(rest + bytes(data))
                self.packets += packets

    async def hang_up(self) -> None:
        """Close all connections that there are, rudely."""
        for stream in self._open:
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            await stream.aclose()
        self._open.clear()


def numbers(packets: list[Packet]) -> list[int]:
    """The numbers of the messages in packets."""
    return [int(packet.correlation.partition(b"@")[0]) for packet in packets]
