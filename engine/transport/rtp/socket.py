# SPDX-License-Identifier: AGPL-3.0-or-later
"""A socket for RTP, RTCP and what shares their ports.

It is not connected, so packets are taken from wherever they come: who may send is the call's business. It does not ask for the
network's errors (IP_RECVERR): a media port where nobody listens is normal, and nothing follows from it.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any, cast

from engine.media.outlet import MediaSocket, Outlet
from engine.transport.datagrams import Address
from engine.transport.poller import Poller
from engine.transport.rtp.sending import Gate, RtpOutlet, RtpSender
from engine.transport.sockets import drops_of
from engine.transport.udp_socket import drain

OnDatagram = Callable[[bytes, Address, int], None]
"""What came, from whom, and when the kernel had it, in ns on the monotonic clock."""


class RtpSocket(MediaSocket):
    """A bound, non-blocking socket, watched from now on. Raises OSError when it cannot be watched; then it is closed.

    `on_datagram` is called for each datagram and may close the socket. `shared`: the packets of many streams leave from it, so
    they are gathered.
    """

    __slots__ = ("_gate", "_on_datagram", "_poller", "_sender", "_socket", "address")

    def __init__(
        self, sock: socket.socket, poller: Poller, sender: RtpSender, on_datagram: OnDatagram, *, shared: bool = False
    ) -> None:
        self._socket = sock
        self._poller = poller
        self._sender = sender
        self._on_datagram = on_datagram
        try:
            self.address: Address = sock.getsockname()
            self._gate = Gate(sock.fileno(), sock.family, sender, shared)
            poller.add(sock.fileno(), self._drain)
        except OSError:
            sock.close()
            raise

    @property
    def port(self) -> int:
        """The port that it is bound to."""
        return self.address[1]

    def outlet(self, destination: object) -> Outlet:
        """See `MediaSocket`. Raises TransportError when `destination` is no address of this family."""
        return RtpOutlet(self._gate, destination)

    def send(self, data: bytes, destination: Address) -> bool:
        """Send a datagram by itself, now or never: what is made when it is needed, as RTCP. False when it was lost."""
        try:
            self._socket.sendto(data, cast("Any", destination))
        except OSError as error:
            self._sender.losses.count(error.errno or 0, 1)
            return False
        return True

    def _drain(self) -> None:
        drain(self._socket, self._received)

    def _received(self, data: bytes, source: Any, arrived_ns: int, now_ns: int) -> None:
        self._sender.received += 1
        self._on_datagram(data, source, arrived_ns)

    def drops(self) -> int:
        """Datagrams that came and found no room."""
        return drops_of(self._socket)

    def close(self) -> None:
        """Close the socket; what its streams still send is lost."""
        if self._gate.descriptor >= 0:
            self._gate.flush()
            self._gate.descriptor = -1
            self._poller.remove(self._socket.fileno())
            self._socket.close()
            self._on_datagram = _nothing  # whose it was holds on to us


def _nothing(data: bytes, source: Address, arrived_ns: int) -> None:
    """A socket that is closed hears nothing."""
