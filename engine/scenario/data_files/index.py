# SPDX-License-Identifier: AGPL-3.0-or-later
"""Finding a line by one of its fields (`-infindex`), for the action `lookup`.

The lines of the file are in a hash table of two arrays, which is made once and shared: for each bucket the number (from 1) of
the last line in it, and for each line that of the one before it in its bucket. What the scenario changes is in a dictionary
beside it, whose entries count first. Of several lines with one key the last is found; a line that is replaced leaves its
key to no other, as in SIPp.
"""

from __future__ import annotations

import zlib
from array import array
from collections.abc import Callable, Iterable, Sequence
from typing import Final

NOT_FOUND: Final = -1


def key_in(text: bytes, field: int) -> bytes:
    """A field of a line; nothing where the line has no such field."""
    fields = text.split(b";", field + 1)
    return fields[field] if field < len(fields) else b""


def buckets_for(lines: int) -> int:
    """How many buckets an index of so many lines has: a power of two."""
    return 1 << max(lines - 1, 0).bit_length()


def build_index(keys: Iterable[bytes], lines: int) -> tuple[array[int], array[int]]:
    """The two arrays for `lines` keys."""
    buckets = buckets_for(lines)
    mask = buckets - 1
    last, before = array("I", bytes(4 * buckets)), array("I", bytes(4 * lines))
    hashed = zlib.crc32
    for line, key in enumerate(keys):
        bucket = hashed(key) & mask
        before[line] = last[bucket]
        last[bucket] = line + 1
    return last, before


class LineIndex:
    """The index of one data file in a shard. `key_of` is the key of a line as it stands in the file."""

    __slots__ = ("_before", "_changed", "_key_of", "_last", "_mask", "field")

    def __init__(self, field: int, last: Sequence[int], before: Sequence[int], key_of: Callable[[int], bytes]) -> None:
        self.field = field
        self._last = last
        self._before = before
        self._mask = len(last) - 1
        self._key_of = key_of
        self._changed: dict[bytes, int] = {}

    def find(self, key: bytes) -> int:
        """The line with this key, or NOT_FOUND."""
        changed = self._changed.get(key)
        if changed is not None:
            return changed
        line = self._last[zlib.crc32(key) & self._mask] - 1
        while line >= 0 and self._key_of(line) != key:
            line = self._before[line] - 1
        return line

    def set(self, key: bytes, line: int) -> None:
        """This line has this key now."""
        self._changed[key] = line

    def drop(self, key: bytes, line: int) -> None:
        """This line has this key no more."""
        if self.find(key) == line:
            self._changed[key] = NOT_FOUND
