# SPDX-License-Identifier: AGPL-3.0-or-later
"""A proxy for TCP that does what networks and peers do: it resets, closes, stalls, falls silent, writes single bytes."""

from __future__ import annotations

import select
import socket
import struct
import threading
from dataclasses import dataclass
from types import TracebackType
from typing import Final

LOOPBACK: Final = "127.0.0.1"
_POLL_S: Final = 0.02
_SMALL_BUFFER: Final = 4096
_RESET: Final = struct.pack("ii", 1, 0)
"""SO_LINGER with no time: closing resets the connection."""


@dataclass(frozen=True)
class Trouble:
    """What becomes of the first `connections` connections when the client has sent `after` bytes on one.

    `then` is "reset", "close", "half-close" (the client is told of an end, and still read), "silence" (nothing passes any more
    and nobody is told) or "stall" (nothing is read any more), or "" for none of it. `piece` is how many bytes are written
    at once, 0 for all that there are.
    """

    then: str = ""
    after: int = 0
    connections: int = 1_000_000
    piece: int = 0


class BadStream:
    """A context manager: a proxy on 127.0.0.1 before a server's port. `accepted` counts connections."""

    def __init__(self, server_port: int, trouble: Trouble, *, listens_for: int = 1_000_000) -> None:
        self.accepted = 0
        self._server_port = server_port
        self._trouble = trouble
        self._listens_for = listens_for
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SMALL_BUFFER)
        self._listener.bind((LOOPBACK, 0))
        self._listener.listen(1024)
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> BadStream:
        self._start(self._accept)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _start(self, target: object, *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with self._listener:
            while self.accepted < self._listens_for and not self._over.is_set():
                if select.select([self._listener], [], [], _POLL_S)[0]:
                    client = self._listener.accept()[0]
                    self.accepted += 1
                    trouble = self._trouble if self.accepted <= self._trouble.connections else Trouble()
                    self._start(self._carry, client, trouble)

    def _carry(self, client: socket.socket, trouble: Trouble) -> None:
        try:
            with client, socket.create_connection((LOOPBACK, self._server_port)) as server:
                for sock in (client, server):
                    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._pass_on(client, server, trouble)
                self._trouble_with(client, server, trouble.then)
        except OSError:
            return  # one of the two is gone, and with it the connection to the other

    def _pass_on(self, client: socket.socket, server: socket.socket, trouble: Trouble) -> None:
        """Carry both ways until it is time for trouble. Raises ConnectionError when one of the two has ended."""
        passed = 0
        while not self._over.is_set():
            for source in select.select([client, server], [], [], _POLL_S)[0]:
                data = source.recv(65_536)
                if not data:
                    raise ConnectionError
                if source is client and trouble.then:
                    data = data[: trouble.after - passed]
                    passed += len(data)
                self._write(server if source is client else client, data, trouble.piece)
                if trouble.then and passed >= trouble.after:
                    return
        raise ConnectionError

    def _write(self, sock: socket.socket, data: bytes, piece: int) -> None:
        for start in range(0, len(data), piece or len(data) or 1):
            sock.sendall(data[start : start + (piece or len(data))])

    def _trouble_with(self, client: socket.socket, server: socket.socket, then: str) -> None:
        if then == "reset":
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        elif then == "half-close":
            client.shutdown(socket.SHUT_WR)
            self._swallow(client, server)
        elif then == "silence":
            self._swallow(client, server)
        elif then == "stall":
            self._over.wait()

    def _swallow(self, client: socket.socket, server: socket.socket) -> None:
        open_sockets = [client, server]
        while open_sockets and not self._over.is_set():
            for sock in select.select(open_sockets, [], [], _POLL_S)[0]:
                if not sock.recv(65_536):
                    open_sockets.remove(sock)
