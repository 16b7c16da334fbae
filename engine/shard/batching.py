# SPDX-License-Identifier: AGPL-3.0-or-later
"""How long to gather what comes and what is due: so much that each would wake us for itself is done in batches.

Waking up is what costs, ours and that of the peer that we send to, and code that was just asleep runs at half its speed.
"""

from __future__ import annotations

from typing import Final

from engine.shard.calls import CallTable
from engine.shard.media.work import MediaWork
from engine.shard.timers import Timers

BATCHES: Final = ((12_000, 1_000_000), (4_000, 500_000))
"""From so many messages and timers a second on they are taken in batches of so many ns, which is the longest that a due
call or a message waits for others. A message's time of arrival is the kernel's all the same, and how late a call started
is told."""
MEDIA_BATCH: Final = (4_000, 500_000)
"""The same with packets of media counted too. However many they are, the batch is no longer, for a packet may be late by its
slot and by a batch; and it waits for no call or timer that is due, for these are not to be late for the sake of media."""


class Batching:
    """Looks now and then at how much there was to do.

    `batch_ns`: how long to gather; 0: each is worth a wake-up of its own. `for_media`: that is because of packets, and ends
    when a call or a timer is due.
    """

    __slots__ = ("_events", "_media", "_packets", "_table", "_timers", "batch_ns", "for_media")

    def __init__(self, table: CallTable, timers: Timers, media: MediaWork | None) -> None:
        self._table = table
        self._timers = timers
        self._media = media
        self._events = 0
        self._packets = 0
        self.batch_ns = 0
        self.for_media = False

    def look(self, elapsed_ns: int) -> None:
        """Choose by what there was since the last look, so long ago."""
        events, packets = self._events, self._packets
        self.skip()
        self.batch_ns = batch_of((self._events - events) * 1_000_000_000 // elapsed_ns)
        self.for_media = False
        if self._media is not None and not self.batch_ns:
            many, batch_ns = MEDIA_BATCH
            if (self._events - events + self._packets - packets) * 1_000_000_000 // elapsed_ns >= many:
                self.batch_ns, self.for_media = batch_ns, True

    def skip(self) -> None:
        """What there was until now does not count."""
        self._events = self._table.received_messages + self._timers.fired
        if self._media is not None:
            self._packets = self._media.events


def batch_of(events_per_second: int) -> int:
    """How long to gather what comes at this rate."""
    for many, batch_ns in BATCHES:
        if events_per_second >= many:
            return batch_ns
    return 0
