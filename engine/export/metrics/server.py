# SPDX-License-Identifier: AGPL-3.0-or-later
"""A small HTTP server for what is scraped: one request a connection, and nothing that anybody sends holds it up.

`prometheus_client` comes with a server, which starts a thread for every connection and waits for each as long as it likes: half
a request holds a thread for ever, ten thousand hold ten thousand. Here a connection is a task of the exporter's loop, there are
`MOST_CONNECTIONS` of them, the oldest makes room for a new one, each has `REQUEST_S` to ask and `ANSWER_S` to take what it
asked for, and no more than some 200 are taken a second. `h11` reads HTTP and does no I/O.
"""

from __future__ import annotations

import errno
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus
from typing import Final

import h11
import trio

from engine.errors import BindError
from engine.version import __version__

MOST_CONNECTIONS: Final = 32
REQUEST_S: Final = 5.0
ANSWER_S: Final = 10.0
ACCEPT_EVERY_S: Final = 0.005
MOST_WAITING: Final = 128
"""Connections that the kernel keeps until they are taken."""
MOST_REQUEST_BYTES: Final = 16_384
_READ_BYTES: Final = 4096
_NO_ROOM: Final = frozenset((errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS))
_NO_ROOM_S: Final = 0.5
_ADVICE: Final = {
    errno.EADDRINUSE: "choose another, or end the program that has it",
    errno.EADDRNOTAVAIL: "it is no address of this machine; 0.0.0.0 is every one",
    errno.EACCES: "ports below 1024 need privileges; choose another",
}


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody asks for; `accept` is what he understands. A query is not part of the path."""

    method: str
    path: str
    accept: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What he gets; a text that a person may read where it is not 200."""

    body: bytes
    content_type: str = "text/plain; charset=utf-8"
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()


async def listen(host: str, port: int, flag: str) -> list[trio.SocketListener]:
    """Listeners on every address that the host has on this machine. Raises BindError, which names the option."""
    try:
        return await trio.open_tcp_listeners(port, host=host, backlog=MOST_WAITING)
    except (OSError, UnicodeError) as error:
        number = error.errno if isinstance(error, OSError) else None
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        advice = _ADVICE.get(number or 0, "give HOST:PORT of this machine")
        place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        raise BindError(f"{flag} {place}: {reason}; {advice}", port if number == errno.EADDRINUSE else 0) from None


class Server:
    """Answers requests with what `answer` makes of them."""

    def __init__(self, listeners: list[trio.SocketListener], answer: Callable[[Request], Answer]) -> None:
        self._listeners = listeners
        self._answer = answer
        self._open: dict[trio.CancelScope, None] = {}

    async def serve(self) -> None:
        """Serve until cancelled."""
        async with trio.open_nursery() as nursery:
            for listener in self._listeners:
                nursery.start_soon(self._accept, listener, nursery)

    async def _accept(self, listener: trio.SocketListener, nursery: trio.Nursery) -> None:
        while True:
            try:
                stream = await listener.accept()
            except OSError as error:
                await trio.sleep(_NO_ROOM_S if error.errno in _NO_ROOM else ACCEPT_EVERY_S)
                continue
            if len(self._open) >= MOST_CONNECTIONS:
                oldest = next(iter(self._open))
                del self._open[oldest]
                oldest.cancel()
            scope = trio.CancelScope()
            self._open[scope] = None
            nursery.start_soon(self.talk, stream, scope)
            await trio.sleep(ACCEPT_EVERY_S)

    async def talk(self, stream: trio.abc.Stream, scope: trio.CancelScope) -> None:
        """One connection, from its request to its end."""
        try:
            with scope:
                await self._talk_http(stream)
        except trio.BrokenResourceError:
            pass  # nobody is there any more
        finally:
            self._open.pop(scope, None)
            await trio.aclose_forcefully(stream)

    async def _talk_http(self, stream: trio.abc.Stream) -> None:
        connection = h11.Connection(h11.SERVER, max_incomplete_event_size=MOST_REQUEST_BYTES)
        request: Request | None = None
        try:
            with trio.move_on_after(REQUEST_S):
                request = await _read(stream, connection)
            if request is None:
                return
            answer = self._answer(request)
        except h11.RemoteProtocolError as error:
            answer = Answer(f"{error}\n".encode(), status=error.error_status_hint)
        with trio.move_on_after(ANSWER_S):
            await stream.send_all(_head(connection, answer))
            if request is None or request.method != "HEAD":
                await stream.send_all(answer.body)


async def _read(stream: trio.abc.Stream, connection: h11.Connection) -> Request | None:
    """The request, or None when its sender goes before it is whole. Raises h11.RemoteProtocolError."""
    while not isinstance(event := connection.next_event(), h11.Request):
        if event is not h11.NEED_DATA:
            return None
        connection.receive_data(bytes(await stream.receive_some(_READ_BYTES)))
    accepts = (value for name, value in event.headers if name == b"accept")
    path = event.target.partition(b"?")[0].decode("ascii")
    return Request(event.method.decode("ascii"), path, b",".join(accepts).decode("latin-1"))


def _head(connection: h11.Connection, answer: Answer) -> bytes:
    """What goes over the wire before the body."""
    headers = [
        ("Date", formatdate(usegmt=True)),
        ("Server", f"gossipper/{__version__}"),
        ("Content-Type", answer.content_type),
        ("Content-Length", str(len(answer.body))),
        ("Connection", "close"),
        *answer.headers,
    ]
    status = HTTPStatus(answer.status)
    return connection.send(h11.Response(status_code=status, reason=status.phrase, headers=headers)) or b""
