# SPDX-License-Identifier: AGPL-3.0-or-later
"""Actions that search with regular expressions."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from operator import attrgetter

from engine.messages import Failure
from engine.scenario.actions.node import ActionKind, ActionNode, checks, several_variables, single_variable
from engine.scenario.posix_regex import compile_posix
from engine.scenario.program import Action, CallState
from engine.scenario.scope import Scope
from engine.scenario.values import text_of

Haystack = Callable[[CallState], bytes | None]
"""What an expression is searched in; None when a header is not there."""


def _ereg(node: ActionNode, scope: Scope) -> Action:
    pattern = compile_posix(node.required("regexp"))
    haystack = _SEARCH_IN[node.one_of("search_in", _SEARCH_IN, "msg")](node, scope)
    names = several_variables(node.required("assign_to"))
    targets = [(group, scope.variable(name)) for group, name in enumerate(names) if group <= pattern.groups]
    must, must_not = checks(node)
    where = f"ereg '{node.attributes['regexp']}'"

    def act(call: CallState) -> None:
        text = haystack(call)
        if text is None and must:
            call.fail(Failure.REGEXP_HEADER_NOT_FOUND, f"{where}: header {node.attributes.get('header', '')} not found")
            return
        found = pattern.search(text or b"")
        if found is None:
            if must:
                call.fail(Failure.REGEXP_DOES_NOT_MATCH, f"{where} does not match")
            return
        for group, target in targets:
            if found[group] is not None:
                target.set(call, found[group])
        if must_not:
            call.fail(Failure.REGEXP_SHOULD_NOT_MATCH, f"{where} should not match")

    return act


def _in_message(node: ActionNode, scope: Scope) -> Haystack:
    return attrgetter("message")


def _in_body(node: ActionNode, scope: Scope) -> Haystack:
    return lambda call: call.message.partition(b"\r\n\r\n")[2]


def _in_variable(node: ActionNode, scope: Scope) -> Haystack:
    variable = scope.variable(node.required("variable"))
    return lambda call: text_of(variable.get(call))


def _in_header(node: ActionNode, scope: Scope) -> Haystack:
    """The rest of the line behind `header`, which is any text that begins a line; None when it is missing or empty."""
    header = node.required("header").encode("latin-1", "replace")
    occurrence = node.attributes.get("occurrence", node.attributes.get("occurence", "1"))
    wanted = max(int(occurrence), 1) if re.fullmatch(r"-?\d+", occurrence) else 1
    start = rb"(?:\A|\n)" if node.flag("start_line") else rb"\n"
    pattern = re.compile(start + re.escape(header) + rb"([^\r\n]*)", re.I if node.flag("case_indep") else 0)

    def rest_of_line(call: CallState) -> bytes | None:
        for number, found in enumerate(pattern.finditer(call.message), start=1):
            if number == wanted:
                return found[1] or None
        return None

    return rest_of_line


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
