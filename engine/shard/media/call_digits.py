# SPDX-License-Identifier: AGPL-3.0-or-later
"""The digits that the peer of a call has sent (DTMF), until a `recv dtmf` takes them."""

from __future__ import annotations

from typing import Final

from engine.scenario.call_media import Prefix

MOST_DIGITS: Final = 1000
"""Digits that wait; of more the oldest are forgotten."""


class CallDigits:
    """See the module."""

    __slots__ = ("_taken", "_waiting")

    def __init__(self) -> None:
        self._waiting = ""
        self._taken = ""

    def add(self, digit: str) -> None:
        """One more has come."""
        self._waiting = (self._waiting + digit)[-MOST_DIGITS:]

    @property
    def told(self) -> bytes:
        """See `CallMedia.digits`."""
        return (self._taken or self._waiting).encode("ascii")

    def take(self, pattern: Prefix) -> bool:
        """See `CallMedia.take_digits`."""
        length = pattern.length_in(self._waiting.encode("ascii"))
        if not length:
            return False
        self._taken, self._waiting = self._waiting[:length], self._waiting[length:]
        return True
