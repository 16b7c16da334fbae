# SPDX-License-Identifier: AGPL-3.0-or-later
"""Keywords for the variables of a call."""

from __future__ import annotations

from collections.abc import Mapping

from engine.scenario.assemble import Slot
from engine.scenario.keywords.arguments import constant
from engine.scenario.problems import Misuse
from engine.scenario.program import CallState
from engine.scenario.scope import Compiled, Keyword, Scope
from engine.scenario.template import Word
from engine.scenario.values import text_of


def _variable(word: Word, scope: Scope) -> Compiled:
    variable = scope.variable(word.rest)
    return Slot(lambda call: text_of(variable.get(call)), drops_line=True, may_hold_lines=True)


def _fill(word: Word, scope: Scope) -> Compiled:
    variable = scope.variable(constant(word, "variable").removeprefix("$"))
    text = word.arguments["text"].constant if "text" in word.arguments else b"X"
    if not text:
        raise Misuse(f"[{word.source}]: text= must be plain text", 'write [fill text="ab" variable="1"]')

    def render(call: CallState) -> bytes:
        length = variable.get(call)
        size = int(length) if type(length) is float and length > 0 else 0
        return (text * (size // len(text) + 1))[:size]

    return Slot(render, may_hold_lines=True)


KEYWORDS: Mapping[str, Keyword] = {
    "$": Keyword(_variable),
    "fill": Keyword(_fill),
}
