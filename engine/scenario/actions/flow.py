# SPDX-License-Identifier: AGPL-3.0-or-later
"""Actions that say where a call goes on: `jump`, `index`, `pauserestore`.

Steps are numbered from 0 as they stand in the file; labels do not count. As in SIPp a jump is taken when the step is done, in
the place of its own `next`: the call goes where the step before the target leads. So a `next` there is followed. A `recv`
that has been satisfied leads on whatever its actions say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from engine.messages import Failure
from engine.scenario.actions.node import ActionKind, ActionNode, single_variable
from engine.scenario.problems import Misuse
from engine.scenario.program import Action, CallState
from engine.scenario.scope import Scope
from engine.scenario.values import number_of


def _operand(node: ActionNode, scope: Scope) -> Callable[[CallState], float]:
    """The number in `value`, or in the variable that `variable` names. Raises Misuse."""
    if ("value" in node.attributes) == ("variable" in node.attributes):
        raise Misuse(f"{node.name} needs either value= or variable=")
    if "value" in node.attributes:
        number = node.number("value")
        return lambda call: number
    variable = scope.variable(node.attributes["variable"])
    return lambda call: number_of(variable.get(call))


def _jump(node: ActionNode, scope: Scope) -> Action:
    operand = _operand(node, scope)
    if "value" in node.attributes and not 0 <= node.number("value") <= scope.steps:
        raise Misuse(f"jump leads out of the scenario, which has {scope.steps} steps", "they are numbered from 0", "value")

    def act(call: CallState) -> None:
        target = operand(call)
        # Not an int yet: what a variable holds may be no number, or as large as one can be.
        if not 0 <= target <= scope.steps:
            call.fail(Failure.UNEXPECTED_MESSAGE, f"jump to {target:g}, and the steps are 0 to {scope.steps}")
        elif int(target) == call.step_index:
            call.fail(Failure.UNEXPECTED_MESSAGE, "jump to the step itself")
        else:
            call.jump_to(int(target))

    return act


def _index(node: ActionNode, scope: Scope) -> Action:
    target = scope.variable(node.required("assign_to"))
    return lambda call: target.set(call, float(call.step_index))


def _pause_restore(node: ActionNode, scope: Scope) -> Action:
    operand = _operand(node, scope)
    return lambda call: call.restore_pause(operand(call))


_OPERAND = frozenset({"value", "variable"})

ACTIONS: Mapping[str, ActionKind] = {
    "jump": ActionKind(_jump, _OPERAND, variables={"variable": single_variable}),
    "index": ActionKind(_index, frozenset({"assign_to"}), variables={"assign_to": single_variable}),
    "pauserestore": ActionKind(_pause_restore, _OPERAND, variables={"variable": single_variable}),
}
