# SPDX-License-Identifier: AGPL-3.0-or-later
"""The variables of a scenario: who names them, whose they are, and the index that each gets.

A name needs no declaration: it is a variable of the call, unless a `Global` or a `User` element anywhere in the file says
otherwise (where both do, it is global). So a misspelt one shows only by being used once; that is an error, as in SIPp, unless
a `Reference` element names it. A declaration counts as a use.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from engine.messages import ProblemCode
from engine.scenario.problems import Problems, nearest
from engine.scenario.template import Parsed
from engine.scenario.variables import Variable


class VariableUses:
    """Counts the uses of each variable while a scenario is read. `known` has each so far, whosever it is, to try texts with."""

    def __init__(self) -> None:
        self.known: dict[str, Variable] = {}
        self._lines: dict[str, list[int]] = {}
        self._declared: dict[str, dict[str, int]] = {"Global": {}, "User": {}}
        self._references: dict[str, int] = {}

    def use(self, name: str, line: int) -> None:
        """`name` is written or read at `line`."""
        if name not in self.known:
            self.known[name] = Variable(len(self.known))
        self._lines.setdefault(name, []).append(line)

    def declare(self, element: str, name: str, line: int) -> None:
        """A `Global` or a `User` element at `line` names `name`."""
        self._declared[element][name] = line
        self.use(name, line)

    def use_where_named(self, name: str) -> None:
        """The engine reads or writes it, wherever the scenario names it."""
        if name in self._lines:
            self._lines[name].append(self._lines[name][0])

    def reference(self, name: str, line: int) -> None:
        """A `Reference` element at `line` vouches for `name`."""
        self._references[name] = line

    @property
    def names(self) -> tuple[str, ...]:
        """The variables of the call in the order of their first use: its position is its index."""
        return tuple(name for name in self._lines if not any(name in names for names in self._declared.values()))

    @property
    def global_names(self) -> tuple[str, ...]:
        """The variables of the run."""
        return tuple(self._declared["Global"])

    @property
    def user_names(self) -> tuple[str, ...]:
        """The variables of the user."""
        return tuple(name for name in self._declared["User"] if name not in self._declared["Global"])

    @property
    def vouched(self) -> Collection[str]:
        """What `Reference` elements name."""
        return self._references.keys()

    def check(self, problems: Problems) -> None:
        """Report what is used once only, and references to nothing."""
        for name, lines in self._lines.items():
            if len(lines) == 1 and name not in self._references:
                self._report_single(name, lines[0], problems)
        for name, line in self._references.items():
            if name not in self._lines:
                what = f"Reference names ${name}, which is never used"
                problems.error(line, what, nearest(name, self._lines, "${}"), ProblemCode.SINGLE_VARIABLE)

    def _report_single(self, name: str, line: int, problems: Problems) -> None:
        elements = [element for element, names in self._declared.items() if name in names]
        what = f"<{elements[0]}> names ${name}, which is never used" if elements else f"variable ${name} is used only here"
        hint = nearest(name, self._lines, "${}") or f'or name it in <Reference variables="{name}"/>'
        problems.error(line, what, hint, ProblemCode.SINGLE_VARIABLE)


def variables_in(parsed: Parsed) -> Iterator[tuple[str, int]]:
    """The variables that a text names, and where."""
    for word in parsed.words:
        name = word.rest if word.name == "$" else _fill_variable(word.arguments) if word.name == "fill" else ""
        if name:
            yield name, word.line


def _fill_variable(arguments: Mapping[str, Parsed]) -> str:
    named = arguments.get("variable")
    return (named.constant or b"").decode("latin-1").removeprefix("$") if named else ""
