# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a `recv` of digits waits for: a POSIX expression that the digits begin with."""

from __future__ import annotations

from engine.scenario.posix_regex import compile_posix


class DigitPattern:
    """A compiled pattern, `[0-9]{4}#`."""

    __slots__ = ("_expression",)

    def __init__(self, pattern: str) -> None:
        """Raises Misuse."""
        self._expression = compile_posix(pattern)

    def length_in(self, digits: bytes) -> int:
        """How many digits from the first one on are what it says, the most that may be; 0 when they are not."""
        try:
            found = self._expression.search(digits)
        except TimeoutError:
            return 0
        return found.end() if found is not None and found.start() == 0 else 0
