# SPDX-License-Identifier: AGPL-3.0-or-later
"""The datagrams of DTLS that came to a shard: so many a turn, so that a burst of calls does not hold up signalling.

A step of a handshake takes up to 0.25 ms. A hundred handshakes at once are some 200 steps and 35 ms in all; four a turn are
1 ms at most, and the rest waits. What finds no place is lost, as in a full socket, and is sent again by the peer.
"""

from __future__ import annotations

from collections import deque
from typing import Final, Generic, TypeVar

Owner = TypeVar("Owner")

STEPS_A_TURN: Final = 4
_MOST_WAITING: Final = 4096
_MOST_WAITING_EACH: Final = 16


class Handshakes(Generic[Owner]):
    """What came and waits. `lost` counts datagrams that found no place. All methods take the same time however many wait."""

    __slots__ = ("_count", "_waiting", "lost")

    def __init__(self) -> None:
        self._waiting: deque[tuple[Owner, bytes]] = deque()
        self._count: dict[Owner, int] = {}
        self.lost = 0

    def __len__(self) -> int:
        """How many datagrams wait."""
        return len(self._waiting)

    def put(self, owner: Owner, datagram: bytes) -> None:
        """A datagram that came for one of them."""
        count = self._count.get(owner, 0)
        if len(self._waiting) >= _MOST_WAITING or count >= _MOST_WAITING_EACH:
            self.lost += 1
            return
        self._count[owner] = count + 1
        self._waiting.append((owner, datagram))

    def turn(self, most: int = STEPS_A_TURN) -> list[tuple[Owner, bytes]]:
        """What is to be done now, in the order in which it came."""
        return [self._next() for _ in range(min(most, len(self._waiting)))]

    def _next(self) -> tuple[Owner, bytes]:
        owner, datagram = self._waiting.popleft()
        left = self._count.pop(owner) - 1
        if left:
            self._count[owner] = left
        return owner, datagram
