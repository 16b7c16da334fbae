# SPDX-License-Identifier: AGPL-3.0-or-later
"""The variables of a scenario: who names them, and the index that each gets.

A name needs no declaration. So a misspelt one shows only by being used once; that is an error, as in SIPp, unless a
`Reference` element names it.
"""

from __future__ import annotations

from engine.scenario.problems import Problems, nearest


class VariableUses:
    """Counts the uses of each variable while a scenario is read."""

    def __init__(self) -> None:
        self._lines: dict[str, list[int]] = {}
        self._references: dict[str, int] = {}

    def use(self, name: str, line: int) -> None:
        """`name` is written or read at `line`."""
        self._lines.setdefault(name, []).append(line)

    def reference(self, name: str, line: int) -> None:
        """A `Reference` element at `line` vouches for `name`."""
        self._references[name] = line

    @property
    def names(self) -> tuple[str, ...]:
        """Every variable in the order of its first use: its position is its index."""
        return tuple(self._lines)

    def check(self, problems: Problems) -> None:
        """Report what is used once only, and references to nothing."""
        for name, lines in self._lines.items():
            if len(lines) == 1 and name not in self._references:
                others = [other for other in self._lines if other != name]
                hint = nearest(name, others, "${}") or f'or name it in <Reference variables="{name}"/>'
                problems.error(lines[0], f"variable ${name} is used only here", hint)
        for name, line in self._references.items():
            if name not in self._lines:
                problems.error(line, f"Reference names ${name}, which is never used", nearest(name, self._lines, "${}"))
