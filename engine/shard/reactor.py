# SPDX-License-Identifier: AGPL-3.0-or-later
"""The loop that runs calls, on time.

One trio task does everything that happens once a message or once a call: it starts calls that are due, fires timers
that are due, waits for the sockets with a deadline in microseconds, and drains them. It gives trio a turn at least
every `TURN_NS`, for the shard's life, its control channel and its reports. Why not a task a call, or a task that waits
for each socket: a turn of trio costs more than a call.

Three ways to wait, by what is ahead. Nothing for a while: trio's own wait, which sleeps without turning. Something
soon: `select` on the epoll, exact to some 50 µs. So much that each event would wake us for itself: do what has come up
once in a batch (`engine.shard.batching`).
"""

from __future__ import annotations

import time
from typing import Final

import trio

from engine.shard.batching import Batching
from engine.shard.calls import CallTable
from engine.shard.media.work import MediaWork
from engine.shard.pacing import Pacer
from engine.shard.timers import NEVER_NS, Timers
from engine.stats.meter import Meter
from engine.transport import Poller

TURN_NS: Final = 10_000_000
"""The longest that trio waits for its turn: nobody steers faster, and a turn costs as much as a call."""
QUIET_NS: Final = 3_000_000
"""With nothing due for so long, and nothing received for so long, trio does the waiting."""
TRIO_WAKES_EARLY_NS: Final = 1_500_000
"""How long before a due time trio is asked to wake us: its own waits are whole milliseconds."""
MOST_AT_ONCE: Final = 100
"""Calls started, timers fired, or calls cut off, before sockets get their turn."""


class Reactor:
    """Runs the calls of one shard until `done`; `media` sends what their streams play, where they may have any."""

    def __init__(
        self,
        *,
        table: CallTable,
        timers: Timers,
        poller: Poller,
        pacer: Pacer,
        meter: Meter,
        media: MediaWork | None = None,
    ) -> None:
        self._table = table
        self._timers = timers
        self._poller = poller
        self._pacer = pacer
        self._meter = meter
        self._media = media
        self._batching = Batching(table, timers, media)
        self._sleep = trio.CancelScope()
        self._woken = False

    def wake(self) -> None:
        """Look again at what is ahead: something has changed from outside."""
        self._woken = True
        self._sleep.cancel()

    @property
    def done(self) -> bool:
        """No call will start any more and none is left, not even in its timewait, but for those that nobody waits for."""
        table = self._table
        return table.all_created and len(table.calls) <= table.unawaited

    async def run(self) -> None:
        """Run until `done`, or until nothing can go on because the transport is broken."""
        table, timers, poller, media, batching = self._table, self._timers, self._poller, self._media, self._batching
        turned_ns = active_ns = time.monotonic_ns()
        media_ns = NEVER_NS
        while True:
            self._woken = False
            now_ns = time.monotonic_ns()
            timers.fire(now_ns, MOST_AT_ONCE)
            if table.failure:
                return
            next_ns = min(self._start_due(now_ns), timers.next_ns())
            if table.cutting_off:
                table.cut_off(MOST_AT_ONCE)
                next_ns = now_ns
            if self.done:
                return
            if media is not None:
                media_ns = media.run(time.monotonic_ns())
            now_ns = time.monotonic_ns()
            if now_ns - turned_ns >= TURN_NS:
                batching.look(now_ns - turned_ns)
                await self._turn(now_ns)
                turned_ns = now_ns = time.monotonic_ns()
            ahead_ns = min(next_ns, media_ns) - now_ns
            if batching.batch_ns:
                longest_ns = active_ns + batching.batch_ns - now_ns
                if batching.for_media:
                    longest_ns = min(longest_ns, next_ns - now_ns)
                # Packets that there was no time for do not wait for others.
                ready = _gather(longest_ns if media_ns > now_ns else 0)
            elif ahead_ns > QUIET_NS and now_ns - active_ns > QUIET_NS:
                ready = await self._sleep_long(ahead_ns - TRIO_WAKES_EARLY_NS)
                turned_ns = time.monotonic_ns()
                batching.skip()
            else:
                ready = poller.wait(max(0, min(ahead_ns, turned_ns + TURN_NS - now_ns)) / 1e9)
            if ready:
                active_ns = time.monotonic_ns()
                poller.dispatch()

    def _start_due(self, now_ns: int) -> int:
        """Start the calls that are due; when the next one is."""
        pacer, table = self._pacer, self._table
        if table.all_created:
            return NEVER_NS
        for _ in range(MOST_AT_ONCE):
            due_ns = pacer.next_ns()
            if due_ns > now_ns:
                return due_ns
            if not table.may_start():
                self._meter.counters.held_back += pacer.hold_back(now_ns)
                return pacer.next_ns()
            table.start_outgoing(due_ns, pacer.started(), time.monotonic_ns())
            if table.all_created:
                return NEVER_NS
        return pacer.next_ns()

    async def _turn(self, now_ns: int) -> None:
        """What is done once a tick: samples to histograms, records to their file, and trio's turn."""
        self._meter.fold()
        self._table.forget_dead(now_ns)
        if self._media is not None:
            self._media.fold()
        for trace in self._table.traces:
            trace.flush()
        if self._table.tap is not None:
            self._table.tap.flush()
        await trio.lowlevel.checkpoint()

    async def _sleep_long(self, longest_ns: int) -> bool:
        """Let trio wait for the sockets; True when one is ready."""
        await self._turn(time.monotonic_ns())
        if self._woken:
            return False
        self._sleep = trio.CancelScope(deadline=trio.current_time() + min(longest_ns, NEVER_NS) / 1e9)
        with self._sleep:
            await trio.lowlevel.wait_readable(self._poller.fileno())
            return True
        return False


def _gather(longest_ns: int) -> bool:
    """Let events gather; True, for in such numbers there will be some."""
    if longest_ns > 0:
        time.sleep(longest_ns / 1e9)
    return True
