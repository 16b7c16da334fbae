# SPDX-License-Identifier: AGPL-3.0-or-later
"""Actions that read the clock."""

from __future__ import annotations

from collections.abc import Mapping

from engine.scenario.actions.node import ActionKind, ActionNode, several_variables
from engine.scenario.problems import Misuse
from engine.scenario.program import Action, CallState
from engine.scenario.scope import Scope


def _time_of_day(node: ActionNode, scope: Scope) -> Action:
    """Seconds since 1970, and the microseconds beyond them."""
    names = several_variables(node.required("assign_to"))
    if len(names) != 2:
        raise Misuse("gettimeofday needs two variables", 'assign_to="seconds,microseconds"')
    seconds, microseconds = (scope.variable(name) for name in names)
    now = scope.facts.wall_clock

    def read(call: CallState) -> None:
        whole, rest = divmod(round(now() * 1e6), 1_000_000)
        seconds.set(call, float(whole))
        microseconds.set(call, float(rest))

    return read


ACTIONS: Mapping[str, ActionKind] = {
    "gettimeofday": ActionKind(_time_of_day, frozenset({"assign_to"}), variables={"assign_to": several_variables}),
}
