# SPDX-License-Identifier: AGPL-3.0-or-later
"""The action that checks who calls (STIR/SHAKEN): `<verifyidentity assign_to="ok" cert="FILE"/>`.

Beside the result, a second variable takes why it is false: `assign_to="ok,why"`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from engine.messages import Failure
from engine.scenario.actions.node import ActionKind, ActionNode, checks, several_variables
from engine.scenario.keys import key_of
from engine.scenario.problems import Misuse
from engine.scenario.program import Action, CallState
from engine.scenario.scope import Scope
from engine.scenario.variables import Value
from engine.sip.message import MalformedMessage, Message
from engine.sip.stir import MAX_AGE_S, IdentityCheck, NotAParty, Party, Verifier, party_of

_PARTIES = ("orig", "dest")


def _verify(node: ActionNode, scope: Scope) -> Action:
    verifier = key_of(node.required(node.either("cert", "key")), Verifier, scope)
    max_age_s = _max_age(node)
    check = IdentityCheck(verifier, max_age_s) if verifier is not None else None
    must, must_not = checks(node)
    targets = [scope.variable(name) for name in _targets(node, needed=not (must or must_not))]
    expected = {name: scope.render(node.texts[name]) for name in _PARTIES if name in node.texts}
    clock = scope.facts.wall_clock

    def act(call: CallState) -> None:
        problem = "" if check is None else _problem(check, call, clock(), expected)
        results: tuple[Value, ...] = (not problem, problem.encode())
        for target, value in zip(targets, results, strict=False):
            target.set(call, value)
        if must and problem:
            call.fail(Failure.TEST_DOES_NOT_MATCH, f"verifyidentity: {problem}")
        elif must_not and not problem:
            call.fail(Failure.TEST_SHOULD_NOT_MATCH, "verifyidentity should have failed")

    return act


def _max_age(node: ActionNode) -> float:
    seconds = node.number("max_age") if "max_age" in node.attributes else MAX_AGE_S
    if seconds < 0:
        raise Misuse("verifyidentity: max_age= is below 0", "it is in seconds")
    return seconds


def _targets(node: ActionNode, *, needed: bool) -> list[str]:
    names = several_variables(node.required("assign_to")) if needed or "assign_to" in node.attributes else []
    if len(names) > 2:
        raise Misuse("verifyidentity has two results at most", 'write assign_to="ok,why"')
    return names


def _problem(check: IdentityCheck, call: CallState, now_s: float, expected: Mapping[str, Callable[[CallState], bytes]]) -> str:
    """Why the message at hand does not prove who calls; "" when it does."""
    try:
        parties = {name: _party(name, render(call)) for name, render in expected.items()}
        return check.problem(Message(call.message), now_s, parties.get("orig"), parties.get("dest"))
    except (MalformedMessage, NotAParty) as error:
        return str(error)


def _party(name: str, text: bytes) -> Party:
    try:
        return party_of(text.decode("latin-1"))
    except NotAParty as error:
        raise NotAParty(f"{name}: {error}") from None


ACTIONS: Mapping[str, ActionKind] = {
    "verifyidentity": ActionKind(
        _verify,
        frozenset({"assign_to", "cert", "key", "max_age", "check_it", "check_it_inverse", *_PARTIES}),
        texts=frozenset(_PARTIES),
        variables={"assign_to": several_variables},
    ),
}
