# SPDX-License-Identifier: AGPL-3.0-or-later
"""Actions that search with regular expressions."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from operator import attrgetter

from engine.messages import Failure
from engine.scenario.actions.node import ActionKind, ActionNode, checks, several_variables, single_variable
from engine.scenario.posix_regex import Expression, compile_posix, shorten
from engine.scenario.problems import Misuse
from engine.scenario.program import Action, CallState
from engine.scenario.scope import Scope
from engine.scenario.values import string_of

Haystack = Callable[[CallState], bytes | None]
"""What an expression is searched in; None when a header is not there."""


def _expression(node: ActionNode) -> Expression:
    """The expression in `regexp`. Raises Misuse."""
    try:
        return compile_posix(node.required("regexp"))
    except Misuse as misuse:
        raise Misuse(misuse.message, misuse.hint, "regexp") from None


def _ereg(node: ActionNode, scope: Scope) -> Action:
    expression = _expression(node)
    haystack = _SEARCH_IN[node.one_of("search_in", _SEARCH_IN, "msg")](node, scope)
    names = several_variables(node.required("assign_to"))
    targets = [(group, scope.variable(name)) for group, name in enumerate(names) if group <= expression.groups]
    must, must_not = checks(node)
    where = f"ereg '{shorten(node.attributes['regexp'])}'"

    def act(call: CallState) -> None:
        text = haystack(call)
        if text is None and must:
            call.fail(Failure.REGEXP_HEADER_NOT_FOUND, f"{where}: header {node.attributes.get('header', '')} not found")
            return
        try:
            found = expression.search(text or b"")
        except TimeoutError:
            call.fail(Failure.REGEXP_DOES_NOT_MATCH, f"{where} takes too long on what was received")
            return
        if found is None:
            if must:
                call.fail(Failure.REGEXP_DOES_NOT_MATCH, f"{where} does not match")
            return
        for group, target in targets:
            value = found[group]
            if value is not None:
                target.set(call, value)
        if must_not:
            call.fail(Failure.REGEXP_SHOULD_NOT_MATCH, f"{where} should not match")

    return act


# --- what is searched --------------------------------------------------------------------------------------------------


def _in_message(node: ActionNode, scope: Scope) -> Haystack:
    return attrgetter("message")


def _in_body(node: ActionNode, scope: Scope) -> Haystack:
    return lambda call: call.message.partition(b"\r\n\r\n")[2]


def _in_variable(node: ActionNode, scope: Scope) -> Haystack:
    variable = scope.variable(node.required("variable"))
    return lambda call: string_of(variable.get(call))


def _in_header(node: ActionNode, scope: Scope) -> Haystack:
    """The rest of the line behind `header`, which is any text, anywhere in the message; None when it is missing or empty."""
    header = node.required("header").encode("latin-1", "replace")
    if not header:
        raise Misuse('ereg needs header= for search_in="hdr"', 'such as header="Contact:"')
    wanted = _occurrence(node)
    folded, at_line_start = node.flag("case_indep"), node.flag("start_line")
    find = _find_at_line_start if at_line_start else bytes.find
    looked_for = header.lower() if folded else header

    def rest_of_line(call: CallState) -> bytes | None:
        message = call.message
        text = message.lower() if folded else message
        found = -1
        for _ in range(wanted):
            found = find(text, looked_for, found + 1)
            if found < 0:
                return None
        start = found + len(header)
        end = text.find(b"\n", start)
        line = message[start:] if end < 0 else message[start:end]
        return line.partition(b"\r")[0] or None

    return rest_of_line


def _find_at_line_start(text: bytes, header: bytes, start: int) -> int:
    """The next place from `start` on where a line begins with `header`, or -1."""
    if not start and text.startswith(header):
        return 0
    found = text.find(b"\n" + header, max(start - 1, 0))
    return found + 1 if found >= 0 else -1


def _occurrence(node: ActionNode) -> int:
    """Which of the headers is meant, from 1: the number that the attribute begins with, as in SIPp; without one the first."""
    text = node.attributes.get("occurrence", node.attributes.get("occurence", ""))
    number = re.match(r"\s*[+-]?\d{1,9}", text, re.A)
    return max(int(number[0]), 1) if number else 1


_SEARCH_IN: dict[str, Callable[[ActionNode, Scope], Haystack]] = {
    "msg": _in_message,
    "hdr": _in_header,
    "body": _in_body,
    "var": _in_variable,
}


ACTIONS: Mapping[str, ActionKind] = {
    "ereg": ActionKind(
        _ereg,
        frozenset(
            [
                "regexp",
                "search_in",
                "header",
                "variable",
                "occurrence",
                "occurence",
                "case_indep",
                "start_line",
                "check_it",
                "check_it_inverse",
                "assign_to",
            ]
        ),
        variables={"assign_to": several_variables, "variable": single_variable},
    ),
}
