# SPDX-License-Identifier: AGPL-3.0-or-later
"""The action that checks who sent a request: `<verifyauth assign_to="ok" username="joe" password="schmo"/>`."""

from __future__ import annotations

from collections.abc import Mapping

from engine.scenario.actions.node import ActionKind, ActionNode, single_variable
from engine.scenario.credentials import ARGUMENTS, credentials_of
from engine.scenario.program import Action, CallState
from engine.scenario.scope import Scope
from engine.sip.authentication import is_authentic
from engine.sip.message import MalformedMessage, Message


def _verify(node: ActionNode, scope: Scope) -> Action:
    node.required("username")
    node.required("password")
    target = scope.variable(node.required("assign_to"))
    user = credentials_of(node.texts, scope)

    def act(call: CallState) -> None:
        try:
            request = Message(call.message)
        except MalformedMessage:
            target.set(call, False)
            return
        target.set(call, is_authentic(request, user(call)))

    return act


ACTIONS: Mapping[str, ActionKind] = {
    "verifyauth": ActionKind(_verify, ARGUMENTS | {"assign_to"}, texts=ARGUMENTS, variables={"assign_to": single_variable}),
}
