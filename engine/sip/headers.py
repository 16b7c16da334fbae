# SPDX-License-Identifier: AGPL-3.0-or-later
"""Header fields: their names, and where they stand among the lines of a head (RFC 3261 section 7.3).

A header is found by the first letter of its name, then by the name: compact or long, in any case, with white space
before the colon. Of a header that stands several times where it may stand once, the first counts. What is found depends
on the lines alone, never on the message before. All takes time in proportion to the lines, whatever they are.
"""

from __future__ import annotations

import re
from typing import Final

COMPACT: Final = {
    b"a": b"accept-contact",
    b"b": b"referred-by",
    b"c": b"content-type",
    b"d": b"request-disposition",
    b"e": b"content-encoding",
    b"f": b"from",
    b"i": b"call-id",
    b"j": b"reject-contact",
    b"k": b"supported",
    b"l": b"content-length",
    b"m": b"contact",
    b"o": b"event",
    b"r": b"refer-to",
    b"s": b"subject",
    b"t": b"to",
    b"u": b"allow-events",
    b"v": b"via",
    b"x": b"session-expires",
    b"y": b"identity",
}
"""Compact name → long name, both in lower case (RFC 3261, 3265, 3515, 3841, 3892, 4028, 8224)."""


MOST_DIGITS: Final = 10
"""Of any number in a header (RFC 3261: below 2**32); Python refuses to read one of thousands of digits."""

MOST_REMEMBERED: Final = 1000
"""Of what peers usually make few of, and could make many of."""
LONGEST_REMEMBERED: Final = 200
"""Bytes of such a thing: thousands that are as long as a datagram are not kept."""

_COMPACT_OF: Final = {long: compact for compact, long in COMPACT.items()}
_LOWER: Final = 0x20
"""The bit that makes a letter a small one."""
_SPACE: Final = 0x20
_TAB: Final = 0x09
_NAME_ENDS: Final = (0x3A, _SPACE, _TAB)
_FOLD: Final = re.compile(rb"\r\n[ \t]+")
_spellings: Final[dict[bytes, bytes]] = {}
_headers: Final[dict[bytes, Header]] = {}


def canonical(name: bytes) -> bytes:
    """The lower-case long form of a header name: `V`, `via` and `Via ` are `via`.

    Spellings are remembered, for peers use few; a peer that makes them up costs its own time only.
    """
    known = _spellings.get(name)
    if known is None:
        lower = name.strip().lower()
        known = COMPACT.get(lower, lower)
        if len(name) <= LONGEST_REMEMBERED:
            if len(_spellings) >= MOST_REMEMBERED:
                _spellings.clear()
            _spellings[name] = known
    return known


class Header:
    """A header by its name, in any spelling.

    `raw_lines` are the lines of a head without their ends, none empty: the start line first, a fold a line of its own.
    """

    __slots__ = ("_compact", "_first", "_length", "_second", "_usual", "_width", "name")

    def __init__(self, name: bytes) -> None:
        """The usual spelling of the name is the quickest to find; an empty name is that of no header."""
        self._usual = name + b":"
        self._width = len(self._usual)
        self.name = canonical(name)
        letters = self.name + b":\0"
        self._first = letters[0] | _LOWER
        self._length = len(self.name)
        self._second = letters[1] | _LOWER
        self._compact = _COMPACT_OF.get(self.name, letters)[0] | _LOWER

    def find(self, raw_lines: list[bytes], start: int = 1) -> int:
        """The index of the first line of this header from `start` on; 0 when there is none."""
        first, compact = self._first, self._compact
        for index in range(start, len(raw_lines)):
            line = raw_lines[index]
            letter = line[0] | _LOWER
            if letter in (first, compact) and (line.startswith(self._usual) or self._begins(line)):
                return index
        return 0

    def _begins(self, line: bytes) -> bool:
        """Whether the line begins with the name in another spelling; most that do not are told by two bytes."""
        length = self._length
        is_long = len(line) > length and line[length] in _NAME_ENDS and (line[1] | _LOWER) == self._second
        if not is_long and (len(line) < 2 or line[1] not in _NAME_ENDS):
            return False
        name, colon, _ = line.partition(b":")
        return bool(colon) and canonical(name) == self.name

    def line(self, raw_lines: list[bytes]) -> bytes:
        """The first line of this header as it was received, with its folds, without the final CRLF; b"" without any."""
        index = self.find(raw_lines)
        return with_folds(raw_lines, index) if index else b""

    def value(self, raw_lines: list[bytes]) -> bytes:
        """What stands in the first line of this header, unfolded, without white space around it; b"" without any."""
        index = self.find(raw_lines)
        if not index:
            return b""
        line = raw_lines[index]
        if is_folded(raw_lines, index) or not line.startswith(self._usual):
            return value_of(with_folds(raw_lines, index))
        return line[self._width :].strip()

    def lines(self, raw_lines: list[bytes]) -> list[bytes]:
        """Every line of this header, each as in `line`."""
        found: list[bytes] = []
        index = self.find(raw_lines)
        while index:
            found.append(with_folds(raw_lines, index))
            index = self.find(raw_lines, index + 1)
        return found


def header(name: bytes) -> Header:
    """The header of that name, which need not be canonical. It is kept: only for names that we ask for, not for a peer's."""
    known = _headers.get(name)
    if known is None:
        known = _headers[name] = Header(name)
    return known


def is_folded(raw_lines: list[bytes], index: int) -> bool:
    """Whether the line goes on in the next."""
    index += 1
    return index < len(raw_lines) and raw_lines[index][0] in (_SPACE, _TAB)


def with_folds(raw_lines: list[bytes], index: int) -> bytes:
    """A line and the folds behind it, each behind a CRLF."""
    if not is_folded(raw_lines, index):
        return raw_lines[index]
    end = index + 1
    while is_folded(raw_lines, end):
        end += 1
    return b"\r\n".join(raw_lines[index : end + 1])


def value_of(line: bytes) -> bytes:
    """What stands behind the colon, unfolded, without white space around it."""
    value = line[line.find(b":") + 1 :]
    if value.find(b"\r\n") >= 0:
        value = _FOLD.sub(b" ", value)
    return value.strip()
