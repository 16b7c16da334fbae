# SPDX-License-Identifier: AGPL-3.0-or-later
"""Actions on text."""

from __future__ import annotations

from collections.abc import Mapping

from engine.scenario.actions.node import ActionKind, ActionNode, single_variable
from engine.scenario.program import Action, CallState
from engine.scenario.scope import Scope


def _assign_string(node: ActionNode, scope: Scope) -> Action:
    node.required("value")
    target = scope.variable(node.required("assign_to"))
    render = scope.render(node.texts["value"])

    def act(call: CallState) -> None:
        target.set(call, render(call))

    return act


ACTIONS: Mapping[str, ActionKind] = {
    "assignstr": ActionKind(
        _assign_string, frozenset({"assign_to", "value"}), texts=frozenset({"value"}), variables={"assign_to": single_variable}
    ),
}
