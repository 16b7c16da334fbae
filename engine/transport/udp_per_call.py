# SPDX-License-Identifier: AGPL-3.0-or-later
"""UDP with a socket for each call (`un`)."""

from __future__ import annotations

import socket
from collections import OrderedDict
from typing import Final

from engine.errors import BindError, TransportError
from engine.transport.base import Wire, settled
from engine.transport.sockets import bind_port, drops_of
from engine.transport.udp import UdpOneSocket, drain

CALL_BUFFER: Final = 65_536
"""What the socket of a single call asks of the kernel."""
MOST_ASKED: Final = 500
"""Sockets that are asked for their drops at once: some 0.5 ms of work."""


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
