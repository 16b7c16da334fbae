# SPDX-License-Identifier: AGPL-3.0-or-later
"""UDP with a socket for each of many local addresses (`ui`), all on one port.

An outgoing call sends from the address that was chosen for it before `attach`. A server listens on all of them, and answers
from the one that was asked.
"""

from __future__ import annotations

import socket
from typing import Final

import trio

from engine.errors import BindError, TransportError
from engine.messages import Failure
from engine.messages.following import Place
from engine.transport.addresses import DEFAULT_PORT, and_more
from engine.transport.base import Held, Received, Receiver, Transport, Wire, settled
from engine.transport.datagrams import Address
from engine.transport.descriptors import no_room_for
from engine.transport.poller import Poller
from engine.transport.sockets import TRIED_PORTS, bind_port, shortage_of
from engine.transport.udp_socket import News, UdpSocket, drain

AT_ONCE: Final = 500
"""Sockets that are opened before others get their turn, and that are asked for their drops at once: some 0.5 ms of work."""
MOST_TRIES: Final = 20
"""Free ports that are tried when one that is free at the first address is taken at another."""


class AddressSocket(UdpSocket):
    """The socket of one local address; what comes is told with it, so that the answer leaves from there."""

    __slots__ = ("_received", "ip")

    def __init__(self, ip: str, sock: socket.socket, poller: Poller, receiver: Receiver, news: News) -> None:
        super().__init__(sock, poller, receiver, news)
        self.ip = ip
        self._received: Received = receiver.received

    def _drain(self) -> None:
        drain(self._socket, self._receive)

    def _receive(self, data: bytes, source: object, arrived_ns: int, now_ns: int) -> None:
        self._received(data, End(self, source), arrived_ns, now_ns)


class End:
    """The peer of a call: where it is, and the socket of ours that speaks to it."""

    __slots__ = ("address", "through")

    def __init__(self, through: AddressSocket, address: object) -> None:
        self.through = through
        self.address = address


class UdpAddresses(Transport):
    """`ui`: a socket for each of `Addresses.sources`."""

    protocol = "UDP"
    reliable = False

    async def open(self) -> None:
        """Bind a socket to each address, all to the same port. Raises BindError, TransportError."""
        self.news = News(self.receiver)
        self._sockets: dict[str, AddressSocket] = {}
        self._asked: list[AddressSocket] = []
        self._drops = 0
        ips = list(dict.fromkeys(self.addresses.sources))
        if problem := no_room_for(len(ips), skip=self.config.skip_rlimit):
            raise TransportError(problem)
        try:
            await self._bind_somewhere(ips)
        except BaseException:
            self.close()
            raise

    async def _bind_somewhere(self, ips: list[str]) -> None:
        """Without a port 5060 and the next 59 are tried, then free ones. Where one was taken, it is tried before the others."""
        wanted = self.addresses.local_port
        if wanted:
            await self._bind_all(ips, wanted)
            return
        named = range(DEFAULT_PORT, DEFAULT_PORT + TRIED_PORTS) if wanted is None else ()
        for tries_left, port in zip(range(len(named) + MOST_TRIES, 0, -1), (*named, *(0,) * MOST_TRIES), strict=True):
            try:
                await self._bind_all(ips, port)
                return
            except BindError as error:
                if not error.taken_port or tries_left == 1:
                    raise
                where = len(self._sockets)
                self.close()
                ips.insert(0, ips.pop(where))

    async def _bind_all(self, ips: list[str], port: int) -> None:
        for number, ip in enumerate(ips, 1):
            sock = bind_port(self.addresses.of(ip), socket.SOCK_DGRAM, port, self.config.buffer_size)
            self.shortage = self.shortage or shortage_of(sock, self.config.buffer_size)
            try:
                own = AddressSocket(ip, sock, self.poller, self.receiver, self.news)
            except OSError as error:
                raise TransportError(f"the socket of {ip} cannot be watched: {error.strerror}") from None
            self._sockets[ip] = own
            port = own.port
            if number % AT_ONCE == 0:
                await trio.lowlevel.checkpoint()
        self.local_port = port

    def bound(self) -> str:
        """The first address, and how many there are beside."""
        sources = self.addresses.sources
        return and_more(self.place_of(sources[0]), sources)

    def attach(self, wire: Wire) -> bool:
        """The call's peer is the remote address, spoken to from the call's own."""
        own = self._sockets.get(wire.local_ip)
        if own is None:
            return False
        wire.peer = End(own, self.remote)
        wire.local_port = self.local_port
        return True

    def adopt(self, wire: Wire, source: object) -> None:
        """Answer from the address that was asked."""
        wire.peer = source
        wire.local_port = self.local_port
        if isinstance(source, End):
            wire.local_ip = source.through.ip

    def send(self, wire: Wire, data: bytes) -> bool:
        """Send a datagram from the call's address."""
        peer = wire.peer
        return peer.through.send(data, peer.address) if isinstance(peer, End) else self.keep(wire, data)

    def refusal(self, wire: Wire) -> tuple[Failure, str]:
        """Why the call has no socket, or why its socket took no message."""
        peer = wire.peer
        if isinstance(peer, End):
            return peer.through.refusal()
        if isinstance(peer, Held):
            return super().refusal(wire)
        return Failure.CANNOT_SEND, f"no socket is bound to '{wire.local_ip}': it was no source address when the run started"

    def far_end(self, peer: object) -> Place:
        """See `Transport`."""
        return super().far_end(peer.address if isinstance(peer, End) else peer)

    def redirect(self, wire: Wire, address: Address) -> str:
        """The same socket sends elsewhere."""
        peer = settled(wire.peer)
        if not isinstance(peer, End):
            return "the call has no socket"
        wire.peer = End(peer.through, address)
        return ""

    def renewed(self, wire: Wire) -> str:
        """A socket stays with its address."""
        return "all calls of an address share its socket"

    def drops(self) -> int:
        """What was lost at all sockets; of very many, those whose turn it is are asked."""
        if not self._asked:
            self._asked = list(self._sockets.values())
        for _ in range(min(len(self._asked), AT_ONCE)):
            self._drops += self._asked.pop().new_drops()
        return self._drops

    def close(self) -> None:
        """Close every socket."""
        for own in self._sockets.values():
            own.close()
        self._sockets.clear()
        self._asked.clear()
