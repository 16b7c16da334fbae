# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who listens to the packets of a leg or of a stream: a recording, a detector, a check. Nobody does unless he was asked for."""

from __future__ import annotations

from abc import ABC, abstractmethod

from engine.media.sdp import Format
from engine.media.track import Track


class Tap(ABC):
    """Hears each packet of RTP that comes, in the order in which they come."""

    __slots__ = ()

    @abstractmethod
    def heard(
        self, known: Format | None, payload_type: int, payload: bytes, sequence: int, timestamp: int, arrived_ns: int
    ) -> None:
        """A packet came; `known` is what its payload type stands for, when somebody has said."""

    @abstractmethod
    def close(self, now_ns: int) -> None:
        """Nothing comes any more."""


class SentTap(ABC):
    """Hears each packet of a stream in the clear, as it is sent."""

    __slots__ = ()

    @abstractmethod
    def sent(self, track: Track, payload_type: int, payload: bytes, timestamp: int, now_ns: int) -> None:
        """A packet of this track is sent. Of a `whole` one the payload is all of the datagram, which has type and timestamp."""
