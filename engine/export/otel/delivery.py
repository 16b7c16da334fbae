# SPDX-License-Identifier: AGPL-3.0-or-later
"""What waits for a collector, one queue a signal, and the task that has it sent: a batch at a time, in a thread.

A collector that is away is tried again, later each time; what waits meanwhile is dropped when too much does. What it refuses,
or rejects of a batch that it takes, is dropped at once. A person is told once that it is away, and once that it refuses.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, Generic, TypeVar

import trio

from engine.export.otel.answers import Answer, Fate
from engine.export.otel.exporters import Exporter
from engine.export.otel.settings import Signal, Target
from engine.export.outage import LONGEST_PAUSE_S, Outage
from engine.export.waiting import Waiting
from engine.messages import QueueCounts

T = TypeVar("T")

GATHER_S: Final = 1.0
"""How long more is waited for, after a batch, when what waits is no full one."""
LOOK_EVERY_S: Final = 0.05
SILENT_S: Final = 5.0
"""A batch that has no answer after so long is worth telling."""


class Delivery(Generic[T]):
    """The queue of one signal. `make` turns what was taken out of it into what the SDK's exporter takes; in the thread."""

    def __init__(
        self,
        signal: Signal,
        target: Target,
        warn: Callable[[str], None],
        make: Callable[[Sequence[T]], Any],
        *,
        most: int,
        at_once: int,
    ) -> None:
        self._signal, self._target, self._warn, self._make = signal, target, warn, make
        self._at_once = at_once
        self._who = f"OpenTelemetry at {target.place}"
        self._outage = Outage(self._who, warn)
        self._waiting: Waiting[T] = Waiting(most)
        self._exporter: Exporter | None = None
        self._closed = trio.Event()
        self._is_asking = False
        self._has_told = False

    @property
    def counts(self) -> QueueCounts:
        """What became of what was offered."""
        return self._waiting.counts

    async def open(self) -> None:
        """Have the SDK's exporter made; nothing is connected yet. Raises OptionError."""
        self._exporter = await trio.to_thread.run_sync(Exporter, self._signal, self._target, abandon_on_cancel=True)

    def offer(self, item: T, size_bytes: int = 0) -> None:
        """Have it sent, or drop and count it."""
        self._waiting.offer(item, size_bytes)

    def close(self) -> None:
        """Nothing more is offered: a collector that is away is tried once more, and no longer waited for."""
        self._closed.set()
        self._waiting.close()

    def abandon(self) -> None:
        """What was not sent by now is dropped."""
        if self._is_asking:
            self._outage.broken("it does not answer")
        self._waiting.abandon()
        if self._exporter is not None:
            self._exporter.close()

    async def write(self) -> None:
        """Send what waits, until nothing does after `close`."""
        while items := await self._waiting.take(self._at_once):
            if not await self._deliver(items):
                return
            await self._gather()

    async def _gather(self) -> None:
        """Let a batch come together, for a request costs as much with one item as with many."""
        with trio.move_on_after(GATHER_S):
            while len(self._waiting) < self._at_once and not self._closed.is_set():
                with trio.move_on_after(LOOK_EVERY_S):
                    await self._closed.wait()

    async def _deliver(self, items: Sequence[T]) -> bool:
        """Send a batch until the collector has taken or refused it; False when it is away and no longer waited for."""
        while True:
            was_closed = self._closed.is_set()
            answer = await self._ask(items)
            if answer.fate is not Fate.AWAY:
                self._settle(answer, len(items))
                return True
            self._outage.broken(answer.why)
            if was_closed:
                return False
            with trio.move_on_after(max(self._outage.next_pause_s(), min(answer.wait_s or 0.0, LONGEST_PAUSE_S))):
                await self._closed.wait()

    async def _ask(self, items: Sequence[T]) -> Answer:
        self._is_asking = True
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._grow_impatient)
            answer = await trio.to_thread.run_sync(self._send, items, abandon_on_cancel=True)
            nursery.cancel_scope.cancel()
        self._is_asking = False
        return answer

    def _send(self, items: Sequence[T]) -> Answer:
        """In a thread."""
        if self._exporter is None:
            return Answer(Fate.REFUSED, "it was not opened")
        return self._exporter.send(self._make(items))

    async def _grow_impatient(self) -> None:
        await trio.sleep(SILENT_S)
        self._outage.broken("it does not answer")

    def _settle(self, answer: Answer, count: int) -> None:
        """The collector has decided on a batch of so many items."""
        rejected = count if answer.fate is Fate.REFUSED else min(answer.rejected, count)
        self._waiting.written(count - rejected)
        self._waiting.dropped(rejected)
        self._outage.went_well()
        if (rejected or answer.why) and not self._has_told:
            self._has_told = True
            what = f"does not take {self._signal}, which are dropped" if rejected else f"says of {self._signal}"
            self._warn(f"{self._who} {what}: {answer.why or 'it does not say why'}")
