# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is at hand where a keyword or an action is compiled: `Scope`; and how texts with keywords are read: `Language`."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from engine.messages import ProblemCode
from engine.scenario.assemble import Part, assemble
from engine.scenario.problems import Misuse, Problems, nearest
from engine.scenario.program import CallState, Render, RunFacts
from engine.scenario.template import Parsed, TemplateParser, Word, base_name
from engine.scenario.variables import Variable

_NO_TEXT = Parsed(())
Compiled = Part | tuple[Part, ...]
Entry = TypeVar("Entry")

_PREFIXES = frozenset({"field", "$", "last_"})
"""Entries whose name goes on in the text."""
_FIELD = re.compile(r"field\d{1,9}")


@dataclass(frozen=True, slots=True)
class Keyword:
    """One entry of the table. `needs_run`: it cannot be compiled while a scenario is only checked."""

    compile: Callable[[Word, Scope], Compiled]
    needs_run: bool = False


@dataclass(frozen=True, slots=True)
class Scope:
    """What a keyword or an action may know when it is compiled, and how it compiles the texts that it holds.

    `steps` is how many the scenario has, `index` the step's; in an action, [branch] is that of the step before and
    [msg_index] is -2, as in SIPp. `branch_index` overrides the step in [branch]. What is misused goes to `problems`.
    `checking`: there is no run yet, and `facts` are those of none.
    """

    language: Language
    facts: RunFacts
    variables: Mapping[str, Variable]
    next_dynamic_id: Callable[[CallState], int]
    problems: Problems
    checking: bool = False
    steps: int = 0
    index: int = 0
    in_action: bool = False
    branch_index: Callable[[CallState], int] | None = None
    text: Parsed = _NO_TEXT
    """All of the text in which the keyword stands."""

    def variable(self, name: str) -> Variable:
        """The variable of that name. Raises Misuse."""
        if name not in self.variables:
            raise Misuse(f"variable ${name} is not set anywhere", nearest(name, self.variables, "${}"))
        return self.variables[name]

    def parse(self, text: str) -> Parsed:
        """A text that comes up in the run and may hold keywords; what is none stays as it is."""
        own = [name for name, _ in self.facts.keywords]
        return TemplateParser(self.language.classifier(own), Problems(""), tolerant=True).parse(text, 0)

    def parts(self, parsed: Parsed) -> list[Part]:
        """What each part of a text is."""
        return self.language.compile(parsed, self)

    def render(self, parsed: Parsed) -> Render:
        """One callable for a text with keywords."""
        return assemble(self.parts(parsed))

    def quiet(self) -> Scope:
        """The same, for texts whose problems nobody wants to hear of."""
        return replace(self, problems=Problems(""))


class Language:
    """The keywords that there are: `table`, and the names in `later`, which SIPp knows and we do not yet."""

    def __init__(self, table: Mapping[str, Keyword]) -> None:
        self._table = table

    def classifier(self, own: Collection[str]) -> Callable[[str, int, Problems], str | None]:
        """How a `TemplateParser` tells keywords in a run that has these of its own (-key)."""

        def classify(full: str, line: int, problems: Problems) -> str | None:
            name = base_name(full)
            return name if name in own and name not in self._table else self._classify(full, name, own, line, problems)

        return classify

    def _classify(self, full: str, name: str, own: Collection[str], line: int, problems: Problems) -> str | None:
        """The name in the table of what stands in brackets; None, and an error, when it is none."""
        if name in self._table and name not in _PREFIXES:
            return name
        if full.startswith("$") and len(name) > 1:
            return "$"
        if full.startswith("last_") and len(full) > 5:
            return "last_"
        if name.startswith("field"):
            if not _FIELD.fullmatch(name):
                problems.warn(
                    line, f"[{full}] is read as in SIPp: a field's number goes as far as its digits, and 0 without any"
                )
            return "field"
        alike = nearest(name, [*(self._table.keys() - _PREFIXES), *own], "[{}]")
        plain = rf"write \x5b for a plain [, or give it a value with -key {name} VALUE"
        hint = f"{alike} Or give it a value with -key {name} VALUE" if alike else plain
        problems.error(line, f"unknown keyword [{full}]", hint, ProblemCode.UNKNOWN_KEYWORD)
        return None

    def compile(self, parsed: Parsed, scope: Scope) -> list[Part]:
        """What each part of a text is; words that are misused go to the problems of the scope."""
        parts: list[Part] = []
        scope = replace(scope, text=parsed)
        for part in parsed.parts:
            if not isinstance(part, Word):
                parts.append(part)
                continue
            try:
                compiled = self._compile_word(part, scope)
            except Misuse as misuse:
                scope.problems.error(part.line, misuse.message, misuse.hint)
                continue
            parts.extend(compiled if isinstance(compiled, tuple) else (compiled,))
        return parts

    def _compile_word(self, word: Word, scope: Scope) -> Compiled:
        entry = self._table.get(word.name)
        if entry is None:
            return next((value for name, value in scope.facts.keywords if name == word.name), "").encode("latin-1", "replace")
        return b"" if scope.checking and entry.needs_run else entry.compile(word, scope)


def join_tables(*tables: Mapping[str, Entry]) -> dict[str, Entry]:
    """One table of several. Raises ValueError when a name stands in two of them."""
    joined: dict[str, Entry] = {}
    for table in tables:
        twice = joined.keys() & table.keys()
        if twice:
            raise ValueError(f"{', '.join(sorted(twice))}: in two tables")
        joined.update(table)
    return joined
