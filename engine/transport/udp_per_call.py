# SPDX-License-Identifier: AGPL-3.0-or-later
"""UDP with a socket for each call (`un`), as long as there may be more; from then on calls share them, as in SIPp."""

from __future__ import annotations

import socket
from collections import OrderedDict
from typing import Final

from engine.errors import BindError, TransportError
from engine.messages import Failure
from engine.messages.following import Place
from engine.transport.base import Wire, settled
from engine.transport.datagrams import Address
from engine.transport.pool import Pool
from engine.transport.sockets import bind_port
from engine.transport.udp import UdpOneSocket
from engine.transport.udp_socket import UdpSocket

CALL_BUFFER: Final = 0
"""What the socket of a single call asks of the kernel: what every socket has is enough, and asking takes time."""
MOST_ASKED: Final = 500
"""Sockets that are asked for their drops at once: some 0.5 ms of work."""


class _End:
    """The peer of an outgoing call: the socket that it sends through, and where to."""

    __slots__ = ("remote", "socket")

    def __init__(self, through: UdpSocket, remote: Address) -> None:
        self.socket = through
        self.remote = remote


class UdpSocketPerCall(UdpOneSocket):
    """`un`: an outgoing call sends from a socket of its own; incoming calls share the bound one."""

    port_per_call = True

    async def open(self) -> None:
        """Bind the socket for incoming calls; those of outgoing ones are opened with them."""
        self._dropped = 0
        self._without = 0
        self._why_without = ""
        self._pool: Pool[UdpSocket] = Pool(self.config.max_socket, keeps=self.config.keep_sockets)
        self._own: OrderedDict[UdpSocket, None] = OrderedDict()
        await super().open()

    def attach(self, wire: Wire) -> bool:
        """Give this call a socket."""
        own = self._pool.take(wire.local_ip)
        if own is None:
            try:
                own = self._open_socket(wire.local_ip)
            except (BindError, TransportError, OSError) as error:
                self._without += 1
                self._why_without = str(error)
                return False
            self._pool.add(own, wire.local_ip)
            self._own[own] = None
        wire.peer = _End(own, self.remote)
        wire.local_port = own.port
        return True

    def _open_socket(self, local_ip: str) -> UdpSocket:
        return UdpSocket(
            bind_port(self.addresses.of(local_ip), socket.SOCK_DGRAM, 0, CALL_BUFFER), self.poller, self.receiver, self.news
        )

    def send(self, wire: Wire, data: bytes) -> bool:
        """Send a datagram from the call's socket."""
        peer = wire.peer
        if isinstance(peer, _End):
            return peer.socket.send(data, peer.remote)
        return super().send(wire, data)

    def refusal(self, wire: Wire) -> tuple[Failure, str]:
        """Why there is no socket, or why it took no message."""
        peer = wire.peer
        if isinstance(peer, _End):
            return peer.socket.refusal()
        if peer is None:
            return Failure.CANNOT_SEND, self._why_without
        return super().refusal(wire)

    def redirect(self, wire: Wire, address: Address) -> str:
        """The call sends elsewhere."""
        peer = settled(wire.peer)
        if isinstance(peer, _End):
            peer.remote = address
            wire.peer = peer
            return ""
        return super().redirect(wire, address)

    def renewed(self, wire: Wire) -> str:
        """Another socket, which sends to where the one before did."""
        peer = wire.peer
        if not isinstance(peer, _End):
            return "calls that come in share one socket"
        self._give_back(peer, reusable=False)
        wire.peer = None
        if not self.attach(wire):
            return self._why_without
        return self.redirect(wire, peer.remote)

    def far_end(self, peer: object) -> Place:
        """See `Transport`."""
        return super().far_end(peer.remote if isinstance(peer, _End) else peer)

    def detach(self, wire: Wire) -> None:
        """Close the call's socket, unless others use it or it is kept for them."""
        peer = settled(wire.peer)
        if isinstance(peer, _End):
            self._give_back(peer)
        wire.peer = None

    def _give_back(self, end: _End, *, reusable: bool = True) -> None:
        own = end.socket
        if self._pool.release(own, reusable=reusable):
            self._dropped += own.new_drops()
            own.close()
            del self._own[own]

    def drops(self) -> int:
        """Of all sockets, closed and open; of very many open ones, those whose turn it is are asked."""
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
