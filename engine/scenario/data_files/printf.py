# SPDX-License-Identifier: AGPL-3.0-or-later
"""PRINTF files: few lines stand for many, in which `%d`, `%5d`, `%05d` and `%-5d` are the line's number."""

from __future__ import annotations

import re
from typing import Final

MOST_WIDTH: Final = 999
_NUMBER: Final = re.compile(rb"%(-?[0-9]*(?:\.[0-9]*)?)d")
_WIDTH: Final = re.compile(rb"[0-9]+")


class BadPattern(Exception):
    """A pattern that cannot be filled; the text says why."""


def compile_pattern(line: bytes) -> tuple[bytes, int]:
    """A bytes format for a line, and how often it takes the number. Raises BadPattern.

    A `%` before another is a plain one; `%%d` is a percent sign and a number, as in SIPp.
    """
    parts: list[bytes] = []
    numbers = 0
    position = 0
    while (at := line.find(b"%", position)) >= 0:
        parts.append(line[position:at])
        position = at + 1
        if line[position : position + 1] == b"%":
            parts.append(b"%%")
            continue
        found = _NUMBER.match(line, at)
        if found is None:
            shown = line[at : at + 10].decode("latin-1")
            raise BadPattern(f"'{shown}' is no number — write %d, %5d or %05d, and nothing else behind a %")
        if any(int(width) > MOST_WIDTH for width in _WIDTH.findall(found[1])):
            raise BadPattern(f"'{found[0].decode()[:20]}' is too wide; at most {MOST_WIDTH} digits are shown")
        parts.append(found[0])
        numbers += 1
        position = found.end()
    return b"".join(parts) + line[position:], numbers


def fill(pattern: tuple[bytes, int], number: int) -> bytes:
    """A pattern with this number in it."""
    form, times = pattern
    return form % ((number,) * times)
