# SPDX-License-Identifier: AGPL-3.0-or-later
"""Checked `Scenario` + `RunFacts` → `Program`: everything that can be known before the run is computed here."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from engine.scenario import model
from engine.scenario.actions import ACTIONS
from engine.scenario.actions.node import ActionNode
from engine.scenario.call_id import compile_call_id
from engine.scenario.defaults import compile_defaults
from engine.scenario.digits import DigitPattern
from engine.scenario.keywords import LANGUAGE
from engine.scenario.keywords.authentication import WithCredentials, may_hold_credentials
from engine.scenario.pauses import drawn_from, held_by, in_ns
from engine.scenario.posix_regex import compile_posix
from engine.scenario.problems import Misuse, Problems
from engine.scenario.program import (
    Action,
    CallState,
    DigitsStep,
    NopStep,
    PauseStep,
    Program,
    RecvStep,
    Render,
    RunFacts,
    SendStep,
    Step,
)
from engine.scenario.scope import Scope
from engine.scenario.tdm import TdmMap
from engine.scenario.variables import Variable

_NS_A_MS = 1_000_000
_KEEPS_CSEQ = ("ACK", "CANCEL")


def compile_program(scenario: model.Scenario, facts: RunFacts) -> Program:
    """The program of a scenario in this run.

    Raises ScenarioErrors for what only the run can show: a field without a data file, `[tdmmap]` without a map.
    """
    problems = Problems(scenario.file)
    variables = {name: Variable(index) for index, name in enumerate(scenario.variables)}
    variables |= facts.memory.declare(scenario.global_variables, scenario.user_variables)
    scope = Scope(LANGUAGE, facts, variables, _dynamic_ids(facts), problems, steps=len(scenario.steps))
    steps = _Compiler(scenario, scope, problems).steps()
    of_init = replace(scenario, steps=scenario.init)
    init = _Compiler(of_init, replace(scope, steps=len(scenario.init)), problems).steps()
    circuits = _circuits(facts, problems)
    defaults = compile_defaults(scope, _index_of_last_request(scenario.steps), scenario.default_messages)
    problems.raise_errors()
    return Program(
        steps=steps,
        init=init,
        role=scenario.role,
        timers=scenario.timers,
        variables=scenario.variables,
        counters=scenario.counters,
        response_bounds_ms=scenario.response_bounds_ms,
        call_length_bounds_ms=scenario.call_length_bounds_ms,
        call_id=compile_call_id(facts),
        defaults=defaults,
        user_memory=facts.memory if scenario.user_variables else None,
        transactions=len(scenario.transactions),
        acknowledges=tuple(_acknowledging(scenario)),
        unexpected=-1 if scenario.unexpected is None else scenario.unexpected,
        return_to=scope.variables.get(model.RETURN_VARIABLE),
        paused_until=scope.variables.get(model.PAUSE_VARIABLE),
        tick_origin_ns=facts.started_ns,
        uses_media=facts.with_media,
        circuits=circuits,
    )


class _Compiler:
    """Compiles the steps of one scenario."""

    def __init__(self, scenario: model.Scenario, scope: Scope, problems: Problems) -> None:
        self.scope = scope
        self.facts = scope.facts
        self.problems = problems
        self.timers = {name: index for index, name in enumerate(scenario.timers)}
        self.counters = {name: index for index, name in enumerate(scenario.counters)}
        self.transactions: dict[str | None, int] = {name: index for index, name in enumerate(scenario.transactions)}
        self.methods: frozenset[bytes] = frozenset()
        self.end = len(scenario.steps)
        self.scenario = scenario

    def steps(self) -> tuple[Step, ...]:
        return tuple(self.step(index, step) for index, step in enumerate(self.scenario.steps))

    def step(self, index: int, step: model.Step) -> Step:
        common = self.common(index, step)
        if isinstance(step, model.Send):
            return self.send(step, common)
        if isinstance(step, model.Recv):
            return self.recv(step, common)
        if isinstance(step, model.Pause):
            return self.pause(step, common)
        if isinstance(step, model.Digits):
            return self.digits(step, common)
        return NopStep(**common)

    def common(self, index: int, step: model.Step) -> dict[str, Any]:
        return {
            "index": index,
            "line": step.line,
            "next": step.next,
            "test": None if step.test is None else self.scope.variable(step.test),
            "chance": step.chance,
            "condition": None if step.condition is None else self.scope.variable(step.condition),
            "condition_inverse": step.condition_inverse,
            "starts": tuple(self.timers[name] for name in step.starts),
            "stops": tuple(self.timers[name] for name in step.stops),
            "repeat_rtd": step.repeat_rtd,
            "counter": None if step.counter is None else self.counters[step.counter],
            "actions": tuple(self.actions(index, step.actions)),
        }

    def actions(self, index: int, nodes: Sequence[ActionNode]) -> list[Action]:
        scope = replace(self.scope, index=index, in_action=True)
        compiled = []
        for node in nodes:
            try:
                compiled.append(ACTIONS[node.name].compile(node, scope))
            except Misuse as misuse:
                self.problems.error(node.line, misuse.message, misuse.hint)
        return compiled

    def waiting(self, step: model.Step, default_timeout_ns: int | None) -> dict[str, Any]:
        timeout_ns = default_timeout_ns if step.timeout_ms is None else step.timeout_ms * _NS_A_MS
        lost = self.facts.lost if step.lost is None else step.lost
        return {"timeout_ns": timeout_ns or None, "on_timeout": step.on_timeout, "lost": lost / 100}

    def send(self, step: model.Send, common: dict[str, Any]) -> SendStep:
        method = step.method.encode("latin-1")
        if method:
            self.methods |= {method}
        return SendStep(
            render=self.render(common["index"], step),
            method=method,
            raises_cseq=bool(method) and step.method not in _KEEPS_CSEQ,
            retransmit_ns=step.retransmit_ms * _NS_A_MS if self.facts.retransmits else 0,
            transaction=self.transactions.get(step.starts_transaction, -1),
            **self.waiting(step, None),
            **common,
        )

    def render(self, index: int, step: model.Send) -> Render:
        render = replace(self.scope, index=index).render(step.message)
        return WithCredentials(render, self.facts).render if may_hold_credentials(step.message) else render

    def recv(self, step: model.Recv, common: dict[str, Any]) -> RecvStep:
        is_last = common["index"] + 1 == self.end
        if step.optional and is_last and step.next is None:
            # There is nothing more to wait for: an optional that closes the scenario ends the call, as in SIPp.
            common["next"] = self.end
        return RecvStep(
            statuses=step.statuses,
            method=step.method.encode("latin-1"),
            expression=compile_posix(step.method) if step.is_expression else None,
            transaction=self.transactions.get(step.transaction, -1),
            advances=step.advances,
            cseq_methods=self.methods,
            optional=step.optional,
            is_global=step.is_global,
            record_routes=step.record_routes,
            ignores_sdp=step.ignores_sdp,
            authenticates=step.authenticates,
            **self.waiting(step, self.facts.recv_timeout_ns),
            **common,
        )

    def digits(self, step: model.Digits, common: dict[str, Any]) -> DigitsStep:
        waiting = self.waiting(step, self.facts.recv_timeout_ns)
        del waiting["lost"]
        return DigitsStep(pattern=DigitPattern(step.pattern), text=step.pattern, **waiting, **common)

    def pause(self, step: model.Pause, common: dict[str, Any]) -> PauseStep:
        draw: Callable[[CallState], int] | None = None
        duration_ns = self.facts.pause_ns if step.duration_ms is None else in_ns(step.duration_ms)
        if step.variable is not None:
            duration_ns, draw = 0, held_by(self.scope.variable(step.variable))
        elif step.distribution is not None:
            duration_ns, draw = in_ns(step.distribution.mean), drawn_from(step.distribution, self.facts.random)
        return PauseStep(duration_ns=duration_ns, draw=draw, timewait=step.timewait, **common)


def _acknowledging(scenario: model.Scenario) -> Iterator[int]:
    """The index of the step that sends the ACK of each transaction, the last where there are several; -1 without any."""
    found = {step.acknowledges: index for index, step in enumerate(scenario.steps) if isinstance(step, model.Send)}
    return (found.get(name, -1) for name in scenario.transactions)


def _dynamic_ids(facts: RunFacts) -> Callable[[CallState], int]:
    """[dynamic_id]: a number that rises with each use, in all calls together, and starts again after its maximum."""
    count = max((facts.dynamic_max - facts.dynamic_start) // facts.dynamic_step + 1, 1)
    uses = itertools.count()
    return lambda call: facts.dynamic_start + next(uses) % count * facts.dynamic_step


def _index_of_last_request(steps: Sequence[model.Step]) -> Callable[[CallState], int]:
    """The index of the last request that stands before the step at which a call is."""
    table, last = [], 0
    for index, step in enumerate(steps):
        table.append(last)
        if isinstance(step, model.Send) and step.method and step.method not in _KEEPS_CSEQ:
            last = index
    table.append(last)
    return lambda call: table[call.step_index]


def _circuits(facts: RunFacts, problems: Problems) -> int:
    try:
        return TdmMap.parse(facts.tdm_map).circuits if facts.tdm_map else 0
    except Misuse as misuse:
        problems.error(0, misuse.message, misuse.hint)
        return 0
