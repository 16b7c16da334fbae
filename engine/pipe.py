# SPDX-License-Identifier: AGPL-3.0-or-later
"""The pipe between two processes of a run: messages as JSON, each after its length (4 bytes, big-endian).

JSON and not MessagePack, whose integers end at 64 bits: a sum of squared nanoseconds is past that after a few seconds.
"""

from __future__ import annotations

from typing import Generic, TypeVar

import msgspec
import trio
from trio.abc import ReceiveChannel, SendChannel

T = TypeVar("T")
_LENGTH_SIZE = 4
_READ_SIZE = 262_144


class PipeSender(SendChannel[T], Generic[T]):
    """Sends messages. Raises BrokenResourceError when the other end is gone."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self._stream = stream
        self._encoder = msgspec.json.Encoder()
        self._lock = trio.Lock()

    async def send(self, value: T) -> None:
        """Send one message: whole, even when several tasks send or the sender is cancelled, for half of one spoils the pipe."""
        data = self._encoder.encode(value)
        async with self._lock:
            with trio.CancelScope(shield=True):
                await self._stream.send_all(len(data).to_bytes(_LENGTH_SIZE, "big") + data)

    async def aclose(self) -> None:
        """Close both directions."""
        await self._stream.aclose()


class PipeReceiver(ReceiveChannel[T], Generic[T]):
    """Receives messages of one type. Ends when the other end is gone, however it went, or this end was closed."""

    def __init__(self, stream: trio.SocketStream, kind: object) -> None:
        self._stream = stream
        self._decoder: msgspec.json.Decoder[T] = msgspec.json.Decoder(kind)
        self._buffer = bytearray()

    async def receive(self) -> T:
        """The next message. Raises EndOfChannel."""
        length = int.from_bytes(await self._take(_LENGTH_SIZE), "big")
        return self._decoder.decode(await self._take(length))

    async def _take(self, size: int) -> bytes:
        while len(self._buffer) < size:
            try:
                data = await self._stream.receive_some(_READ_SIZE)
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                data = b""
            if not data:
                raise trio.EndOfChannel
            self._buffer += data
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken

    async def aclose(self) -> None:
        """Close both directions."""
        await self._stream.aclose()
