# SPDX-License-Identifier: AGPL-3.0-or-later
"""What calls have done, as long as they may have to be shown: in a bounded memory, the newest of it.

Whether a call fails is known at its end, and whether one of its messages holds a text when that message comes. So where either
is asked for all open calls are kept. What is too much is forgotten from the oldest on, and a call that is over is forgotten at
once, so that what is held never follows the calls that have been.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Final

from engine.messages import Failure, FollowedCall, QueueCounts, TraceEntry
from engine.shard.protocol import Follow

ENTRY_BYTES: Final = 400
"""What an entry takes beside its message."""
MOST_TOLD_BYTES: Final = 8 << 20
"""Of calls that are over and not told yet: a run hears of them with the next report."""
MOST_AT_ONCE_BYTES: Final = 256 << 10
"""Of those that are told at once: writing it for another process takes half a millisecond, in which calls wait."""
FAILED: Final = "failed"
NOT_YET: Final = ""


class History:
    """What one call has done. `why` it is followed; "" as long as it is only kept in case."""

    __slots__ = ("entries", "is_over", "left_out", "why")

    def __init__(self, why: str) -> None:
        self.why = why
        self.entries: deque[TraceEntry] = deque()
        self.left_out = 0
        self.is_over = False


def _size(entry: TraceEntry) -> int:
    return ENTRY_BYTES + len(entry.data) + len(entry.text)


class Histories:
    """The memory of one shard. `most_bytes` bounds it; `most_failed` is how many failed calls of a class are told."""

    def __init__(self, most_bytes: int, most_failed: int) -> None:
        self._most_bytes = most_bytes
        self._most_failed = most_failed
        self._asked = Follow()
        self._texts: tuple[bytes, ...] = ()
        self._next = 0
        self._held_bytes = 0
        # Of each entry, in the order of time, whose it is: that call's first is the oldest.
        self._order: deque[History] = deque()
        self._stale = 0
        self._failed: dict[Failure, int] = {}
        self._told: deque[tuple[FollowedCall, int]] = deque()
        self._told_bytes = 0
        self._offered = self._written = self._dropped = 0

    @property
    def counts(self) -> QueueCounts:
        """The calls that were to be told, and what became of them."""
        return QueueCounts(offered=self._offered, written=self._written, dropped=self._dropped)

    @property
    def held_bytes(self) -> int:
        """What is held of open calls."""
        return self._held_bytes

    def ask(self, asked: Follow) -> None:
        """Follow these from now on."""
        self._asked = asked
        self._texts = tuple(text.encode("utf-8", "surrogateescape") for text in asked.texts)
        self._next = asked.next

    def begin(self, number: int, call_id: bytes) -> History | None:
        """The history of a call that begins; None when it will not be shown whatever happens."""
        asked = self._asked
        if not number:
            return None
        if self._next:
            self._next -= 1
            return History("next")
        if asked.every and number % asked.every == 0:
            return History(f"every {asked.every}")
        if self._holds_text(call_id):
            return History("text")
        return History(NOT_YET) if asked.failed or self._texts else None

    def _holds_text(self, data: bytes) -> bool:
        return any(data.find(text) >= 0 for text in self._texts)

    def add(self, history: History, entry: TraceEntry) -> None:
        """Something has happened to the call."""
        if history.why == NOT_YET and self._texts and self._holds_text(entry.data):
            history.why = "text"
        history.entries.append(entry)
        self._order.append(history)
        self._held_bytes += _size(entry)
        while self._held_bytes > self._most_bytes:
            self._forget_oldest()

    def _forget_oldest(self) -> None:
        history = self._order.popleft()
        if history.is_over:
            self._stale -= 1
            return
        self._held_bytes -= _size(history.entries.popleft())
        history.left_out += 1

    def end(self, history: History, failure: Failure | None) -> bool:
        """The call is over: whether it is to be told (`tell`, with the `entries` that are left). Nothing of it is held then."""
        history.is_over = True
        self._held_bytes -= sum(map(_size, history.entries))
        self._stale += len(history.entries)
        if self._stale > 1000 and 2 * self._stale > len(self._order):
            self._order = deque(each for each in self._order if not each.is_over)
            self._stale = 0
        if history.why == NOT_YET and self._asked.failed and failure is not None:
            history.why = FAILED
        if history.why == NOT_YET:
            return False
        if history.why == FAILED and failure is not None and not self._may_be_told(failure):
            return False
        self._offered += 1
        return True

    def _may_be_told(self, failure: Failure) -> bool:
        """Whether one more of the class was asked for: what was not is no loss."""
        told = self._failed[failure] = self._failed.get(failure, 0) + 1
        return told <= self._most_failed

    def tell(self, call: FollowedCall) -> None:
        """Hand out a call, with the next report, unless too much waits for that."""
        size = sum(map(_size, call.entries))
        if self._told_bytes + size > MOST_TOLD_BYTES:
            self._dropped += 1
            return
        self._told_bytes += size
        self._told.append((call, size))

    def take(self, most_bytes: int = MOST_AT_ONCE_BYTES) -> tuple[FollowedCall, ...]:
        """The next calls to be told: as many as fit, and at least one if there is any."""
        taken: list[FollowedCall] = []
        taken_bytes = 0
        while self._told and (not taken or taken_bytes + self._told[0][1] <= most_bytes):
            call, size = self._told.popleft()
            taken.append(call)
            taken_bytes += size
        self._told_bytes -= taken_bytes
        self._written += len(taken)
        return tuple(taken)

    def give_back(self, calls: Sequence[FollowedCall]) -> None:
        """These were taken and not told: they are the first of the next time."""
        for call in reversed(calls):
            size = sum(map(_size, call.entries))
            self._told.appendleft((call, size))
            self._told_bytes += size
        self._written -= len(calls)
