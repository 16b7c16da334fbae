# SPDX-License-Identifier: AGPL-3.0-or-later
"""What sends a stream's packets, as the stream and the pacer see it. The sockets are in `engine.transport.rtp`."""

from __future__ import annotations

from abc import ABC, abstractmethod


class Outlet(ABC):
    """A stream's way out: a socket and a destination. What cannot be sent is counted (`lost`), and never raises.

    The methods say whether the packet has left, or been lost; False: it waits for `Sender.flush`.
    """

    __slots__ = ("lost", "lost_octets")

    def __init__(self) -> None:
        self.lost = 0
        """Packets that could not be sent."""
        self.lost_octets = 0
        """Their bytes."""

    @abstractmethod
    def send_rtp(self, second: int, sequence: int, timestamp: int, ssrc: int, payloads: bytes, start: int, size: int) -> bool:
        """Send `payloads[start:start + size]`, which is not copied, after a header of 12 bytes (RFC 3550 section 5.1).

        `second` is the second byte of the header: the marker bit and the payload type.
        """

    @abstractmethod
    def send_whole(self, payloads: bytes, start: int, size: int) -> bool:
        """Send `payloads[start:start + size]`, which is not copied, as a datagram."""

    @abstractmethod
    def send_made(self, datagram: bytes) -> bool:
        """Send a datagram that was made for this once; it is copied."""


class MediaSocket(ABC):
    """What streams send from."""

    __slots__ = ()

    @abstractmethod
    def outlet(self, destination: object) -> Outlet:
        """A way to an address. Raises an error of one line when this socket cannot send there."""


class Sender(ABC):
    """What gathers packets that may leave together, and counts what came to its sockets (`received`)."""

    __slots__ = ("received",)

    def __init__(self) -> None:
        self.received = 0

    @abstractmethod
    def flush(self) -> None:
        """Send what waits."""
