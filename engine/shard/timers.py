# SPDX-License-Identifier: AGPL-3.0-or-later
"""Wake-up times of calls: queues whose entries go stale instead of being removed.

A call has at most one entry that counts, the one at its `queued_ns`. When that fires and the call has moved its time
back (`wake_ns`), it is queued again; when the call wants no time any more, it is forgotten.

Ten thousands of calls may wait, most of them equally long, so their times come nearly in order. Each time belongs to a
tick of a millisecond, which has a small heap of its own; a heap of the ticks says which is next. A single heap would be
searched through from end to end for each time that comes, and all of it is memory that nothing else has touched.
"""

from __future__ import annotations

from heapq import heappop, heappush
from typing import Final

from engine.call import CallBase
from engine.shard.mishap import end_spoiled

NEVER_NS: Final = 1 << 62
TICK_BITS: Final = 20
"""A tick is 2**20 ns."""

Entry = tuple[int, int, CallBase]
"""When, in which order, and whom to wake."""


class Timers:
    """The times at which calls want to be woken. Single-threaded. `fired` counts the calls that were woken."""

    __slots__ = ("_order", "_queues", "_ticks", "fired")

    def __init__(self) -> None:
        self.fired = 0
        self._ticks: list[int] = []
        self._queues: dict[int, list[Entry]] = {}
        self._order = 0

    def add(self, call: CallBase, due_ns: int) -> None:
        """Wake `call` at `due_ns`; its `queued_ns` must say the same."""
        tick = due_ns >> TICK_BITS
        queue = self._queues.get(tick)
        if queue is None:
            queue = self._queues[tick] = []
            heappush(self._ticks, tick)
        self._order += 1
        heappush(queue, (due_ns, self._order, call))

    def next_ns(self) -> int:
        """When the first entry is due, `NEVER_NS` when there is none."""
        return self._queues[self._ticks[0]][0][0] if self._ticks else NEVER_NS

    def fire(self, now_ns: int, most: int) -> None:
        """Wake the calls that are due, at most so many."""
        while most > 0 and self.next_ns() <= now_ns:
            due_ns, call = self._take_first()
            if call.queued_ns != due_ns:
                continue
            call.queued_ns = 0
            wake_ns = call.wake_ns
            if wake_ns > now_ns:
                call.queued_ns = wake_ns
                self.add(call, wake_ns)
            elif wake_ns:
                most -= 1
                self.fired += 1
                _wake(call, now_ns)

    def _take_first(self) -> tuple[int, CallBase]:
        """Remove the first entry, and the tick with its last."""
        tick = self._ticks[0]
        queue = self._queues[tick]
        due_ns, _, call = heappop(queue)
        if not queue:
            heappop(self._ticks)
            del self._queues[tick]
        return due_ns, call


def _wake(call: CallBase, now_ns: int) -> None:
    try:
        call.wake(now_ns)
    except Exception as error:
        end_spoiled(call, error, now_ns)
