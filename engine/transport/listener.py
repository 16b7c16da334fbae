# SPDX-License-Identifier: AGPL-3.0-or-later
"""Taking connections, also when there is no descriptor left for one.

A connection that cannot be accepted stays in the kernel's queue, and the listening socket readable: asking again at
once would spin. So the listener rests for a while, tells once what is short, and counts who is kept waiting.
"""

from __future__ import annotations

import errno
import socket
import struct
from collections.abc import Callable
from typing import Final

import trio

from engine.transport.descriptors import shortage
from engine.transport.poller import Poller
from engine.transport.sockets import reason_of

REST_S: Final = 0.1
"""How long the queue is left alone. It holds more than comes in so short a time, and looking costs nothing that counts."""
_GONE: Final = frozenset(
    {
        errno.EAGAIN,
        errno.EWOULDBLOCK,
        errno.EINTR,
        errno.ECONNABORTED,
        errno.EPERM,
        errno.EPROTO,
        errno.ENETDOWN,
        errno.ENETUNREACH,
        errno.ENOPROTOOPT,
        errno.EHOSTDOWN,
        errno.EHOSTUNREACH,
        errno.EOPNOTSUPP,
    }
)
"""Errors of a connection that is gone, and with it out of the queue (accept(2)): the next may be fine."""
_WAITING: Final = struct.Struct("@24xI")
"""`tcpi_unacked` of `struct tcp_info` (linux/tcp.h): of a listening socket the length of its queue."""


class Listener:
    """A listening socket, polled. `accepted` takes each connection, non-blocking; what it raises (OSError) refuses it.

    `warn` is told, once, when there is no descriptor for a connection.
    """

    __slots__ = ("_accepted", "_poller", "_rested", "_socket", "_waiting", "_warn", "kept_out")

    def __init__(
        self, sock: socket.socket, poller: Poller, accepted: Callable[[socket.socket], object], warn: Callable[[str], None]
    ) -> None:
        self._socket = sock
        self._poller = poller
        self._accepted = accepted
        self._warn: Callable[[str], None] | None = warn
        self._rested: trio.Event = trio.Event()
        self._waiting = 0
        self.kept_out = 0
        """Connections so far that had to wait for a descriptor, or could not be had at all."""
        poller.add(sock.fileno(), self._accept)

    async def tend(self) -> None:
        """Look at the queue again after each rest, for ever."""
        while True:
            await self._rested.wait()
            await trio.sleep(REST_S)
            self._rested = trio.Event()
            self._poller.add(self._socket.fileno(), self._accept)

    def _accept(self) -> None:
        try:
            sock, _ = self._socket.accept()
        except OSError as error:
            if error.errno not in _GONE:
                self._keep_waiting(error)
            return
        self._waiting = max(0, self._waiting - 1)
        try:
            sock.setblocking(False)
            self._accepted(sock)
        except OSError as error:
            sock.close()
            self.kept_out += 1
            self._rest(error)

    def _keep_waiting(self, error: OSError) -> None:
        """Count who is new among those that wait, and rest."""
        waiting = max(1, self._queued())
        self.kept_out += max(0, waiting - self._waiting)
        self._waiting = waiting
        self._rest(error)

    def _rest(self, error: OSError) -> None:
        self._poller.remove(self._socket.fileno())
        self._rested.set()
        if self._warn is not None:
            self._warn(f"connections are kept waiting: {_shortage(error)}")
            self._warn = None

    def _queued(self) -> int:
        """How many connections wait to be accepted; 0 where the kernel does not tell."""
        try:
            told = self._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _WAITING.size)
            return int(_WAITING.unpack(told)[0])
        except (OSError, struct.error):
            return 0

    def close(self) -> None:
        """Close the socket; who still waits is refused."""
        if not self._rested.is_set():
            self._poller.remove(self._socket.fileno())
        self._socket.close()


def _shortage(error: OSError) -> str:
    """What is short and what to do."""
    return shortage(error) or f"{reason_of(error)}; end other programs, or spread the load over several machines"
