# SPDX-License-Identifier: AGPL-3.0-or-later
"""A scenario for people: what a screen shows of it, also of a broken one."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from engine.messages import ScenarioDescription, StepDescription, StepKind
from engine.scenario.actions.data import ACTIONS as ON_DATA_FILES
from engine.scenario.document import decode
from engine.scenario.library import read_source
from engine.scenario.load import read_scenario
from engine.scenario.model import Digits, Nop, Pause, Recv, Scenario, Send, Step
from engine.scenario.posix_regex import shorten
from engine.scenario.problems import readable
from engine.scenario.reading import Reading
from engine.scenario.template import Parsed


def describe_scenario(
    source: str, keywords: Collection[str] = (), *, pipes: bool = False, diagnosed: bool = False
) -> ScenarioDescription:
    """A scenario for people; `source` is the name of a built-in one or a path, `keywords` are those of -key.

    It reads files. Raises ScenarioErrors only when there is nothing to read (`pipes`: see `read_source`).
    """
    return describe(*read_source(source, pipes=pipes), keywords, diagnosed=diagnosed)


def describe(name: str, data: bytes, keywords: Collection[str] = (), *, diagnosed: bool = False) -> ScenarioDescription:
    """The same of a scenario that was read. `diagnosed`: with the warnings of `diagnostics`, for whoever looks at it."""
    scenario, problems = read_scenario(name, data, keywords, _diagnose if diagnosed else None)
    return ScenarioDescription(
        source=name,
        title=readable(scenario.title),
        role=scenario.role,
        runnable=all(problem.warning for problem in problems),
        steps=tuple(_describe_step(step, scenario) for step in scenario.steps),
        timers=scenario.timers,
        counters=scenario.counters,
        variables=scenario.variables,
        global_variables=scenario.global_variables,
        needs=tuple(_needs(scenario)),
        data_fields=_data_fields(scenario),
        problems=problems,
        xml=readable(decode(data)),
    )


def _diagnose(reading: Reading, scenario: Scenario) -> None:
    # Not imported above: a run does not need them, and starts sooner without.
    from engine.scenario.diagnostics import diagnose

    diagnose(reading, scenario)


def _kind(step: Step) -> StepKind:
    if isinstance(step, Pause):
        return StepKind.TIMEWAIT if step.timewait else StepKind.PAUSE
    return {Send: StepKind.SEND, Recv: StepKind.RECV, Digits: StepKind.RECV, Nop: StepKind.NOP}[type(step)]


def _describe_step(step: Step, scenario: Scenario) -> StepDescription:
    return StepDescription(
        kind=_kind(step),
        label=step_label(step),
        # Plain numbers: a `Place` cannot be written to a recording.
        line=int(step.line),
        end_line=int(step.end_line),
        optional=isinstance(step, Recv) and step.optional,
        retransmits_ms=(step.retransmit_ms or None) if isinstance(step, Send) else None,
        starts=step.starts,
        stops=step.stops,
        notes=tuple(_notes(step, scenario)),
        message=readable(step.text) if isinstance(step, Send) else "",
        hidden=step.hidden,
        display=readable(step.display),
        blank_after=step.blank_after,
    )


def step_label(step: Step) -> str:
    """What stands on the ladder's arrow: `INVITE`, `200`, `pause 3000 ms`."""
    if isinstance(step, Send):
        return step.method or (str(step.status) if step.status else "?")
    if isinstance(step, Recv):
        return step.method or ",".join(map(str, step.statuses)) or "?"
    if isinstance(step, Digits):
        return f"dtmf {shorten(step.pattern)}"
    if isinstance(step, Pause):
        return ("timewait" if step.timewait else "pause") + _length(step)
    return "nop"


def _length(step: Pause) -> str:
    if step.variable is not None:
        return f" ${step.variable} ms"
    if step.distribution is not None:
        return f" {step.distribution} ms"
    return "" if step.duration_ms is None else f" {step.duration_ms:g} ms"


def _notes(step: Step, scenario: Scenario) -> Iterator[str]:
    if step.lost is not None:
        yield f"lost {step.lost:g} %"
    if step.next is not None:
        chance = f" in {step.chance:.0%}" if step.chance < 1 else ""
        yield f"next: {_place(step.next, scenario)}" + (f" if ${step.test}" if step.test else "") + chance
    if step.condition is not None:
        yield f"{'unless' if step.condition_inverse else 'only if'} ${step.condition}"
    if step.timeout_ms is not None:
        yield f"timeout {step.timeout_ms} ms"
    if step.on_timeout is not None:
        yield f"on timeout: {_place(step.on_timeout, scenario)}"
    yield from _transaction_notes(step)
    if step.counter:
        yield f"counts {step.counter}"
    if isinstance(step, Recv) and step.record_routes:
        yield "keeps the route"
    if isinstance(step, Recv) and step.authenticates:
        yield "keeps the challenge"
    if isinstance(step, Recv) and step.is_global:
        yield "open to the end"
    yield from (f"{action.name} {action.attributes.get('assign_to', '')}".strip() for action in step.actions)


def _transaction_notes(step: Step) -> Iterator[str]:
    if isinstance(step, Send) and step.starts_transaction is not None:
        yield f"starts transaction {step.starts_transaction}"
    if isinstance(step, Send) and step.acknowledges is not None:
        yield f"acknowledges transaction {step.acknowledges}"
    if isinstance(step, Recv) and step.transaction is not None:
        yield f"of transaction {step.transaction}"


def _place(index: int, scenario: Scenario) -> str:
    return str(index) if index < len(scenario.steps) else "end"


def _texts(scenario: Scenario) -> Iterator[Parsed]:
    for step in scenario.steps:
        if isinstance(step, Send):
            yield step.message
        for action in step.actions:
            yield from action.texts.values()


def _data_fields(scenario: Scenario) -> int:
    numbers = [int(word.rest) for text in _texts(scenario) for word in text.words if word.name == "field"]
    return max(numbers, default=-1) + 1


def _needs(scenario: Scenario) -> Iterator[str]:
    """What must be given with a run besides the target, as flags."""
    if _data_fields(scenario) or any(action.name in ON_DATA_FILES for step in scenario.steps for action in step.actions):
        yield "-inf"
    if any(word.name == "tdmmap" for text in _texts(scenario) for word in text.words):
        yield "-tdmmap"
