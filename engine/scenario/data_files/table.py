# SPDX-License-Identifier: AGPL-3.0-or-later
"""A data file as the calls of a shard see it: a line is split when a call takes it."""

from __future__ import annotations

import mmap
from collections.abc import Callable
from random import Random
from typing import Final

from engine.scenario.data_files.index import LineIndex, key_in
from engine.scenario.data_files.loaded import LoadedFile
from engine.scenario.data_files.order import make_order
from engine.scenario.data_files.printf import BadPattern, compile_pattern, fill
from engine.scenario.data_files.scan import line_number

MOST_KEPT: Final = 1000
"""Split lines that are kept; then it starts anew."""


class Problem(Exception):
    """What a call wants of a data file and cannot have; the text says why and where."""


class DataFile:
    """One data file in a shard: what all shards share, and what this one's calls changed. Lines count from 0.

    `coming_number` is the number of the call that begins next. `own` are the fields of the line that belongs to the call with
    `own_number`, the last that took one: a message takes several. `own_plain`: none of them can hold a keyword.
    """

    __slots__ = (
        "_coming_number",
        "_data",
        "_index",
        "_inserted",
        "_loaded",
        "_order",
        "_patterns",
        "_recent",
        "_replaced",
        "_rich",
        "_shared",
        "_skipped",
        "_starts",
        "_views",
        "name",
        "own",
        "own_number",
        "own_plain",
        "path",
    )

    def __init__(self, loaded: LoadedFile, random: Random, coming_number: Callable[[], int]) -> None:
        """Map the memory of a loaded file, whose descriptor may be closed then."""
        self.name = loaded.name
        self.path = loaded.path
        self._loaded = loaded
        self._coming_number = coming_number
        self._order = make_order(loaded.heading.order, loaded.size, random)
        self._shared = loaded.lines
        self._inserted: list[bytes] = []
        self._replaced: dict[int, bytes] = {}
        self._recent: dict[int, list[bytes]] = {}
        self._rich: set[int] = set()
        self.own_number = -1
        self.own: list[bytes] = []
        self.own_plain = True
        self._patterns: dict[int, tuple[bytes, int]] = {}
        self._data = mmap.mmap(loaded.descriptor, 0, access=mmap.ACCESS_READ)
        numbers = memoryview(self._data)[(loaded.data_bytes + 3) // 4 * 4 :].cast("I")
        skipped = loaded.lines + 1
        last = skipped + loaded.comments
        before = last + loaded.buckets
        self._starts, self._skipped = numbers[:skipped], numbers[skipped:last]
        self._views = [numbers, self._starts, self._skipped, numbers[last:before], numbers[before:]]
        self._index: LineIndex | None = None
        if loaded.indexed_field is not None:
            self._index = LineIndex(loaded.indexed_field, self._views[3], self._views[4], self._key_in_file)

    def close(self) -> None:
        """Let go of the memory; nothing may be read any more."""
        for view in self._views:
            view.release()
        self._data.close()

    @property
    def size(self) -> int:
        """How many lines there are now."""
        return self._order.size

    @property
    def by_user(self) -> bool:
        """Whether each user has a line of its own."""
        return self._loaded.heading.order == "USER"

    # --- reading -------------------------------------------------------------------------------------------------------

    def line_of(self, number: int, user: int) -> int:
        """The line of the call with this number and user. Raises Problem."""
        line = self._order.line_of(number, user)
        if line < 0:
            if user:
                raise Problem(f"{self.path} has {self.size} lines, and user {user} needs its own")
            raise Problem(f"{self.path} has a line for each user, and the call has none — give -users, or line=")
        return line

    def take(self, number: int, user: int) -> None:
        """Make `own` the fields of a call's own line. Raises Problem."""
        line = self.line_of(number, user)
        self.own = self.fields(line)
        self.own_plain = line not in self._rich
        self.own_number = number

    def fields(self, line: int) -> list[bytes]:
        """The fields of a line that there is. Raises Problem."""
        fields = self._recent.get(line)
        if fields is None:
            if len(self._recent) >= MOST_KEPT:
                self._recent.clear()
                self._rich.clear()
            text = self._text(line)
            fields = self._recent[line] = text.split(b";")
            if b"[" in text:
                self._rich.add(line)
        return fields

    def place(self, line: int) -> str:
        """Where a line stands, for people."""
        if self._loaded.heading.printf is not None:
            line %= self._shared
        if line in self._replaced:
            return f"{self.path}: the line that replaced line {line}"
        if line >= self._shared:
            return f"{self.path}: the inserted line {line}"
        return f"{self.path}:{line_number(line, self._skipped)}"

    def _text(self, line: int) -> bytes:
        if self._loaded.heading.printf is not None:
            return self._filled(line)
        if line >= self._shared:
            return self._inserted[line - self._shared]
        if self._replaced and line in self._replaced:
            return self._replaced[line]
        return self._in_file(line)

    def _in_file(self, line: int) -> bytes:
        starts = self._starts
        return self._data[starts[line] : starts[line + 1]]

    def _filled(self, line: int) -> bytes:
        numbers = self._loaded.heading.printf
        if numbers is None:
            return b""
        template = line % self._shared
        pattern = self._patterns.get(template)
        if pattern is None:
            try:
                pattern = compile_pattern(self._in_file(template))
            except BadPattern as error:
                raise Problem(f"{self.place(line)}: {error}") from None
            if len(self._patterns) >= MOST_KEPT:
                self._patterns.clear()
            self._patterns[template] = pattern
        return fill(pattern, line * numbers.multiple + numbers.offset)

    # --- changing ------------------------------------------------------------------------------------------------------

    def insert(self, text: bytes) -> None:
        """Add a line at the end. Raises Problem."""
        self._check_changeable()
        line = self.size
        self._inserted.append(text)
        self._order.grow(self._coming_number())
        if self._index is not None:
            self._index.set(key_in(text, self._index.field), line)

    def replace(self, line: int, text: bytes) -> None:
        """Put another line in the place of this one. Raises Problem."""
        self._check_changeable()
        if not 0 <= line < self.size:
            raise Problem(f"{self.path} has no line {line}; it has {self.size}, counted from 0")
        if self._index is not None:
            self._index.drop(key_in(self._text(line), self._index.field), line)
            self._index.set(key_in(text, self._index.field), line)
        self._recent.pop(line, None)
        self._rich.discard(line)
        self.own_number = -1
        if line >= self._shared:
            self._inserted[line - self._shared] = text
        else:
            self._replaced[line] = text

    def why_fixed(self) -> str:
        """Why nothing can be inserted or replaced, or ""."""
        fixed = self._loaded.heading.printf is not None
        return f"{self.path} is a PRINTF file, in which nothing can be inserted or replaced" if fixed else ""

    def _check_changeable(self) -> None:
        if self._loaded.heading.printf is not None:
            raise Problem(self.why_fixed())

    # --- looking up ----------------------------------------------------------------------------------------------------

    def lookup(self, key: bytes) -> int:
        """The line whose indexed field is `key`, or -1. Raises Problem."""
        if self._index is None:
            raise Problem(self.why_unindexed())
        return self._index.find(key)

    def why_unindexed(self) -> str:
        """Why nothing can be looked up, or ""."""
        return f"{self.path} has no index — make one with -infindex {self.name} FIELD" if self._index is None else ""

    def _key_in_file(self, line: int) -> bytes:
        field = self._loaded.indexed_field or 0
        return key_in(self._in_file(line) if self._loaded.heading.printf is None else self._filled(line), field)
