# SPDX-License-Identifier: AGPL-3.0-or-later
"""Keywords for the fields of data files."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from engine.scenario.assemble import Slot
from engine.scenario.keywords.arguments import constant
from engine.scenario.problems import Misuse, nearest
from engine.scenario.program import CallState
from engine.scenario.scope import Compiled, Keyword, Scope
from engine.scenario.template import Parsed, Word


def _field(word: Word, scope: Scope) -> Compiled:
    files = scope.facts.data_files
    if not files:
        raise Misuse(f"[{word.source}] needs a data file", "name one with -inf FILE")
    name = constant(word, "file") if "file" in word.arguments else next(iter(files))
    if name not in files:
        raise Misuse(
            f"[{word.source}]: no data file '{name}' was given", nearest(name, files) or f"there is {', '.join(files)}"
        )
    file, number = files[name], int(word.rest)
    for line, fields in zip(file.numbers, file.lines, strict=True):
        if number >= len(fields):
            raise Misuse(
                f"{file.path}:{line} has {len(fields)} fields, [{word.source}] needs {number + 1}", "fields count from 0"
            )
    values = [_field_value(fields[number], scope) for fields in file.lines]
    if "line" in word.arguments:
        return Slot(_value_at_line(word.arguments["line"], values, file.line_of_call, scope), drops_line=True)
    line_of_call = file.line_of_call
    return Slot(lambda call: values[line_of_call(call.number)](call), drops_line=True)


def _field_value(text: bytes, scope: Scope) -> Callable[[CallState], bytes]:
    """A field's text, with the keywords that it holds."""
    if b"[" not in text:
        return lambda call: text
    parsed = scope.parse(text.decode("latin-1"))
    if any(word.name.startswith("field") for word in parsed.words):
        return lambda call: text
    return scope.render(parsed)


def _value_at_line(
    argument: Parsed, values: list[Callable[[CallState], bytes]], line_of_call: Callable[[int], int], scope: Scope
) -> Callable[[CallState], bytes]:
    """The field in a line that is told by number, from 0; a negative number is the call's own line."""
    number_of = scope.render(argument)

    def render(call: CallState) -> bytes:
        found = re.match(rb"\s*([+-]?\d{0,9})", number_of(call))
        number = int(found[1]) if found and found[1].strip(b"+-") else 0
        if number < 0:
            number = line_of_call(call.number)
        return values[number](call) if number < len(values) else b""

    return render


KEYWORDS: Mapping[str, Keyword] = {
    "field": Keyword(_field, needs_run=True),
}
