# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is at hand where a keyword or an action is compiled, and what an entry of the table of keywords is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from engine.scenario.assemble import Part
from engine.scenario.problems import Misuse, nearest
from engine.scenario.program import CallState, RunFacts
from engine.scenario.template import Word


@dataclass(frozen=True, slots=True)
class Scope:
    """What a keyword or an action may know when it is compiled.

    `index` is the step's; in an action, [branch] is that of the step before and [msg_index] is -2, as in SIPp.
    `branch_index` overrides the step in [branch].
    """

    facts: RunFacts
    variables: Mapping[str, int]
    next_dynamic_id: Callable[[CallState], int]
    index: int = 0
    in_action: bool = False
    branch_index: Callable[[CallState], int] | None = None

    def variable(self, name: str) -> int:
        """The index of a variable. Raises Misuse."""
        if name not in self.variables:
            raise Misuse(f"variable ${name} is not set anywhere", nearest(name, self.variables, "${}"))
        return self.variables[name]


Compiled = Part | tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Keyword:
    """One entry of the table."""

    compile: Callable[[Word, Scope], Compiled]
    needs_run: bool = False
