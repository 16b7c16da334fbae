# SPDX-License-Identifier: AGPL-3.0-or-later
"""What one shard writes into its socket: batches of records, each after its length. Nothing in it ends the exporter.

A batch that cannot be read is left out. A length that none can have means that nothing after it can be trusted: then the socket
is closed, and what the shard still writes is dropped there.
"""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable, Sequence

import msgspec
import trio

from engine.messages.records import LENGTH_BYTES, MOST_FRAME_BYTES, RECORDS_DECODER, Record

_READ_BYTES = 262_144


class RecordStream:
    """The stream of worker `number`, counted from 1."""

    def __init__(
        self,
        peer: socket.socket,
        number: int,
        take: Callable[[Sequence[Record]], Awaitable[None]],
        warn: Callable[[str], None],
    ) -> None:
        peer.setblocking(False)
        self._peer = peer
        self._number = number
        self._take = take
        self._warn = warn
        self._buffer = bytearray()
        self._waits = trio.CancelScope()
        self._is_last = False

    async def read(self) -> None:
        """Read until the shard has closed its end, or, after `finish`, until nothing is left."""
        with self._peer:
            while data := await self._next():
                self._buffer += data
                if not await self._take_batches():
                    return

    def finish(self) -> None:
        """The shard is gone: what is there is all that comes."""
        self._is_last = True
        self._waits.cancel()

    async def _next(self) -> bytes:
        """Some bytes; none at the end."""
        while True:
            try:
                return self._peer.recv(_READ_BYTES)
            except BlockingIOError:
                if self._is_last:
                    return b""
            except OSError:
                return b""
            with trio.CancelScope() as self._waits:
                await trio.lowlevel.wait_readable(self._peer)

    async def _take_batches(self) -> bool:
        """Hand on the batches that are whole; false when there can be no more."""
        at = 0
        while len(self._buffer) - at >= LENGTH_BYTES:
            begin = at + LENGTH_BYTES
            end = begin + int.from_bytes(self._buffer[at:begin], "big")
            if end - begin > MOST_FRAME_BYTES:
                self._warn(f"worker {self._number} records what cannot be read; nothing more is taken from it")
                return False
            if len(self._buffer) < end:
                break
            await self._take_batch(bytes(self._buffer[begin:end]))
            at = end
        del self._buffer[:at]
        return True

    async def _take_batch(self, data: bytes) -> None:
        try:
            records = RECORDS_DECODER.decode(data)
        except (msgspec.MsgspecError, RecursionError) as error:
            self._warn(f"worker {self._number} records what cannot be read; it is left out: {error}")
            return
        await self._take(records)
