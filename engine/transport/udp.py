# SPDX-License-Identifier: AGPL-3.0-or-later
"""UDP with one socket for all calls (`u1`)."""

from __future__ import annotations

import socket

from engine.messages import Failure
from engine.transport.base import Held, Transport, Wire
from engine.transport.datagrams import Address
from engine.transport.sockets import bind, shortage_of
from engine.transport.udp_socket import News, UdpSocket


class UdpOneSocket(Transport):
    """`u1`: every call on one socket; a peer is an address."""

    protocol = "UDP"
    reliable = False

    async def open(self) -> None:
        """Bind the socket."""
        self.news = News(self.receiver)
        sock = bind(self.addresses, socket.SOCK_DGRAM, self.config.buffer_size)
        self.shortage = shortage_of(sock, self.config.buffer_size)
        self.shared = UdpSocket(sock, self.poller, self.receiver, self.news)
        self.local_port = self.shared.port

    def attach(self, wire: Wire) -> bool:
        """Every call's peer is the remote address."""
        wire.peer = self.remote
        wire.local_port = self.local_port
        return True

    def send(self, wire: Wire, data: bytes) -> bool:
        """Send a datagram."""
        try:
            return self.shared.send(data, wire.peer)
        except TypeError:  # no address yet
            return self.keep(wire, data)

    def refusal(self, wire: Wire) -> tuple[Failure, str]:
        """Why the socket took no message."""
        return super().refusal(wire) if isinstance(wire.peer, Held) else self.shared.refusal()

    def redirect(self, wire: Wire, address: Address) -> str:
        """Another peer is another address."""
        wire.peer = address
        return ""

    def drops(self) -> int:
        """What was lost at the socket."""
        return self.shared.drops()

    def close(self) -> None:
        """Close the socket."""
        self.shared.close()
