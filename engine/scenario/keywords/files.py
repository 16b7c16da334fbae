# SPDX-License-Identifier: AGPL-3.0-or-later
"""The keyword for whole files."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Final

from engine.messages import Failure
from engine.scenario.assemble import Part, Slot
from engine.scenario.input_files import Unreadable, check_regular, read_regular
from engine.scenario.problems import Misuse, one_line
from engine.scenario.program import CallState, Render
from engine.scenario.scope import Compiled, Keyword, Scope
from engine.scenario.template import Text, Word

MOST_FILE_BYTES: Final = 1 << 20
"""More than any message holds."""
MOST_KEPT_FILES: Final = 100


def _file(word: Word, scope: Scope) -> Compiled:
    """The bytes of a file, which are read when the run starts; a check only looks whether the file is there."""
    name = word.arguments.get("name")
    if name is None or not name.parts:
        raise Misuse(f"[{word.source}] needs name=", 'write [file name="…"]')
    if scope.checking and name.constant is None:
        scope.parts(name)
        return Slot(lambda call: b"")
    parts = scope.parts(name)
    path = _constant(parts)
    if path is None:
        return Slot(FileOfCall(scope.render(name), word.source).render, may_hold_lines=True)
    try:
        if not scope.checking:
            return read_regular(os.fsdecode(path), MOST_FILE_BYTES)
        check_regular(os.fsdecode(path), MOST_FILE_BYTES)
    except Unreadable as error:
        raise Misuse(f"[{word.source}]: cannot read the file: {error}") from None
    return b""


def _constant(parts: Sequence[Part]) -> bytes | None:
    """The text when nothing in it differs from call to call."""
    plain = [part.data if isinstance(part, Text) else part for part in parts]
    return b"".join(part for part in plain if isinstance(part, bytes)) if all(isinstance(p, bytes) for p in plain) else None


class FileOfCall:
    """A file whose name differs from call to call: it is read when a call first names it, and then kept.

    Nobody can know the names before, so the first reading takes place while calls run. Files of a message are small and
    soon in the system's cache; whoever cannot wait for a slow disk writes the name out.
    """

    def __init__(self, name: Render, source: str) -> None:
        """`source` is the keyword as it stands in the scenario."""
        self._name = name
        self._source = source
        self._kept: dict[bytes, bytes] = {}

    def render(self, call: CallState) -> bytes:
        """The bytes of the file that this call names; the call fails when it cannot be read."""
        name = self._name(call)
        data = self._kept.get(name)
        if data is None:
            try:
                data = read_regular(os.fsdecode(name), MOST_FILE_BYTES)
            except Unreadable as error:
                call.fail(Failure.CANNOT_SEND, f"[{self._source}]: cannot read {one_line(name.decode('latin-1'))}: {error}")
                return b""
            if len(self._kept) >= MOST_KEPT_FILES:
                self._kept.clear()
            self._kept[name] = data
        return data


KEYWORDS: Mapping[str, Keyword] = {
    "file": Keyword(_file),
}
