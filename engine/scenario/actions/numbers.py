# SPDX-License-Identifier: AGPL-3.0-or-later
"""Actions on numbers."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping

from engine.messages import Failure
from engine.scenario.actions.node import ActionKind, ActionNode, checks, single_variable
from engine.scenario.problems import Misuse
from engine.scenario.program import Action, CallState
from engine.scenario.scope import Scope
from engine.scenario.values import number_of

_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "equal": operator.eq,
    "not_equal": operator.ne,
    "greater_than": operator.gt,
    "less_than": operator.lt,
    "greater_than_equal": operator.ge,
    "less_than_equal": operator.le,
}


def _test(node: ActionNode, scope: Scope) -> Action:
    compare = _COMPARISONS[node.one_of("compare", _COMPARISONS)]
    variable = scope.variable(node.required("variable"))
    other = _test_operand(node, scope)
    must, must_not = checks(node)
    may_only_check = (must or must_not) and "assign_to" not in node.attributes
    target = None if may_only_check else scope.variable(node.required("assign_to"))

    def act(call: CallState) -> None:
        result = compare(number_of(variable.get(call)), other(call))
        if must and not result:
            call.fail(Failure.TEST_DOES_NOT_MATCH, f"test of ${node.attributes['variable']} failed")
        elif must_not and result:
            call.fail(Failure.TEST_SHOULD_NOT_MATCH, f"test of ${node.attributes['variable']} should have failed")
        elif target is not None:
            target.set(call, result)

    return act


def _test_operand(node: ActionNode, scope: Scope) -> Callable[[CallState], float]:
    if "value" in node.attributes:
        if "variable2" in node.attributes:
            raise Misuse("test has both value and variable2", "keep one")
        constant = node.number("value")
        return lambda call: constant
    if "variable2" not in node.attributes:
        raise Misuse("test needs value= or variable2=")
    other = scope.variable(node.attributes["variable2"])
    return lambda call: number_of(other.get(call))


ACTIONS: Mapping[str, ActionKind] = {
    "test": ActionKind(
        _test,
        frozenset({"assign_to", "variable", "compare", "value", "variable2", "check_it", "check_it_inverse"}),
        variables={"assign_to": single_variable, "variable": single_variable, "variable2": single_variable},
    ),
}
