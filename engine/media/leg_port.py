# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a leg sends from."""

from __future__ import annotations

from abc import ABC, abstractmethod

from engine.media.outlet import MediaSocket

Address = tuple[str, int] | tuple[str, int, int, int]
"""As sockets have it, for IPv4 and for IPv6."""


class LegPort(ABC):
    """The sockets of a leg: one for RTP, one for RTCP where the peers do not share one."""

    __slots__ = ()

    @property
    @abstractmethod
    def socket(self) -> MediaSocket:
        """What streams are sent from."""

    @abstractmethod
    def send(self, data: bytes, destination: object) -> None:
        """Send a datagram from the port of RTP."""

    @abstractmethod
    def send_rtcp(self, data: bytes, destination: object) -> None:
        """Send a datagram from the port of RTCP."""
