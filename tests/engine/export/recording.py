# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a shard writes into its socket: batches of records; and sinks that keep what they are given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from engine.export.sink import Item, Sink, Surroundings
from engine.export.waiting import Waiting
from engine.messages import QueueCounts, Snapshot, Warning
from engine.messages.records import CallEnded, Record
from tests.engine.report.examples import run_started

WHEN_NS = 1_795_371_510_368_204_999


def ended(number: int, **fields: Any) -> CallEnded:
    """A call that has ended well, but for what `fields` say."""
    fields = {
        "unix_ns": WHEN_NS,
        "call_id": b"%d-7@127.0.0.1" % number,
        "scenario": "main",
        "outgoing": True,
        "duration_ns": 1_234_567,
        "late_ns": 20_400,
        "failure": None,
        "reason": "",
        "cut_off": False,
        "status": 200,
        "sent": 3,
        "received": 3,
        "retransmissions": 0,
        **fields,
    }
    return CallEnded(call=number, **fields)


def frame(records: Sequence[Record]) -> bytes:
    """A batch as it goes over the socket."""
    data = msgspec.msgpack.encode(records)
    return len(data).to_bytes(4, "big") + data


def surroundings(told: list[str], **options: Any) -> Surroundings:
    """Those of a sink; what it warns of goes to `told`."""
    return Surroundings(started=run_started(**options), warn=told.append)


class KeepingSink(Sink):
    """Keeps what it is given, at most `most` at a time. What it is to do wrong is set from outside."""

    name = "kept"
    wants = frozenset({CallEnded, Warning, Snapshot})

    def __init__(self, most: int = 1000) -> None:
        super().__init__(surroundings([]))
        self.kept: list[Item] = []
        self.fails_to_take: Exception | None = None
        self.fails_to_write: Exception | None = None
        self.fails_to_abandon: Exception | None = None
        self._waiting: Waiting[Item] = Waiting(most)

    @property
    def counts(self) -> dict[str, QueueCounts]:
        return {self.name: self._waiting.counts}

    def take(self, item: Item) -> None:
        if self.fails_to_take is not None:
            raise self.fails_to_take
        self._waiting.offer(item)

    async def write(self) -> None:
        while batch := await self._waiting.take(10):
            if self.fails_to_write is not None:
                raise self.fails_to_write
            self.kept += batch
            self._waiting.written(len(batch))

    def close(self) -> None:
        self._waiting.close()

    def abandon(self) -> None:
        self._waiting.abandon()
        if self.fails_to_abandon is not None:
            raise self.fails_to_abandon
