# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a leg needs: of its shard, and of the call that it belongs to."""

from __future__ import annotations

from abc import ABC, abstractmethod
from random import Random
from typing import TYPE_CHECKING, Any, Final

from engine.media.agreement import Place
from engine.media.reception import ReceptionSummary
from engine.media.srtp.handshakes import Handshakes
from engine.media.tally import Tally
from engine.media.wheel import Wheel

if TYPE_CHECKING:
    from engine.media.srtp.identity import Identity


class LegHost(ABC):
    """What all legs of a shard share."""

    tally: Tally
    random: Random
    identity: Identity | None
    """Our certificate; None when no scenario speaks of DTLS."""
    rtcp_interval_ms: int
    """0: no RTCP is sent."""
    cname: str
    wheel: Wheel
    """Holds the legs until their time comes (`Leg.run`)."""
    handshakes: Handshakes[Any]
    """Datagrams of DTLS wait there until there is time for them (`Leg.handshake`), which they take much of."""

    @abstractmethod
    def now_ns(self) -> int:
        """The monotonic clock."""

    @abstractmethod
    def unix_ns(self) -> int:
        """The wall's clock."""

    @abstractmethod
    def address(self, place: Place) -> object:
        """An address as sockets have it. Raises OSError when it is none."""

    @abstractmethod
    def timed(self, round_trip_ns: int) -> None:
        """RTCP has measured a round trip."""


class LegOwner(ABC):
    """Whose a leg is."""

    __slots__ = ()

    @abstractmethod
    def moved(self, place: Place) -> None:
        """The peer of the leg is there, by what it said."""

    @abstractmethod
    def heard_digit(self, digit: str) -> None:
        """The peer has sent a digit."""

    @abstractmethod
    def seen(self, received: ReceptionSummary, jitter_ns: int, score: float) -> None:
        """What came from the beginning to now; jitter now, and the mean opinion score of the last seconds."""

    @abstractmethod
    def troubled(self, reason: str) -> None:
        """The leg cannot send, or gets no keys."""

    @abstractmethod
    def spoiled(self, error: Exception) -> None:
        """The leg has raised this, which is a mistake of ours."""


class Nobody(LegOwner):
    """Whose a leg is that is closed: it holds on to nobody, for a circle would stay in memory (`shard.YOUNG_OBJECTS`)."""

    __slots__ = ()

    def moved(self, place: Place) -> None:
        """It goes nowhere."""

    def heard_digit(self, digit: str) -> None:
        """Nobody waits for it."""

    def seen(self, received: ReceptionSummary, jitter_ns: int, score: float) -> None:
        """It is over."""

    def troubled(self, reason: str) -> None:
        """It is over."""

    def spoiled(self, error: Exception) -> None:
        """It is over."""


NOBODY: Final = Nobody()
