# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a connection tells before there are calls: kept, and told when they can be made."""

from __future__ import annotations

from typing import Final

from engine.messages import Failure
from engine.transport.base import Receiver, Wire

MOST_EARLY: Final = 1000
"""What is kept of each kind; a peer that has more to say before it was spoken to is not heard."""


class EarlyReceiver:
    """A `Receiver` for the time in which a transport opens: whoever takes what arrives is not ready before it is open."""

    def __init__(self) -> None:
        self._messages: list[tuple[bytes, object, int, int]] = []
        self._garbled: list[str] = []
        self._warnings: list[str] = []

    def received(self, data: bytes, source: object, arrived_ns: int, now_ns: int) -> None:
        """Keep a message."""
        if len(self._messages) < MOST_EARLY:
            self._messages.append((data, source, arrived_ns, now_ns))

    def garbled(self, reason: str) -> None:
        """Keep why a connection was closed."""
        if len(self._garbled) < MOST_EARLY:
            self._garbled.append(reason)

    def warned(self, text: str) -> None:
        """Keep a warning."""
        if len(self._warnings) < MOST_EARLY:
            self._warnings.append(text)

    def disconnected(self, wire: Wire, failure: Failure, reason: str) -> None:
        """There is no call yet."""

    def broken(self, reason: str) -> None:
        """A transport that cannot be opened says so itself."""

    def tell(self, receiver: Receiver) -> None:
        """Tell all that was kept, once."""
        messages, self._messages = self._messages, []
        garbled, self._garbled = self._garbled, []
        warnings, self._warnings = self._warnings, []
        for text in warnings:
            receiver.warned(text)
        for reason in garbled:
            receiver.garbled(reason)
        for data, source, arrived_ns, now_ns in messages:
            receiver.received(data, source, arrived_ns, now_ns)
