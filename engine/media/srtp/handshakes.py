# SPDX-License-Identifier: AGPL-3.0-or-later
"""The handshakes of a shard: so many steps a turn, so that a burst of calls with DTLS does not hold up signalling.

A step (a datagram that came, a time that is over) takes up to 0.25 ms. A hundred handshakes at once are some 300 steps and
35 ms in all; four a turn are 1 ms at most, and the rest waits. What is too much is lost, as in a full socket, and is sent
again by the peer.
"""

from __future__ import annotations

from collections import deque
from heapq import heappop, heappush
from typing import Final

from engine.media.srtp.dtls import Dtls

STEPS_A_TURN: Final = 4
_MOST_WAITING: Final = 4096
_MOST_WAITING_EACH: Final = 16
_SLACK_NS: Final = 10_000_000
"""A time that comes so much earlier than before is not worth another entry."""


class Handshakes:
    """What came and waits, and what is due. `lost` counts datagrams that found no place."""

    def __init__(self, steps_a_turn: int = STEPS_A_TURN) -> None:
        self._steps_a_turn = steps_a_turn
        self._waiting: deque[tuple[Dtls, bytes]] = deque()
        self._count: dict[Dtls, int] = {}
        self._due: list[tuple[int, int, Dtls]] = []
        self._queued_ns: dict[Dtls, int] = {}
        self._pushed = 0
        self.lost = 0

    def watch(self, dtls: Dtls) -> None:
        """A handshake that has begun: it is called when it is due. Of one that is closed nothing is remembered for long."""
        due_ns, queued_ns = dtls.due_ns, self._queued_ns.get(dtls)
        if due_ns is None or (queued_ns is not None and queued_ns - due_ns < _SLACK_NS):
            return
        self._queued_ns[dtls] = due_ns
        self._pushed += 1
        heappush(self._due, (due_ns, self._pushed, dtls))

    def feed(self, dtls: Dtls, datagram: bytes) -> None:
        """A datagram that came for it; it waits for its turn."""
        count = self._count.get(dtls, 0)
        if len(self._waiting) >= _MOST_WAITING or count >= _MOST_WAITING_EACH:
            self.lost += 1
            return
        self._count[dtls] = count + 1
        self._waiting.append((dtls, datagram))

    def next_ns(self) -> int | None:
        """When `run` has something to do: 0 for at once, None for nothing."""
        while self._due:
            queued_ns, _, dtls = self._due[0]
            if self._queued_ns.get(dtls) == queued_ns and dtls.due_ns is not None and dtls.due_ns <= queued_ns:
                return 0 if self._waiting else queued_ns
            self._pop()
            self.watch(dtls)
        return 0 if self._waiting else None

    def run(self, now_ns: int) -> list[Dtls]:
        """One turn: those that took a step, whose `take`, `done` and `failed` may be new."""
        stepped: list[Dtls] = []
        for _ in range(self._steps_a_turn):
            next_ns = self.next_ns()
            if next_ns is None or next_ns > now_ns:
                break
            dtls = self._step(now_ns)
            if dtls not in stepped:
                stepped.append(dtls)
        return stepped

    def _step(self, now_ns: int) -> Dtls:
        if self._due and self._due[0][0] <= now_ns:
            dtls = self._pop()
            dtls.timeout(now_ns)
        else:
            dtls, datagram = self._waiting.popleft()
            left = self._count.pop(dtls) - 1
            if left:
                self._count[dtls] = left
            dtls.feed(datagram, now_ns)
        self.watch(dtls)
        return dtls

    def _pop(self) -> Dtls:
        """The next in the heap; one that was queued for an earlier time meanwhile stays queued for that."""
        queued_ns, _, dtls = heappop(self._due)
        if self._queued_ns.get(dtls) == queued_ns:
            del self._queued_ns[dtls]
        return dtls
