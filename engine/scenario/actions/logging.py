# SPDX-License-Identifier: AGPL-3.0-or-later
"""Actions that tell a person something."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from engine.scenario.actions.node import ActionKind, ActionNode
from engine.scenario.problems import Misuse
from engine.scenario.program import Action, CallState, RunAborted
from engine.scenario.scope import Scope

_MESSAGE = frozenset({"message"})
_MOST_TEXT = 10_000
_OWN = "attr."
"""What the names of a <log>'s own attributes begin with."""
_LEVELS = {"info": "info", "warn": "warn", "error": "error"}


def _text(node: ActionNode, scope: Scope) -> Callable[[CallState], str]:
    node.required("message")
    return _text_of(node, "message", scope)


def _text_of(node: ActionNode, attribute: str, scope: Scope) -> Callable[[CallState], str]:
    render = scope.render(node.texts[attribute])
    return lambda call: render(call).replace(b"\r\n", b"\n").decode("utf-8", "replace")


def _harmless(text: str) -> str:
    """A text in which a peer may have put anything, for a terminal: lines without control characters, and not without end."""
    return "".join([each if each.isprintable() or each in "\n\t" else "?" for each in text[:_MOST_TEXT]])


def _log(node: ActionNode, scope: Scope) -> Action:
    """A line; with a level, a name or attributes of its own, which only the event log tells, it costs a little more."""
    text = _text(node, scope)
    level = node.one_of("level", _LEVELS, "info")
    name = node.attributes.get("name", "")
    own = _own_attributes(node, scope)
    if level == "info" and not name and not own:
        return lambda call: call.log(text(call))

    def log(call: CallState) -> None:
        call.log_event(text(call), level, name, tuple([(each, value(call)[:_MOST_TEXT]) for each, value in own]))

    return log


def _own_attributes(node: ActionNode, scope: Scope) -> list[tuple[str, Callable[[CallState], str]]]:
    """What the action tells beside its message, by name, in the order in which it stands there."""
    names = [each for each in node.attributes if each.startswith(_OWN)]
    if _OWN in names:
        raise Misuse(f"{_OWN} has no name behind its point", f'write {_OWN}NAME="…"', _OWN)
    return [(each.removeprefix(_OWN), _text_of(node, each, scope)) for each in names]


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
    "log": ActionKind(_log, _MESSAGE | {"level", "name"}, texts=_MESSAGE, own=_OWN),
    "warning": ActionKind(_warning, _MESSAGE, texts=_MESSAGE),
    "error": ActionKind(_error, _MESSAGE, texts=_MESSAGE),
}
