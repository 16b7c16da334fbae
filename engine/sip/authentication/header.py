# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the headers of authentication say: `Digest realm="…", nonce="…", …` (RFC 7235 section 2.1, RFC 7616 section 3).

A header may hold several challenges with commas between them, as its parameters have. The bytes come from the network: they
are read once from left to right, and there are limits to how much is looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

MOST_BYTES: Final = 8192
"""Of the value of one header."""
MOST_SCHEMES: Final = 16
"""Challenges or credentials that are read of one message."""
MOST_PARAMETERS: Final = 64
"""Of one challenge."""

_SEPARATORS: Final = re.compile(rb"[ \t\r\n,]*+")
_ITEM: Final = re.compile(
    rb"""([!#$%&'*+.^_`|~A-Za-z0-9/-]++)             # the name of a scheme or of a parameter
    (?:[ \t\r\n]*+=[ \t\r\n]*+                       # a parameter:
    (?:"((?:[^"\\]|\\.)*+)"|([^\s,"]*+)))?+          # its value, with quotes or without
    """,
    re.S | re.X,
)


class AuthenticationError(ValueError):
    """A challenge or credentials that cannot be used; the text says why, in one line."""


@dataclass(frozen=True, slots=True)
class Scheme:
    """A challenge or credentials: the scheme's name and its parameters, names in lower case, values as between the quotes.

    What a value's quotes hold is left as it is, backslashes too: that is what goes into digests (`unq` in RFC 7616
    section 3.4.2), and what is sent back.
    """

    name: bytes
    parameters: dict[bytes, bytes]

    def get(self, name: bytes) -> bytes:
        """The value of a parameter; b"" when it is absent."""
        return self.parameters.get(name, b"")


def read_schemes(values: Iterable[bytes]) -> list[Scheme]:
    """The challenges or credentials in the values of headers, in order. Raises AuthenticationError."""
    schemes: list[Scheme] = []
    for value in values:
        if len(value) > MOST_BYTES:
            raise AuthenticationError(f"a header of more than {MOST_BYTES} bytes")
        _read_value(value, schemes)
    return schemes


def _read_value(value: bytes, schemes: list[Scheme]) -> None:
    current: Scheme | None = None
    position = _skip_separators(value, 0)
    while position < len(value):
        item = _ITEM.match(value, position)
        if item is None:
            raise AuthenticationError("no list of parameters")
        position = _skip_separators(value, item.end())
        name, quoted, plain = item.groups()
        given = plain if quoted is None else quoted
        if given is None:
            current = Scheme(name.lower(), {})
            schemes.append(current)
            if len(schemes) > MOST_SCHEMES:
                raise AuthenticationError(f"more than {MOST_SCHEMES} challenges")
            continue
        if current is None:
            raise AuthenticationError("parameters without a scheme")
        if len(current.parameters) >= MOST_PARAMETERS:
            raise AuthenticationError(f"more than {MOST_PARAMETERS} parameters")
        current.parameters.setdefault(name.lower(), given)


def _skip_separators(value: bytes, position: int) -> int:
    found = _SEPARATORS.match(value, position)
    return found.end() if found else position
