# SPDX-License-Identifier: AGPL-3.0-or-later
"""Keywords for the fields of data files."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Final

from engine.messages import Failure
from engine.scenario.assemble import Slot
from engine.scenario.data_files import DataFile, Problem
from engine.scenario.problems import Misuse, nearest, one_line
from engine.scenario.program import CallState, Render
from engine.scenario.scope import Compiled, Keyword, Scope
from engine.scenario.template import Parsed, Word
from engine.scenario.values import whole_number

MOST_KEPT: Final = 1000
"""Fields with keywords that are kept as they were compiled; then it starts anew."""
TRIED_LINES: Final = 100
"""Lines that are looked at for too few fields before the run; the others are when a call takes them."""


class FileOfCall:
    """The data file that a call works with: one that is `known` before, or one that the call names."""

    __slots__ = ("_files", "_name", "known", "source")

    def __init__(self, files: Mapping[str, DataFile], file: DataFile | None, name: Render | None, source: str) -> None:
        """`source` is what speaks of the file in the scenario."""
        self._files = {os.fsencode(name): file for name, file in files.items()}
        self.known = file
        self._name = name
        self.source = source

    def find(self, call: CallState) -> DataFile | None:
        """The file; None when there is none of the name, and the call has failed."""
        if self.known is not None or self._name is None:
            return self.known
        name = self._name(call)
        file = self._files.get(name)
        if file is None:
            self.fail(call, f"no data file '{one_line(name.decode('latin-1'))}' was given")
        return file

    def fail(self, call: CallState, what: str) -> bytes:
        """The call does not get what it wants; it gets nothing instead."""
        call.fail(Failure.CANNOT_SEND, f"{self.source}: {what}")
        return b""


def file_named(scope: Scope, name: Parsed | None, source: str) -> FileOfCall:
    """The data file that a keyword or an action names; without a name the first. Raises Misuse."""
    files = scope.facts.data_files
    if not files:
        raise Misuse(f"{source} needs a data file", "name one with -inf FILE")
    if name is None or not name.parts:
        return FileOfCall(files, next(iter(files.values())), None, source)
    if name.constant is None:
        return FileOfCall(files, None, scope.render(name), source)
    wanted = os.fsdecode(name.constant)
    if wanted not in files:
        hint = nearest(wanted, files) or f"there is {', '.join(files)}"
        raise Misuse(f"{source}: no data file '{one_line(name.constant.decode('latin-1'))}' was given", hint)
    return FileOfCall(files, files[wanted], None, source)


class Field:
    """A field of the line that a call has. What a call cannot have is nothing, as in SIPp, and the call has failed."""

    __slots__ = ("_file", "_number", "_renders", "_scope")

    def __init__(self, file: FileOfCall, number: int, scope: Scope) -> None:
        self._file = file
        self._number = number
        self._scope = scope
        self._renders: dict[bytes, Render] = {}

    def render(self, call: CallState) -> bytes:
        """The text, with what stands for its keywords."""
        file = self._file.known or self._file.find(call)
        if file is None:
            return b""
        number = call.number
        try:
            if file.own_number != number:
                file.take(number, call.user)
            text = file.own[self._number]
        except IndexError:
            return self._too_short(call, file, file.line_of(number, call.user))
        except Problem as problem:
            return self._file.fail(call, str(problem))
        return text if file.own_plain or b"[" not in text else self._expanded(text)(call)

    def _too_short(self, call: CallState, file: DataFile, line: int) -> bytes:
        count = len(file.fields(line))
        return self._file.fail(call, f"{file.place(line)} has {count} fields, and it needs {self._number + 1}")

    def _expanded(self, text: bytes) -> Render:
        """What a text with keywords is compiled to. A field within a field stays as it is."""
        render = self._renders.get(text)
        if render is None:
            parsed = self._scope.parse(text.decode("latin-1"))
            within = any(word.name == "field" for word in parsed.words)
            render = _constant(text) if within else self._scope.render(parsed)
            if len(self._renders) >= MOST_KEPT:
                self._renders.clear()
            self._renders[text] = render
        return render


class FieldAtLine(Field):
    """A field of the line whose number is told."""

    __slots__ = ("_line",)

    def __init__(self, file: FileOfCall, number: int, line: Render, scope: Scope) -> None:
        super().__init__(file, number, scope)
        self._line = line

    def render(self, call: CallState) -> bytes:
        """The text; nothing where there is no such line, which a `lookup` that found nothing asks for too."""
        file = self._file.find(call)
        if file is None:
            return b""
        told = self._line(call)
        line = whole_number(told)
        if line is None:
            return self._file.fail(call, f"'{one_line(told[:40].decode('latin-1'))}' is no number of a line")
        if not 0 <= line < file.size:
            return b""
        try:
            text = file.fields(line)[self._number]
        except IndexError:
            return self._too_short(call, file, line)
        except Problem as problem:
            return self._file.fail(call, str(problem))
        return self._expanded(text)(call) if b"[" in text else text


def _constant(text: bytes) -> Render:
    return lambda call: text


def _field(word: Word, scope: Scope) -> Compiled:
    source = f"[{word.source}]"
    file = file_named(scope, word.arguments.get("file"), source)
    number = int(word.rest)
    line = word.arguments.get("line")
    if line is None or not line.parts or _is_negative(line):
        if file.known is not None:
            _check_own_lines(file.known, number, source, scope)
        return Slot(Field(file, number, scope.quiet()).render, drops_line=True, may_hold_lines=True)
    return Slot(FieldAtLine(file, number, scope.render(line), scope.quiet()).render, drops_line=True, may_hold_lines=True)


def _is_negative(line: Parsed) -> bool:
    """Whether `line=` is a negative number that is written out, which means the call's own line, as in SIPp."""
    text = line.constant
    return text is not None and text.lstrip().startswith(b"-") and whole_number(text) is not None


def _check_own_lines(file: DataFile, number: int, source: str, scope: Scope) -> None:
    """Whether calls have lines, and the first of these the field. Raises Misuse."""
    if file.by_user and scope.facts.users is None:
        raise Misuse(f"{source}: {file.path} has a line for each user, and the run has none", "give -users N, or line=")
    for line in range(min(file.size, TRIED_LINES)):
        fields = file.fields(line)
        if number >= len(fields):
            raise Misuse(f"{file.place(line)} has {len(fields)} fields, {source} needs {number + 1}", "fields count from 0")


KEYWORDS: Mapping[str, Keyword] = {
    "field": Keyword(_field, needs_run=True),
}
