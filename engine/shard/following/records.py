# SPDX-License-Identifier: AGPL-3.0-or-later
"""Records on their way to the exporter: a batch a tick, as MessagePack through a socket that is never waited for.

What the socket does not take is kept, up to a limit; what comes then is dropped and counted. An exporter that is gone, or
hangs, costs nothing but the counting.
"""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections import deque
from collections.abc import Collection
from typing import Final

import msgspec

from engine.messages import QueueCounts
from engine.messages.records import MOST_FRAME_BYTES, Record

MOST_WAITING: Final = 20_000
"""Records of one tick."""
MOST_UNSENT_BYTES: Final = 16 << 20
MOST_OF_A_BATCH: Final = 2000
"""Records in one frame: what the exporter decodes at once."""
LAST_SENDS_S: Final = 1.0
"""How long the end of a shard waits for its last records to be taken."""


class RecordLink:
    """The way of one shard's records. All methods are for the thread of the loop, and only `close` waits."""

    def __init__(self, descriptor: int, wanted: Collection[str]) -> None:
        """`wanted` are the types of records that somebody wants, by name. The descriptor stays the caller's."""
        self._wanted = frozenset(wanted)
        self._socket = socket.socket(fileno=os.dup(descriptor))
        self._socket.setblocking(False)
        self._encoder = msgspec.msgpack.Encoder()
        self._records: list[Record] = []
        self._unsent = bytearray()
        # For each frame that is not sent whole: where it ends among the bytes that are, and its records.
        self._frames: deque[tuple[int, int]] = deque()
        self._sent_bytes = 0
        self._queued_bytes = 0
        self._is_gone = False
        self._offered = self._written = self._dropped = 0

    @property
    def counts(self) -> QueueCounts:
        """The records so far; written: whole in the socket."""
        return QueueCounts(offered=self._offered, written=self._written, dropped=self._dropped)

    def wants(self, kind: type[Record]) -> bool:
        """Whether somebody wants records of this type."""
        return kind.__name__ in self._wanted

    def add(self, record: Record) -> None:
        """Take one, or drop it; what nobody wants is let go."""
        if type(record).__name__ not in self._wanted:
            return
        self._offered += 1
        if self._is_gone or len(self._records) >= MOST_WAITING:
            self._dropped += 1
            return
        self._records.append(record)

    def flush(self) -> None:
        """Send what was taken, as far as the socket takes it; once a tick."""
        records, self._records = self._records, []
        for start in range(0, len(records), MOST_OF_A_BATCH):
            self._queue(records[start : start + MOST_OF_A_BATCH])
        if self._unsent and not self._is_gone:
            self._send()

    def _queue(self, batch: list[Record]) -> None:
        data = self._encoder.encode(batch)
        if len(data) > MOST_FRAME_BYTES and len(batch) > 1:
            self._queue(batch[: len(batch) // 2])
            self._queue(batch[len(batch) // 2 :])
            return
        if self._is_gone or len(self._unsent) + len(data) > MOST_UNSENT_BYTES:
            self._dropped += len(batch)
            return
        self._unsent += len(data).to_bytes(4, "big")
        self._unsent += data
        self._queued_bytes += 4 + len(data)
        self._frames.append((self._queued_bytes, len(batch)))

    def _send(self) -> None:
        try:
            sent = self._socket.send(self._unsent)
        except BlockingIOError:
            return
        except OSError:
            self._lose()
            return
        del self._unsent[:sent]
        self._sent_bytes += sent
        while self._frames and self._frames[0][0] <= self._sent_bytes:
            self._written += self._frames.popleft()[1]

    def _lose(self) -> None:
        """The exporter is gone."""
        self._is_gone = True
        self._dropped += sum(records for _, records in self._frames)
        self._frames.clear()
        self._unsent.clear()

    def close(self) -> None:
        """Send what is left, if that can be done soon; the rest is dropped."""
        self.flush()
        end_s = time.monotonic() + LAST_SENDS_S
        while self._unsent and not self._is_gone and (left_s := end_s - time.monotonic()) > 0:
            self._socket.settimeout(left_s)
            with contextlib.suppress(TimeoutError):
                self._send()
        self.let_go()

    def let_go(self) -> None:
        """Close at once: what is left is dropped."""
        self._lose()
        self._dropped += len(self._records)
        self._records = []
        self._socket.close()
