# SPDX-License-Identifier: AGPL-3.0-or-later
"""The sockets that legs have: a pair of ports of a call's own, or one that all calls of a shard share (`[media_port]`)."""

from __future__ import annotations

import socket
from typing import Any, cast

from engine.errors import GossipperError, TransportError
from engine.media.leg import Leg
from engine.media.leg_port import LegPort
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
    """Makes sockets for media on one address, all of which send through one `sender`; a shared one has buffers of that size."""

    def __init__(self, addresses: Addresses, poller: Poller, buffer_size: int) -> None:
        self.sender = RtpSender()
        self._addresses = addresses
        self._poller = poller
        self._buffer_size = buffer_size

    def wrap(self, sock: socket.socket, on_datagram: OnDatagram, *, shared: bool = False) -> RtpSocket:
        """Watch a bound socket. Raises TransportError."""
        try:
            return RtpSocket(sock, self._poller, self.sender, on_datagram, shared=shared)
        except OSError as error:
            raise TransportError(f"a socket for media cannot be watched: {reason_of(error)}") from None

    def bind(self, port: int, on_datagram: OnDatagram) -> RtpSocket:
        """A shared socket on a port. Raises BindError, TransportError."""
        return self.wrap(bind_media(self._addresses, port, self._buffer_size), on_datagram, shared=True)

    def try_bind(self, port: int, on_datagram: OnDatagram) -> RtpSocket | None:
        """The same, or None when it is not to be had."""
        try:
            return self.bind(port, on_datagram)
        except GossipperError:
            return None


class _Port(LegPort):
    """A socket for RTP, and one for RTCP where that is to be had."""

    __slots__ = ("_rtcp", "_rtp")

    def __init__(self, rtp: RtpSocket, rtcp: RtpSocket | None) -> None:
        self._rtp = rtp
        self._rtcp = rtcp

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

    def drops(self) -> int:
        """Datagrams that the kernel threw away."""
        return self._rtp.drops()

    def close(self) -> None:
        """Close the sockets."""
        self._rtp.close()
        if self._rtcp is not None:
            self._rtcp.close()


class OwnPort(_Port):
    """A pair of ports for one leg. The socket of RTCP is made when there is a leg. Raises TransportError."""

    __slots__ = ("_leg", "_pair", "_sockets")

    def __init__(self, pair: PortPair, sockets: MediaSockets) -> None:
        self._pair = pair
        self._sockets = sockets
        self._leg: Leg | None = None
        try:
            super().__init__(sockets.wrap(pair.rtp, self._received), None)
        except TransportError:
            pair.give_back()
            raise

    @property
    def number(self) -> int:
        """The port of RTP."""
        return self._pair.port

    def serve(self, leg: Leg) -> None:
        """Be the port of this leg."""
        self._leg = leg
        leg.open(self)
        if self._rtcp is None:
            self._rtcp = self._open_rtcp()

    def _open_rtcp(self) -> RtpSocket | None:
        try:
            sock = self._pair.bind_rtcp()
            return self._sockets.wrap(sock, self._received_rtcp) if sock is not None else None
        except GossipperError:
            return None  # RTP goes on without it

    def _received(self, data: bytes, source: Address, arrived_ns: int) -> None:
        if self._leg is not None:
            _hand(self._leg, data, source, arrived_ns)

    def _received_rtcp(self, data: bytes, source: Address, arrived_ns: int) -> None:
        if self._leg is not None:
            _hand_rtcp(self._leg, data, source, arrived_ns)

    def close(self) -> None:
        """Close the sockets and give the pair back."""
        super().close()
        self._pair.give_back()
        self._leg = None


class SharedPort(_Port):
    """One port for all calls, and the next for their RTCP, unless another program has that. Raises BindError, TransportError.

    `echoing`: what comes is sent back to where it came from (-rtp_echo), by the legs that share it, or by itself when it
    belongs to none.
    """

    __slots__ = ("_tally", "echoing", "legs", "number")

    def __init__(self, number: int, sockets: MediaSockets, tally: Tally) -> None:
        self.number = number
        self.echoing = False
        self.legs: Sharing[Leg] = Sharing()
        self._tally = tally
        super().__init__(sockets.bind(number, self._received), sockets.try_bind(number + 1, self._received_rtcp))

    def serve(self, leg: Leg) -> None:
        """Be the port of this leg too."""
        self.legs.join(leg, leg.stream.ssrc)
        leg.echoing = leg.echoing or self.echoing
        leg.open(self)

    def _received(self, data: bytes, source: Address, arrived_ns: int) -> None:
        leg = self.legs.owner(data, (source[0], source[1]), arrived_ns)
        if leg is not None:
            _hand(leg, data, source, arrived_ns)
        elif self.echoing:
            self._echo(data, source)
        else:
            self._tally.foreign += 1

    def _echo(self, data: bytes, source: Address) -> None:
        tally = self._tally
        tally.packets_received += 1
        tally.octets_received += len(data)
        tally.packets_echoed += 1
        tally.octets_sent += len(data)
        self._rtp.send(data, source)

    def _received_rtcp(self, data: bytes, source: Address, arrived_ns: int) -> None:
        leg = self.legs.owner(data, _of_rtp(source), arrived_ns)
        if leg is None:
            self._tally.foreign += 1
        else:
            _hand_rtcp(leg, data, source, arrived_ns)


def _hand(leg: Leg, data: bytes, source: Address, arrived_ns: int) -> None:
    """Give a leg what came; what it raises costs its call."""
    try:
        leg.datagram(data, source, arrived_ns)
    except Exception as error:
        leg.spoiled(error)


def _hand_rtcp(leg: Leg, data: bytes, source: Address, arrived_ns: int) -> None:
    """The same for what came to the port of RTCP."""
    try:
        leg.rtcp_datagram(data, source, arrived_ns)
    except Exception as error:
        leg.spoiled(error)


def _of_rtp(source: Address) -> Place:
    """Where RTP comes from when RTCP comes from the port after it."""
    return source[0], source[1] - 1
