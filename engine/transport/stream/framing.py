# SPDX-License-Identifier: AGPL-3.0-or-later
"""SIP's own framing as a layer: bytes below, messages above (RFC 3261 section 18.3), and pings answered (RFC 5626)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from engine.options import RunConfig
from engine.sip.stream import StreamFramer
from engine.transport.addresses import Addresses
from engine.transport.stream.layer import Layer, StreamBroken

PONG: Final = b"\r\n"
"""RFC 5626 section 4.4.1."""


class SipFraming(Layer):
    """Content-Length says where a message ends."""

    __slots__ = ("_answered", "_framer")

    def __init__(self) -> None:
        super().__init__()
        self._framer = StreamFramer()
        self._answered = 0

    def receive(self, data: bytes) -> list[bytes]:
        """The messages that are whole."""
        framer = self._framer
        messages = framer.feed(data)
        if framer.broken and self.broken is None:
            self.broken = StreamBroken(f"what arrives is no SIP: {framer.broken}", garbage=True)
        return messages

    def own(self) -> bytes:
        """The answers to pings."""
        pings = self._framer.pings - self._answered
        if not pings:
            return b""
        self._answered += pings
        return PONG * pings


def framing(config: RunConfig, addresses: Addresses, server: bool) -> Callable[[str], Layer]:
    """The recipe of this layer: the same for all."""
    return lambda host: SipFraming()
