# SPDX-License-Identifier: AGPL-3.0-or-later
"""Header fields: their names, compact or long, in the one spelling that we compare (RFC 3261 section 7.3.3), and how a value
that is a list is parted (section 7.3.1)."""

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
_spellings: Final[dict[bytes, bytes]] = {}
_COMPACT_OF: Final = {long: compact for compact, long in COMPACT.items()}
LOWER: Final = 0x20
"""The bit that makes a letter a small one."""
_initials: Final[dict[bytes, tuple[int, int]]] = {}


def initials(name: bytes) -> tuple[int, int]:
    """What the long and the compact form of a header begin with, with `LOWER`; the name must be canonical."""
    known = _initials.get(name)
    if known is None:
        known = _initials[name] = (name[0] | LOWER, _COMPACT_OF.get(name, name)[0] | LOWER) if name else (0, 0)
    return known


def canonical(name: bytes) -> bytes:
    """The lower-case long form of a header name: `V`, `via` and `Via ` are `via`.

    Spellings are remembered, for peers use few; a peer that makes them up costs its own time only.
    """
    known = _spellings.get(name)
    if known is None:
        lower = name.strip().lower()
        known = COMPACT.get(lower, lower)
        if len(_spellings) >= MOST_REMEMBERED:
            _spellings.clear()
        _spellings[name] = known
    return known


_ENTRY: Final = re.compile(rb'(?:[^",<]++|"(?:[^"\\]++|\\.)*+"?|<[^>]*+>?)++', re.S)
QUOTED: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.S)
"""A quoted string, also one that nothing ends (RFC 3261 section 25.1)."""


def entries(value: bytes) -> list[bytes]:
    """The entries of a list, without white space around them; empty ones are left out.

    A comma in a quoted string or between < and > parts nothing. Takes time in proportion to the length.
    """
    return [entry for entry in map(bytes.strip, _ENTRY.findall(value)) if entry]
