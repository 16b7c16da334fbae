# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a transport is to the shard that uses it, and what it needs from there."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar, Final, Protocol

import trio

from engine.messages import Failure
from engine.messages.following import Place
from engine.options import RunConfig
from engine.transport.addresses import Addresses, and_more, legible
from engine.transport.datagrams import Address
from engine.transport.poller import Poller


class Wire(Protocol):
    """What a transport sees of a call: where its messages go."""

    peer: object
    """The transport's own; None until `attach` or `adopt`."""
    local_port: int
    """The port that the call's messages come from."""
    local_ip: str
    """The address that the call's messages come from, before `attach` the one that they shall come from; "" for the run's."""


MOST_HELD: Final = 20
"""Messages of one call that wait for the look-up of its destination."""


class Held:
    """The peer of a call whose new destination is being looked up: its peer before, and what it has sent meanwhile."""

    __slots__ = ("before", "unsent")

    def __init__(self, before: object, unsent: list[bytes]) -> None:
        self.before = before
        self.unsent = unsent


def settled(peer: object) -> object:
    """A peer, or the one before it was held."""
    return peer.before if isinstance(peer, Held) else peer


Received = Callable[[bytes, object, int, int], None]
"""`Receiver.received`."""


class Receiver(Protocol):
    """Who takes what arrives."""

    def received(self, data: bytes, source: object, arrived_ns: int, now_ns: int) -> None:
        """One message, from a datagram or cut from a stream. `source` is for `Transport.adopt`.

        `arrived_ns` is when it came to this machine, `now_ns` when it was read, on the monotonic clock.
        """

    def disconnected(self, wire: Wire, failure: Failure, reason: str) -> None:
        """A call has lost what carries its messages."""

    def garbled(self, reason: str) -> None:
        """What came over a connection is none of what was spoken about; it has been closed."""

    def broken(self, reason: str) -> None:
        """No call can be made any more; the run has to end."""

    def warned(self, text: str) -> None:
        """A person should know this; the run goes on."""


def as_place(address: object) -> Place:
    """The address and the port of a socket's address, of which IPv6 has more (`Address`)."""
    if not isinstance(address, tuple) or len(address) < 2:
        return ("", 0)
    return (str(address[0]).partition("%")[0], int(address[1]))


