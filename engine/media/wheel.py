# SPDX-License-Identifier: AGPL-3.0-or-later
"""When streams are due: slots of a quarter of a millisecond.

What is due in a slot is a set, so a stream is put in and taken out at the same small cost however many there are, and only
slots that hold something are in the heap that says which comes next: some 4,000 a second, whatever the number of packets. A
slot comes at its end, so nothing is ever early. All packet times of codecs are whole numbers of slots, so a stream is always
late by the same part of one, which is no jitter.
"""

from __future__ import annotations

from heapq import heappop, heappush
from typing import Final

NEVER_NS: Final = 1 << 62
SLOT_NS: Final = 250_000
FURTHEST_SLOTS: Final = 4000
"""What is due later than that, a second, is looked at again then. So slots that their streams have left are soon forgotten."""


class Due:
    """What a wheel holds. `due_ns` is when it is due, `slot` where it is in the wheel, 0 when it is not."""

    __slots__ = ("due_ns", "slot")

    def __init__(self) -> None:
        self.due_ns = 0
        self.slot = 0


class Wheel:
    """Holds what is due by the clock. Single-threaded."""

    __slots__ = ("_first", "_order", "_passed", "_slots")

    def __init__(self) -> None:
        self._slots: dict[int, set[Due]] = {}
        self._order: list[int] = []
        self._passed = 0
        """The last slot that has come."""
        self._first = NEVER_NS

    @property
    def held_slots(self) -> int:
        """How many slots there are, those that all have left among them."""
        return len(self._order)

    def put(self, item: Due, due_ns: int) -> None:
        """Have `item` taken at `due_ns`, and no more when it was to be taken before."""
        if item.slot:
            self.remove(item)
        item.due_ns = due_ns
        slot = (due_ns + SLOT_NS - 1) // SLOT_NS
        if slot > self._passed + FURTHEST_SLOTS:
            slot = self._passed + FURTHEST_SLOTS
        if slot < 1:
            slot = 1
        item.slot = slot
        held = self._slots.get(slot)
        if held is not None:
            held.add(item)
            return
        self._slots[slot] = {item}
        heappush(self._order, slot)
        self._first = self._order[0] * SLOT_NS

    def remove(self, item: Due) -> None:
        """Do not have `item` taken."""
        held = self._slots.get(item.slot)
        item.slot = 0
        if held is not None:
            held.discard(item)

    def next_ns(self) -> int:
        """When `take` may have something, `NEVER_NS` when there is nothing."""
        return self._first

    def come(self, now_ns: int) -> None:
        """Say what time it is; to be called before `take`."""
        self._passed = now_ns // SLOT_NS

    def take(self, now_ns: int) -> Due | None:
        """One of those whose slot has come, in the order of slots; None when there is none. It is no longer held.

        It may be not yet due, when it was put in for more than a second: then it is to be put in again.
        """
        while self._first <= now_ns:
            slot = self._order[0]
            held = self._slots[slot]
            if held:
                item = held.pop()
                item.slot = 0
                return item
            del self._slots[slot]
            heappop(self._order)
            self._first = self._order[0] * SLOT_NS if self._order else NEVER_NS
        return None
