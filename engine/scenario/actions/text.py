# SPDX-License-Identifier: AGPL-3.0-or-later
"""Actions on strings. Only strings and what expressions found count as strings; anything else is an empty one, as in SIPp."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from engine.messages import Failure
from engine.scenario.actions.node import ActionKind, ActionNode, checked_target, checks, single_variable
from engine.scenario.program import Action, CallState
from engine.scenario.scope import Scope
from engine.scenario.values import string_of
from engine.scenario.variables import Variable

_UNRESERVED = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
_ENCODED = tuple(b"%c" % byte if byte in _UNRESERVED else b"%%%02X" % byte for byte in range(256))
_PERCENT_ENCODED = re.compile(rb"%([0-9A-Fa-f]{2})")


def _assign_string(node: ActionNode, scope: Scope) -> Action:
    node.required("value")
    target = scope.variable(node.required("assign_to"))
    render = scope.render(node.texts["value"])

    def assign(call: CallState) -> None:
        target.set(call, render(call))

    return assign


# --- comparing ---------------------------------------------------------------------------------------------------------


def _compare(node: ActionNode, scope: Scope) -> Action:
    variable = scope.variable(node.required("variable"))
    constant, other = _operand(node, scope)
    must, must_not = checks(node)
    target = checked_target(node, scope)
    where = f"strcmp of ${node.attributes['variable']}"

    def compare(call: CallState) -> None:
        result = difference(string_of(variable.get(call)), constant if other is None else string_of(other.get(call)))
        if must and result:
            call.fail(Failure.STRCMP_DOES_NOT_MATCH, f"{where} does not match")
        elif must_not and not result:
            call.fail(Failure.STRCMP_SHOULD_NOT_MATCH, f"{where} should not match")
        elif target is not None:
            target.set(call, float(result))

    return compare


def _operand(node: ActionNode, scope: Scope) -> tuple[bytes, Variable | None]:
    """What is compared with: the text in `value`, in which keywords mean nothing, or what is in `variable2`. Raises Misuse."""
    if node.either("value", "variable2") == "value":
        return node.attributes["value"].encode("latin-1", "replace"), None
    return b"", scope.variable(node.attributes["variable2"])


def difference(left: bytes, right: bytes) -> int:
    """What C's strcmp says, on most machines: the first two bytes that differ, subtracted; the end of a string is a 0."""
    if left == right:
        return 0
    length = min(len(left), len(right))
    for index in range(length):
        if left[index] != right[index]:
            return left[index] - right[index]
    return left[length] if len(left) > length else -right[length]


# --- changing ----------------------------------------------------------------------------------------------------------


def _in_place(change: Callable[[bytes], bytes]) -> ActionKind:
    """An action that changes a string where it stands. SIPp has `assign_to` for one of them and `variable` for the others."""

    def compile_one(node: ActionNode, scope: Scope) -> Action:
        variable = scope.variable(node.attributes[node.either("variable", "assign_to")])

        def act(call: CallState) -> None:
            variable.set(call, change(string_of(variable.get(call))))

        return act

    names = frozenset({"variable", "assign_to"})
    return ActionKind(compile_one, names, variables=dict.fromkeys(names, single_variable))


def url_encode(text: bytes) -> bytes:
    """Every byte that is not unreserved (RFC 3986 section 2.3) as % and two digits."""
    return b"".join([_ENCODED[byte] for byte in text])


def url_decode(text: bytes) -> bytes:
    """The bytes that % and two digits stand for; a % without digits stays."""
    return _PERCENT_ENCODED.sub(lambda found: bytes.fromhex(found[1].decode()), text)


ACTIONS: Mapping[str, ActionKind] = {
    "assignstr": ActionKind(
        _assign_string, frozenset({"assign_to", "value"}), texts=frozenset({"value"}), variables={"assign_to": single_variable}
    ),
    "strcmp": ActionKind(
        _compare,
        frozenset({"assign_to", "variable", "value", "variable2", "check_it", "check_it_inverse"}),
        variables={"assign_to": single_variable, "variable": single_variable, "variable2": single_variable},
    ),
    "trim": _in_place(bytes.strip),
    "urlencode": _in_place(url_encode),
    "urldecode": _in_place(url_decode),
}
