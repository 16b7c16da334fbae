# SPDX-License-Identifier: AGPL-3.0-or-later
"""UDP: one socket for all calls (`u1`), or a socket for each call (`un`).

Sockets are not connected, so answers are taken from wherever they come, as SIPp does. A socket is drained in turns of
so many datagrams at most, so that a flood cannot keep due calls from starting. Each datagram comes with the time at
which the kernel had it: a response time must not grow because we were busy, or waited for a batch.
"""

from __future__ import annotations

import socket
from collections import OrderedDict
from time import monotonic_ns
from typing import Any, Final, cast

from engine.errors import BindError, TransportError
from engine.transport.base import Received, Transport, Wire, settled
from engine.transport.datagrams import Inbox
from engine.transport.sockets import arrival_ns, bind, bind_port, drops_of, monotonic_offset_ns

AT_ONCE: Final = 32
MOST_READS: Final = 4
_INBOX: Final = Inbox(AT_ONCE)
# One for the process: what is read is handed on before the next read.
CALL_BUFFER: Final = 65_536
"""What the socket of a single call asks of the kernel."""
MOST_ASKED: Final = 500
"""Sockets that are asked for their drops at once: some 0.5 ms of work."""


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


class UdpSocketPerCall(UdpOneSocket):
    """`un`: an outgoing call sends from a socket of its own; incoming calls share the bound one."""

    port_per_call = True

    async def open(self) -> None:
        """Bind the socket for incoming calls; those of outgoing ones are opened with them."""
        self._dropped = 0
        self._without = 0
        self._own: OrderedDict[_CallSocket, None] = OrderedDict()
        await super().open()

    def attach(self, wire: Wire) -> bool:
        """Open a socket for this call."""
        try:
            own = self._open_socket()
        except (BindError, TransportError, OSError):
            self._without += 1
            return False
        self._own[own] = None
        wire.peer = own
        wire.local_port = own.port
        return True

    def _open_socket(self) -> _CallSocket:
        sock = bind_port(self.addresses, socket.SOCK_DGRAM, 0, CALL_BUFFER)
        try:
            return _CallSocket(self, sock)
        except OSError:
            sock.close()
            raise

    def send(self, wire: Wire, data: bytes) -> bool:
        """Send a datagram from the call's socket."""
        peer = wire.peer
        if isinstance(peer, _CallSocket):
            return peer.send(data)
        return super().send(wire, data)

    def redirect(self, wire: Wire, address: tuple[str, int]) -> str:
        """The call's socket sends elsewhere."""
        peer = settled(wire.peer)
        if isinstance(peer, _CallSocket):
            peer.remote = address
            wire.peer = peer
            return ""
        return super().redirect(wire, address)

    def renewed(self, wire: Wire) -> str:
        """Another socket, which sends to where the one before did."""
        peer = wire.peer
        if not isinstance(peer, _CallSocket):
            return "calls that come in share one socket"
        remote = peer.remote
        self.detach(wire)
        if not self.attach(wire):
            return "no socket is left for the call: see the limit of open files (ulimit -n)"
        return self.redirect(wire, remote)

    def detach(self, wire: Wire) -> None:
        """Close the call's socket."""
        peer = settled(wire.peer)
        if isinstance(peer, _CallSocket):
            self._dropped += peer.close()
            self._own.pop(peer, None)
        wire.peer = None

    def drops(self) -> int:
        """The kernel's counts for all sockets, closed and open; of very many open ones, those whose turn it is are asked."""
        for _ in range(min(len(self._own), MOST_ASKED)):
            own = next(iter(self._own))
            self._own.move_to_end(own)
            self._dropped += own.new_drops()
        return super().drops() + self._dropped

    def without_socket(self) -> int:
        """Calls that got none."""
        return self._without

    def close(self) -> None:
        """Close every socket."""
        for own in self._own:
            own.close()
        self._own.clear()
        super().close()


class _CallSocket:
    """The socket of one call, which sends to `remote`."""

    __slots__ = ("_dropped", "_owner", "_socket", "port", "remote")

    def __init__(self, owner: UdpSocketPerCall, sock: socket.socket) -> None:
        self._owner = owner
        self._socket = sock
        self._dropped = 0
        self.port: int = sock.getsockname()[1]
        self.remote = owner.addresses.remote
        owner.poller.add(sock.fileno(), self._drain)

    def _drain(self) -> None:
        drain(self._socket, self._owner.receiver.received)

    def send(self, data: bytes) -> bool:
        try:
            self._socket.sendto(data, self.remote)
        except OSError:
            return False
        return True

    def new_drops(self) -> int:
        """How many datagrams were dropped here since this was last asked."""
        before, self._dropped = self._dropped, drops_of(self._socket)
        return self._dropped - before

    def close(self) -> int:
        """Close, and tell how many datagrams were dropped since that was last asked."""
        drops = self.new_drops()
        self._owner.poller.remove(self._socket.fileno())
        self._socket.close()
        return drops
