# SPDX-License-Identifier: AGPL-3.0-or-later
"""UDP with one socket for all calls (`u1`).

Sockets are not connected, so answers are taken from wherever they come, as SIPp does. A socket is drained in turns of
so many datagrams at most, so that a flood cannot keep due calls from starting. Each datagram comes with the time at
which the kernel had it: a response time must not grow because we were busy, or waited for a batch.
"""

from __future__ import annotations

import socket
from time import monotonic_ns
from typing import Any, Final, cast

from engine.transport.base import Received, Transport, Wire
from engine.transport.datagrams import Inbox
from engine.transport.sockets import arrival_ns, bind, drops_of, monotonic_offset_ns

AT_ONCE: Final = 32
MOST_READS: Final = 4
_INBOX: Final = Inbox(AT_ONCE)
# One for the process: what is read is handed on before the next read.


def drain(sock: socket.socket, received: Received) -> None:
    """Hand on what waits at a socket, within limits. The socket may be closed by what one of the datagrams does."""
    offset_ns = monotonic_offset_ns()
    for _ in range(MOST_READS):
        try:
            count = _INBOX.read(sock.fileno())
        except BlockingIOError:
            return
        except OSError:
            continue  # an ICMP error of an earlier datagram; the calls that it hit time out by themselves
        for index in range(count):
            source, stamp_ns = _INBOX.about(index)
            now_ns = monotonic_ns()
            received(_INBOX.data(index), source, arrival_ns(stamp_ns, offset_ns, now_ns), now_ns)
            if sock.fileno() < 0:
                return
        if count < AT_ONCE:
            return


class UdpOneSocket(Transport):
    """`u1`: every call on one socket; a peer is an address."""

    protocol = "UDP"
    reliable = False

    async def open(self) -> None:
        """Bind the socket."""
        self._socket = bind(self.addresses, socket.SOCK_DGRAM, self.config.buffer_size)
        self.local_port = self._socket.getsockname()[1]
        self.poller.add(self._socket.fileno(), self._drain)

    def _drain(self) -> None:
        drain(self._socket, self.receiver.received)

    def attach(self, wire: Wire) -> bool:
        """Every call's peer is the remote address."""
        wire.peer = self.addresses.remote
        wire.local_port = self.local_port
        return True

    def send(self, wire: Wire, data: bytes) -> bool:
        """Send a datagram."""
        try:
            self._socket.sendto(data, cast("Any", wire.peer))
        except OSError:
            return False
        except TypeError:  # no address yet
            return self.keep(wire, data)
        return True

    def redirect(self, wire: Wire, address: tuple[str, int]) -> str:
        """Another peer is another address."""
        wire.peer = address
        return ""

    def drops(self) -> int:
        """The kernel's count for the socket."""
        return drops_of(self._socket)

    def close(self) -> None:
        """Close the socket."""
        self.poller.remove(self._socket.fileno())
        self._socket.close()
