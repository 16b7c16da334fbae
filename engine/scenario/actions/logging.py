# SPDX-License-Identifier: AGPL-3.0-or-later
"""Actions that tell a person something."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from engine.scenario.actions.node import ActionKind, ActionNode
from engine.scenario.program import Action, CallState, RunAborted
from engine.scenario.scope import Scope

_MESSAGE = frozenset({"message"})
_MOST_TEXT = 10_000


def _text(node: ActionNode, scope: Scope) -> Callable[[CallState], str]:
    node.required("message")
    render = scope.render(node.texts["message"])
    return lambda call: render(call).replace(b"\r\n", b"\n").decode("utf-8", "replace")


def _harmless(text: str) -> str:
    """A text in which a peer may have put anything, for a terminal: lines without control characters, and not without end."""
    return "".join([each if each.isprintable() or each in "\n\t" else "?" for each in text[:_MOST_TEXT]])


def _log(node: ActionNode, scope: Scope) -> Action:
    text = _text(node, scope)
    return lambda call: call.log(text(call))


def _warning(node: ActionNode, scope: Scope) -> Action:
    text = _text(node, scope)
    return lambda call: call.warn(_harmless(text(call)))


def _error(node: ActionNode, scope: Scope) -> Action:
    """The run ends where it stands, as in SIPp: the peers of the open calls are not told."""
    text = _text(node, scope)

    def abort(call: CallState) -> None:
        raise RunAborted(" ".join(_harmless(text(call)).split("\n")))

    return abort


ACTIONS: Mapping[str, ActionKind] = {
    "log": ActionKind(_log, _MESSAGE, texts=_MESSAGE),
    "warning": ActionKind(_warning, _MESSAGE, texts=_MESSAGE),
    "error": ActionKind(_error, _MESSAGE, texts=_MESSAGE),
}
