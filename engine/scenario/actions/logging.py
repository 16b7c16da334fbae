# SPDX-License-Identifier: AGPL-3.0-or-later
"""Actions that tell a person something."""

from __future__ import annotations

from collections.abc import Mapping

from engine.scenario.actions.node import ActionKind, ActionNode
from engine.scenario.program import Action
from engine.scenario.scope import Scope


def _log(node: ActionNode, scope: Scope) -> Action:
    node.required("message")
    render = scope.render(node.texts["message"])
    return lambda call: call.log(render(call).replace(b"\r\n", b"\n").decode("utf-8", "replace"))


ACTIONS: Mapping[str, ActionKind] = {
    "log": ActionKind(_log, frozenset({"message"}), texts=frozenset({"message"})),
}