class Transport(ABC):
    """One way to reach the peer. All methods but `open` return at once."""

    protocol: str
    """The keyword [transport]: `UDP`, `TCP`, `TLS`, `WS`, `WSS`."""
    reliable: ClassVar[bool]
    """Nothing is retransmitted over a reliable transport."""
    port_per_call: ClassVar[bool] = False
    """Each call sends from a port of its own."""
    follows: ClassVar[bool] = False
    """A call answers where its peer spoke last: `follow` wants to know when a message came from elsewhere."""

    local_port: int = 0
    """The port that was bound; known after `open`."""
    shortage: str = ""
    """What the kernel gave less of than -buff_size asks; known after `open`."""
    remote: Address
    """Where outgoing calls go; the first of the addresses of the host, unless that refuses."""
    secured: tuple[str, str] | None = None
    """Version and cipher of the first connection with TLS, when there has been one."""

    def __init__(self, addresses: Addresses, poller: Poller, receiver: Receiver, config: RunConfig) -> None:
        self.addresses = addresses
        self.remote = addresses.remote
        self.poller = poller
        self.receiver = receiver
        self.config = config

    @abstractmethod
    async def open(self) -> None:
        """Bind, listen, connect. Raises BindError or TransportError."""

    async def tend(self) -> None:
        """Look after what goes by the clock, beside the calls, until cancelled; most have nothing of the kind."""
        await trio.sleep_forever()

    def bound(self) -> str:
        """What was bound, or for a client where its calls come from, as a person reads it: no port when each has its own."""
        addresses = self.addresses
        if addresses.listens:
            return self.place_of(legible(addresses.bind_ip) or ("::" if ":" in addresses.local_ip else "0.0.0.0"))
        ip = legible(addresses.bind_ip) or addresses.local_ip
        if addresses.sources:
            ip = and_more(addresses.sources[0], addresses.sources)
        return ip if self.port_per_call else self.place_of(ip)

    def place_of(self, ip: str) -> str:
        """An address with the bound port."""
        return f"[{ip}]:{self.local_port}" if ":" in ip else f"{ip}:{self.local_port}"

    @abstractmethod
    def attach(self, wire: Wire) -> bool:
        """Give an outgoing call its peer; False when no socket is left for it, and `refusal` says why."""

    def refusal(self, wire: Wire) -> tuple[Failure, str]:
        """Why `attach` or `send` has just said False: what the call fails with, and a few words for a person."""
        if isinstance(wire.peer, Held):
            return Failure.CANNOT_SEND, f"{MOST_HELD} messages wait for the look-up of its destination"
        return Failure.CANNOT_SEND, "the socket takes no message"

    def follow(self, wire: Wire, source: object) -> None:  # noqa: B027
        """A message of the call came from another source than its peer; a transport that `follows` may change the peer."""

    def adopt(self, wire: Wire, source: object) -> None:
        """Give an incoming call the peer that its first message came from."""
        wire.peer = source
        wire.local_port = self.local_port

    @abstractmethod
    def send(self, wire: Wire, data: bytes) -> bool:
        """Send one message to the call's peer; False when it cannot be sent."""

    @abstractmethod
    def redirect(self, wire: Wire, address: Address) -> str:
        """Send what follows to this address; why that cannot be, or nothing."""

    def hold(self, wire: Wire) -> Held:
        """Keep what the call sends until `release`."""
        peer = wire.peer
        held = Held(peer.before, peer.unsent) if isinstance(peer, Held) else Held(peer, [])
        wire.peer = held
        return held

    def keep(self, wire: Wire, data: bytes) -> bool:
        """Keep a message of a call that is held; False when it is not, or when too many wait."""
        peer = wire.peer
        if not isinstance(peer, Held) or len(peer.unsent) >= MOST_HELD:
            return False
        peer.unsent.append(data)
        return True

    def release(self, wire: Wire, held: Held, address: Address) -> str:
        """Send there what was held, and what follows; why that cannot be, or nothing."""
        wire.peer = held.before
        reason = self.redirect(wire, address)
        if reason:
            return reason
        return "" if all(self.send(wire, data) for data in held.unsent) else "the socket takes no message"

    def renew(self, wire: Wire) -> str:
        """Close what only this call sends through; what follows goes out through another. Why that cannot be, or nothing."""
        held = wire.peer
        if not isinstance(held, Held):
            return self.renewed(wire)
        wire.peer = held.before
        reason = self.renewed(wire)
        held.before = wire.peer
        wire.peer = held
        return reason

    def renewed(self, wire: Wire) -> str:
        """`renew` for a call that is not held."""
        return "all calls share one socket; see -t"

    def ends(self, wire: Wire | None, peer: object) -> tuple[Place, Place]:
        """Our end and the other of what goes between a call (None: no call) and a peer; ("", 0) where one is not known: where
        a call is sent whose destination is being looked up."""
        ip, port = (wire.local_ip, wire.local_port) if wire is not None else ("", 0)
        theirs = ("", 0) if isinstance(peer, Held) else self.far_end(peer)
        return (ip or self.addresses.local_ip, port or self.local_port), theirs

    def far_end(self, peer: object) -> Place:
        """Where a peer is."""
        return as_place(peer)

    def detach(self, wire: Wire) -> None:
        """The call is over; give back what only it used."""
        wire.peer = None

    @abstractmethod
    def drops(self) -> int:
        """Datagrams so far that were lost on this machine: not read in time, or without room to leave."""

    def without_socket(self) -> int:
        """Calls that got no socket, and connections that had to wait for one, because there was none to be had."""
        return 0

    @abstractmethod
    def close(self) -> None:
        """Close every socket."""
