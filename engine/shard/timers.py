# SPDX-License-Identifier: AGPL-3.0-or-later
"""Wake-up times of calls: a heap whose entries go stale instead of being removed.

A call has at most one entry that counts, the one at its `queued_ns`. When that fires and the call has moved its time
back (`wake_ns`), it is queued again; when the call wants no time any more, it is forgotten.
"""

from __future__ import annotations

from heapq import heappop, heappush
from itertools import count

from engine.call import Call
from engine.shard.mishap import end_spoiled

NEVER_NS = 1 << 62


class Timers:
    """The times at which calls want to be woken. Single-threaded. `fired` counts the calls that were woken."""

    __slots__ = ("_heap", "_order", "fired")

    def __init__(self) -> None:
        self.fired = 0
        self._heap: list[tuple[int, int, Call]] = []
        self._order = count()

    def add(self, call: Call, due_ns: int) -> None:
        """Wake `call` at `due_ns`; its `queued_ns` must say the same."""
        heappush(self._heap, (due_ns, next(self._order), call))

    def next_ns(self) -> int:
        """When the first entry is due, `NEVER_NS` when there is none."""
        return self._heap[0][0] if self._heap else NEVER_NS

    def fire(self, now_ns: int, most: int) -> None:
        """Wake the calls that are due, at most so many."""
        heap = self._heap
        while heap and heap[0][0] <= now_ns and most > 0:
            due_ns, _, call = heappop(heap)
            if call.queued_ns != due_ns:
                continue
            call.queued_ns = 0
            wake_ns = call.wake_ns
            if not wake_ns:
                continue
            if wake_ns > now_ns:
                call.queued_ns = wake_ns
                heappush(heap, (wake_ns, next(self._order), call))
                continue
            most -= 1
            self.fired += 1
            try:
                call.wake(now_ns)
            except Exception as error:
                end_spoiled(call, error, now_ns)
