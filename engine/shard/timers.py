# SPDX-License-Identifier: AGPL-3.0-or-later
"""Wake-up times of calls: far ones can be taken back, near ones go stale.

A call has at most one time here that counts, its `queued_ns`. One that has moved its time back (`wake_ns`) is put off when
the earlier time comes; one that wants no time any more is let go then, one that is over at once.

Most times never come: the answer does. So a far time is nothing but the call's place in a set, that of its stretch of
`FAR_NS`: cheap to put there and to take away, and what is held are the calls that are open. When a stretch comes near, its
calls go to their ticks of a millisecond, each of which has a small heap; a heap of the ticks says which is next. There an
entry that counts no more stays until its tick has come, which is soon. A single heap of all times would be searched
through from end to end for each that comes, and all of it is memory that nothing else has touched.
"""

from __future__ import annotations

from heapq import heappop, heappush
from typing import Final

from engine.call import CallBase
from engine.shard.mishap import end_spoiled

NEVER_NS: Final = 1 << 62
TICK_BITS: Final = 20
"""A tick is 2**20 ns."""
FAR_BITS: Final = 26
FAR_NS: Final = 1 << FAR_BITS
"""A stretch of far times, 67 ms. It is near once the one before it has begun: so a stale entry stays at most 134 ms, and
there is a stretch's time to bring the calls of the next to their ticks."""

Entry = tuple[int, int, CallBase]
"""When, in which order, and whom to wake."""


class Timers:
    """The times at which calls want to be woken. Single-threaded. `fired` counts the calls that were woken."""

    __slots__ = ("_far", "_first_far", "_order", "_queues", "_ticks", "fired")

    def __init__(self) -> None:
        self.fired = 0
        self._ticks: list[int] = []
        self._queues: dict[int, list[Entry]] = {}
        self._order = 0
        self._far: dict[int, set[CallBase]] = {}
        self._first_far = 0
        """The first stretch that is far: all before it are in ticks, it perhaps in part."""

    @property
    def held(self) -> int:
        """How many times are held, those that count no more among them."""
        return sum(map(len, self._queues.values())) + sum(map(len, self._far.values()))

    def add(self, call: CallBase, due_ns: int) -> None:
        """Wake `call` at `due_ns`, and no more at its `queued_ns`."""
        if call.queued_ns:
            self.forget(call)
        self._put(call, due_ns)

    def forget(self, call: CallBase) -> None:
        """Do not wake `call`."""
        stretch = call.queued_ns >> FAR_BITS
        call.queued_ns = 0
        calls = self._far.get(stretch)
        if calls is not None:
            calls.discard(call)
            if not calls:
                del self._far[stretch]

    def next_ns(self) -> int:
        """When `fire` has something to do, `NEVER_NS` when there is nothing."""
        next_ns = self._queues[self._ticks[0]][0][0] if self._ticks else NEVER_NS
        if self._far:
            return min(next_ns, (self._first_far - 1) << FAR_BITS)
        return next_ns

    def fire(self, now_ns: int, most: int) -> None:
        """Wake the calls that are due, at most so many."""
        first_far = (now_ns >> FAR_BITS) + 2
        if first_far > self._first_far:
            self._bring_near(first_far, most)
        while most > 0 and self._ticks:
            tick = self._ticks[0]
            queue = self._queues[tick]
            if queue[0][0] > now_ns:
                return
            due_ns, _, call = heappop(queue)
            if not queue:
                heappop(self._ticks)
                del self._queues[tick]
            if call.queued_ns != due_ns:
                continue
            call.queued_ns = 0
            wake_ns = call.wake_ns
            if wake_ns > now_ns:
                self._put(call, wake_ns)
            elif wake_ns:
                most -= 1
                self.fired += 1
                _wake(call, now_ns)

    def _put(self, call: CallBase, due_ns: int) -> None:
        """Queue the time of a call that has none."""
        call.queued_ns = due_ns
        stretch = due_ns >> FAR_BITS
        if stretch < self._first_far:
            self._put_near(call, due_ns)
            return
        calls = self._far.get(stretch)
        if calls is None:
            self._far[stretch] = {call}
        else:
            calls.add(call)

    def _put_near(self, call: CallBase, due_ns: int) -> None:
        tick = due_ns >> TICK_BITS
        queue = self._queues.get(tick)
        if queue is None:
            queue = self._queues[tick] = []
            heappush(self._ticks, tick)
        self._order += 1
        heappush(queue, (due_ns, self._order, call))

    def _bring_near(self, first_far: int, most: int) -> None:
        """Bring the calls of the stretches before `first_far` to their ticks, at most so many; `next_ns` knows of the rest."""
        if first_far - self._first_far > len(self._far):
            self._first_far = min(min(self._far, default=first_far), first_far)
        while self._first_far < first_far:
            calls = self._far.get(self._first_far)
            if calls is not None:
                while calls:
                    if most <= 0:
                        return
                    most -= 1
                    self._bring(calls.pop())
                del self._far[self._first_far]
            self._first_far += 1

    def _bring(self, call: CallBase) -> None:
        """The time of this call comes near, unless it has moved back or gone."""
        wake_ns = call.wake_ns
        if wake_ns >> FAR_BITS > self._first_far:
            self._put(call, wake_ns)
        elif wake_ns:
            call.queued_ns = wake_ns
            self._put_near(call, wake_ns)
        else:
            call.queued_ns = 0


def _wake(call: CallBase, now_ns: int) -> None:
    try:
        call.wake(now_ns)
    except Exception as error:
        end_spoiled(call, error, now_ns)
