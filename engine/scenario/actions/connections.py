# SPDX-License-Identifier: AGPL-3.0-or-later
"""Actions on where a call's messages go: `setdest`, `closecon`."""

from __future__ import annotations

import re
from collections.abc import Mapping

from engine.scenario.actions.node import ActionKind, ActionNode
from engine.scenario.problems import LATER_HINT, Misuse
from engine.scenario.program import Action, CallState
from engine.scenario.scope import Scope

_PROTOCOLS = ("UDP", "TCP")
_LATER = ("TLS", "SCTP")
_LAST_PORT = 65535
_DESTINATION = ("host", "port", "protocol")


def _set_destination(node: ActionNode, scope: Scope) -> Action:
    """What follows goes there. As in SIPp the protocol stays that of the run."""
    for attribute in _DESTINATION:
        node.required(attribute)
    _check_constants(node, scope)
    host, port, protocol = (scope.render(node.texts[attribute]) for attribute in _DESTINATION)

    def act(call: CallState) -> None:
        call.set_destination(*(render(call).decode("latin-1").strip() for render in (host, port, protocol)))

    return act


def _check_constants(node: ActionNode, scope: Scope) -> None:
    """What is wrong before anything is known of a call. Raises Misuse."""
    port, protocol = (node.texts[attribute].constant for attribute in ("port", "protocol"))
    if port is not None and not (re.fullmatch(rb"\d{1,5}", port.strip()) and 0 < int(port) <= _LAST_PORT):
        raise Misuse(f'setdest: port="{node.attributes["port"]}" is no port', f"a number from 1 to {_LAST_PORT}")
    if protocol is None:
        return
    name = protocol.decode("latin-1").strip().upper()
    if name in _LATER:
        raise Misuse(f"setdest to {name} is not built yet", LATER_HINT)
    if name not in _PROTOCOLS:
        raise Misuse(f'setdest: protocol="{node.attributes["protocol"]}" is not known', f"it is {' or '.join(_PROTOCOLS)}")
    if not scope.checking and name != scope.facts.transport:
        raise Misuse(f"setdest cannot change from {scope.facts.transport} to {name}, nor can SIPp", "choose it with -t")


def _close_connection(node: ActionNode, scope: Scope) -> Action:
    return lambda call: call.close_connection()


ACTIONS: Mapping[str, ActionKind] = {
    "setdest": ActionKind(_set_destination, frozenset(_DESTINATION), texts=frozenset(_DESTINATION)),
    "closecon": ActionKind(_close_connection, frozenset()),
}
