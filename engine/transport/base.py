# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a transport is to the shard that uses it, and what it needs from there."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar, Protocol

import trio

from engine.messages import Failure
from engine.transport.addresses import Addresses
from engine.transport.poller import Poller


class Wire(Protocol):
    """What a transport sees of a call: where its messages go."""

    peer: object
    """The transport's own; None until `attach` or `adopt`."""
    local_port: int
    """The port that the call's messages come from."""


Received = Callable[[bytes, object, int, int], None]
"""`Receiver.received`."""


class Receiver(Protocol):
    """Who takes what arrives."""

    def received(self, data: bytes, source: object, arrived_ns: int, now_ns: int) -> None:
        """One message, from a datagram or cut from a stream. `source` is for `Transport.adopt`.

        `arrived_ns` is when it came to this machine, `now_ns` when it was read, on the monotonic clock.
        """

    def disconnected(self, source: object, failure: Failure, reason: str) -> None:
        """A connection has ended; calls with this peer have lost it."""

    def broken(self, reason: str) -> None:
        """No call can be made any more; the run has to end."""

    def warned(self, text: str) -> None:
        """A person should know this; the run goes on."""


class Transport(ABC):
    """One way to reach the peer. All methods but `open` return at once."""

    protocol: ClassVar[str]
    """The keyword [transport]: `UDP`, `TCP`."""
    reliable: ClassVar[bool]
    """Nothing is retransmitted over a reliable transport."""
    port_per_call: ClassVar[bool] = False
    """Each call sends from a port of its own."""

    local_port: int = 0
    """The port that was bound; known after `open`."""

    def __init__(self, addresses: Addresses, poller: Poller, receiver: Receiver, *, buffer_size: int) -> None:
        self.addresses = addresses
        self.poller = poller
        self.receiver = receiver
        self.buffer_size = buffer_size

    @abstractmethod
    async def open(self) -> None:
        """Bind, listen, connect. Raises BindError or TransportError."""

    async def tend(self) -> None:
        """Look after what goes by the clock, beside the calls, until cancelled; most have nothing of the kind."""
        await trio.sleep_forever()

    @abstractmethod
    def attach(self, wire: Wire) -> bool:
        """Give an outgoing call its peer; False when no socket is left for it."""

    def adopt(self, wire: Wire, source: object) -> None:
        """Give an incoming call the peer that its first message came from."""
        wire.peer = source
        wire.local_port = self.local_port

    @abstractmethod
    def send(self, wire: Wire, data: bytes) -> bool:
        """Send one message to the call's peer; False when it cannot be sent."""

    def detach(self, wire: Wire) -> None:
        """The call is over; give back what only it used."""
        wire.peer = None

    @abstractmethod
    def drops(self) -> int:
        """Datagrams so far that the kernel threw away because we did not read them in time."""

    def without_socket(self) -> int:
        """Calls that got no socket, and connections that had to wait for one, because there was none to be had."""
        return 0

    @abstractmethod
    def close(self) -> None:
        """Close every socket."""
