# SPDX-License-Identifier: AGPL-3.0-or-later
"""Actions on numbers: assign, calculate, draw and compare them.

Only numbers count as numbers: a string, a boolean or nothing is 0, until `todouble` has made a number of it, as in SIPp.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping

from engine.messages import Failure
from engine.scenario.actions.node import ActionKind, ActionNode, checked_target, checks, single_variable
from engine.scenario.distributions import PARAMETERS, read_distribution
from engine.scenario.problems import Misuse
from engine.scenario.program import Action, CallState
from engine.scenario.scope import Scope
from engine.scenario.values import number_of, parse_number
from engine.scenario.variables import Value, Variable

_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "equal": operator.eq,
    "not_equal": operator.ne,
    "greater_than": operator.gt,
    "less_than": operator.lt,
    "greater_than_equal": operator.ge,
    "less_than_equal": operator.le,
}

_SHOWN = 40
"""Of a text that is no number, this much is told."""


# --- assigning ---------------------------------------------------------------------------------------------------------


def _assign(node: ActionNode, scope: Scope) -> Action:
    target = scope.variable(node.required("assign_to"))
    constant, other = _operand(node, scope, "variable")

    def assign(call: CallState) -> None:
        target.set(call, constant if other is None else number_of(other.get(call)))

    return assign


def _to_double(node: ActionNode, scope: Scope) -> Action:
    target, source = scope.variable(node.required("assign_to")), scope.variable(node.required("variable"))
    name = node.attributes["variable"]

    def convert(call: CallState) -> None:
        value = source.get(call)
        number = _converted(value)
        if number is None:
            call.warn(f"todouble: ${name} {_shown(value)}")
        else:
            target.set(call, number)

    return convert


def _converted(value: Value) -> float | None:
    if isinstance(value, bytes):
        return parse_number(value.decode("latin-1"))
    return None if value is None else float(value)


def _shown(value: Value) -> str:
    """Why a value is no number, without what could harm a terminal."""
    return f"is no number: {value[:_SHOWN].decode('latin-1')!a}" if isinstance(value, bytes) else "is not set"


def _sample(node: ActionNode, scope: Scope) -> Action:
    target = scope.variable(node.required("assign_to"))
    sample = read_distribution(node.required("distribution"), node.attributes).sampler(scope.facts.random)

    def draw(call: CallState) -> None:
        target.set(call, sample())

    return draw


# --- calculating -------------------------------------------------------------------------------------------------------


def _calculation(operation: Callable[[float, float], float]) -> Callable[[ActionNode, Scope], Action]:
    """The action whose result is that of `operation` on the variable that is assigned to and the operand."""

    def compile_one(node: ActionNode, scope: Scope) -> Action:
        target = scope.variable(node.required("assign_to"))
        constant, other = _operand(node, scope, "variable")

        def calculate(call: CallState) -> None:
            operand = constant if other is None else number_of(other.get(call))
            target.set(call, operation(number_of(target.get(call)), operand))

        return calculate

    return compile_one


def _divide(node: ActionNode, scope: Scope) -> Action:
    """Division by a variable that is 0 is only warned of, as in SIPp: the variable keeps its value."""
    target = scope.variable(node.required("assign_to"))
    constant, other = _operand(node, scope, "variable")
    if other is None and not constant:
        raise Misuse("divide by 0", "value= is any other number")

    def divide(call: CallState) -> None:
        divisor = constant if other is None else number_of(other.get(call))
        if divisor:
            target.set(call, number_of(target.get(call)) / divisor)
        else:
            call.warn(f"divide: ${node.attributes['variable']} is 0; ${node.attributes['assign_to']} stays as it is")

    return divide


def _operand(node: ActionNode, scope: Scope, variable: str) -> tuple[float, Variable | None]:
    """What an action has as its second operand: the number in `value`, or what is in a variable. Raises Misuse."""
    if node.either("value", variable) == "value":
        return node.number("value"), None
    return 0.0, scope.variable(node.attributes[variable])


# --- comparing ---------------------------------------------------------------------------------------------------------


def _test(node: ActionNode, scope: Scope) -> Action:
    compare = _COMPARISONS[node.one_of("compare", _COMPARISONS)]
    variable = scope.variable(node.required("variable"))
    constant, other = _operand(node, scope, "variable2")
    must, must_not = checks(node)
    target = checked_target(node, scope)

    def test(call: CallState) -> None:
        result = compare(number_of(variable.get(call)), constant if other is None else number_of(other.get(call)))
        if must and not result:
            call.fail(Failure.TEST_DOES_NOT_MATCH, f"test of ${node.attributes['variable']} failed")
        elif must_not and result:
            call.fail(Failure.TEST_SHOULD_NOT_MATCH, f"test of ${node.attributes['variable']} should have failed")
        elif target is not None:
            target.set(call, result)

    return test


def _kind(compile_one: Callable[[ActionNode, Scope], Action]) -> ActionKind:
    return ActionKind(
        compile_one,
        frozenset({"assign_to", "value", "variable"}),
        variables={"assign_to": single_variable, "variable": single_variable},
    )


ACTIONS: Mapping[str, ActionKind] = {
    "assign": _kind(_assign),
    "add": _kind(_calculation(operator.add)),
    "subtract": _kind(_calculation(operator.sub)),
    "multiply": _kind(_calculation(operator.mul)),
    "divide": _kind(_divide),
    "todouble": ActionKind(
        _to_double,
        frozenset({"assign_to", "variable"}),
        variables={"assign_to": single_variable, "variable": single_variable},
    ),
    "sample": ActionKind(
        _sample, frozenset({"assign_to", "distribution"} | PARAMETERS), variables={"assign_to": single_variable}
    ),
    "test": ActionKind(
        _test,
        frozenset({"assign_to", "variable", "compare", "value", "variable2", "check_it", "check_it_inverse"}),
        variables={"assign_to": single_variable, "variable": single_variable, "variable2": single_variable},
    ),
}
