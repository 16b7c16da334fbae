# SPDX-License-Identifier: AGPL-3.0-or-later
"""The sockets that legs have: a pair of ports of a call's own, or one that all calls of a shard share (`[media_port]`)."""

from __future__ import annotations

import socket
from typing import Any, cast

from engine.errors import GossipperError, TransportError
from engine.media.leg import Leg, LegPort
from engine.media.outlet import MediaSocket
from engine.media.sharing import Place, Sharing
from engine.media.tally import Tally
from engine.transport.addresses import Addresses
from engine.transport.datagrams import Address
from engine.transport.poller import Poller
from engine.transport.rtp.ports import PortPair, bind_media
from engine.transport.rtp.sending import RtpSender
from engine.transport.rtp.socket import OnDatagram, RtpSocket
from engine.transport.sockets import reason_of


class MediaSockets:
    """Makes sockets for media on one address, all of which send through one `sender`."""

    def __init__(self, addresses: Addresses, poller: Poller, buffer_size: int) -> None:
        self.addresses = addresses
        self.sender = RtpSender()
        self.buffer_size = buffer_size
        self._poller = poller

    def wrap(self, sock: socket.socket, on_datagram: OnDatagram, *, shared: bool = False) -> RtpSocket:
        """Watch a bound socket. Raises TransportError."""
        try:
            return RtpSocket(sock, self._poller, self.sender, on_datagram, shared=shared)
        except OSError as error:
            raise TransportError(f"a socket for media cannot be watched: {reason_of(error)}") from None

    def bind(self, port: int, on_datagram: OnDatagram) -> RtpSocket:
        """A shared socket on a port. Raises BindError, TransportError."""
        return self.wrap(bind_media(self.addresses, port, self.buffer_size), on_datagram, shared=True)

    def try_bind(self, port: int, on_datagram: OnDatagram) -> RtpSocket | None:
        """The same, or None when it is not to be had."""
        try:
            return self.bind(port, on_datagram)
        except GossipperError:
            return None


class OwnPort(LegPort):
    """A pair of ports for one leg. The socket of RTCP is made when there is a leg. Raises TransportError."""

    __slots__ = ("_leg", "_pair", "_rtcp", "_rtp", "_sockets")

    def __init__(self, pair: PortPair, sockets: MediaSockets) -> None:
        self._pair = pair
        self._sockets = sockets
        self._leg: Leg | None = None
        self._rtcp: RtpSocket | None = None
        try:
            self._rtp = sockets.wrap(pair.rtp, self._received)
        except TransportError:
            pair.give_back()
            raise

    @property
    def number(self) -> int:
        """The port of RTP."""
        return self._pair.port

    @property
    def socket(self) -> MediaSocket:
        """See `LegPort`."""
        return self._rtp

    def serve(self, leg: Leg) -> None:
        """Hand what comes to this leg."""
        self._leg = leg
        try:
            sock = self._pair.bind_rtcp()
            self._rtcp = self._sockets.wrap(sock, self._received_rtcp) if sock is not None else None
        except GossipperError:
            self._rtcp = None  # RTP goes on without it

    def send(self, data: bytes, destination: object) -> None:
        """See `LegPort`."""
        self._rtp.send(data, cast("Any", destination))

    def send_rtcp(self, data: bytes, destination: object) -> None:
        """See `LegPort`; from the port of RTP where there is no other."""
        (self._rtcp or self._rtp).send(data, cast("Any", destination))

    def _received(self, data: bytes, source: Address, arrived_ns: int) -> None:
        if self._leg is not None:
            self._leg.datagram(data, source, arrived_ns)

    def _received_rtcp(self, data: bytes, source: Address, arrived_ns: int) -> None:
        if self._leg is not None:
            self._leg.rtcp_datagram(data, source, arrived_ns)

    def close(self) -> int:
        """Close the sockets and give the pair back; how many datagrams the kernel threw away there."""
        drops = self._rtp.drops()
        self._rtp.close()
        if self._rtcp is not None:
            self._rtcp.close()
        self._pair.give_back()
        self._leg = None
        return drops


class SharedPort(LegPort):
    """One port for all calls, and the next for their RTCP, unless another program has that. Raises BindError, TransportError.

    `echoing`: what comes is sent back to where it came from (-rtp_echo), whether or not it belongs to a call.
    """

    __slots__ = ("_rtcp", "_rtp", "_tally", "echoing", "legs", "number")

    def __init__(self, number: int, sockets: MediaSockets, tally: Tally) -> None:
        self.number = number
        self.echoing = False
        self.legs: Sharing[Leg] = Sharing()
        self._tally = tally
        self._rtp = sockets.bind(number, self._received)
        self._rtcp = sockets.try_bind(number + 1, self._received_rtcp)

    @property
    def socket(self) -> MediaSocket:
        """See `LegPort`."""
        return self._rtp

    def send(self, data: bytes, destination: object) -> None:
        """See `LegPort`."""
        self._rtp.send(data, cast("Any", destination))

    def send_rtcp(self, data: bytes, destination: object) -> None:
        """See `LegPort`; from the port of RTP where there is no other."""
        (self._rtcp or self._rtp).send(data, cast("Any", destination))

    def _received(self, data: bytes, source: Address, arrived_ns: int) -> None:
        leg = self.legs.owner(data, (source[0], source[1]), arrived_ns)
        if leg is None:
            if self.echoing:
                self._rtp.send(data, source)
                self._tally.packets_echoed += 1
                self._tally.octets_sent += len(data)
                self._tally.packets_received += 1
                self._tally.octets_received += len(data)
            else:
                self._tally.foreign += 1
            return
        if self.echoing and not leg.echoing and not leg.is_own(data):
            self._rtp.send(data, source)
            leg.note_echo(len(data))
        leg.datagram(data, source, arrived_ns)

    def _received_rtcp(self, data: bytes, source: Address, arrived_ns: int) -> None:
        leg = self.legs.owner(data, _of_rtp(source), arrived_ns)
        if leg is None:
            self._tally.foreign += 1
        else:
            leg.rtcp_datagram(data, source, arrived_ns)

    def drops(self) -> int:
        """Datagrams that the kernel threw away."""
        return self._rtp.drops()

    def close(self) -> None:
        """Close the sockets."""
        self._rtp.close()
        if self._rtcp is not None:
            self._rtcp.close()


def _of_rtp(source: Address) -> Place:
    """Where RTP comes from when RTCP comes from the port after it."""
    return source[0], source[1] - 1
