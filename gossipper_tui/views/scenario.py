# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the Scenarios screen says about a scenario beside its ladder: its info line, its problems, a step in full."""

from __future__ import annotations

from collections.abc import Sequence

from engine.messages import Problem, Role, ScenarioDescription, StepDescription, StepKind
from gossipper_tui.views.ladder import remarks, timer_text
from gossipper_tui.views.source import message_lines
from gossipper_tui.views.spans import EMPTY, Line, Span, Tone, line, wrapped

_ROLES = {Role.UAC: "client", Role.UAS: "server"}
_VERBS = {
    StepKind.SEND: "sends",
    StepKind.RECV: "waits for",
    StepKind.PAUSE: "waits",
    StepKind.TIMEWAIT: "remembers the call",
    StepKind.NOP: "does nothing on the wire",
}


def info(description: ScenarioDescription, width: int) -> list[Line]:
    """Role · steps · needs · variables · data files, in as few lines as they take."""
    needs = (*(("remote host",) if description.role is Role.UAC else ()), *description.needs)
    facts = (
        ("", _ROLES[description.role]),
        ("", plural(len(description.steps), "step")),
        ("needs: ", ", ".join(needs) or "nothing"),
        ("variables: ", ", ".join(description.variables) or "none"),
        ("data files: ", plural(description.data_fields, "field") if description.data_fields else "none"),
    )
    return wrapped((line(Span(name, Tone.DIM), value) for name, value in facts), width)


def verdict(description: ScenarioDescription) -> Line:
    """Whether a scenario can run, in one phrase."""
    errors = sum(not problem.warning for problem in description.problems)
    warnings = len(description.problems) - errors
    if errors:
        return line(Span(f"✗ {plural(errors, 'problem')}", Tone.BAD))
    if warnings:
        return line(Span(f"! {plural(warnings, 'warning')}", Tone.WARN))
    return line(Span("✔ sound", Tone.GOOD))


def problem_lines(problems: Sequence[Problem]) -> list[Line]:
    """Each problem in a line: its sign, where, what, what to do."""
    return [
        line(
            Span("! ", Tone.WARN) if problem.warning else Span("✗ ", Tone.BAD),
            Span(f"line {problem.line}: " if problem.line else "", Tone.DIM),
            problem.message,
            Span(f" — {problem.hint}" if problem.hint else "", Tone.STRONG),
        )
        for problem in problems
    ]


def step_lines(step: StepDescription, index: int) -> list[Line]:
    """One step in full: what it does, with what attributes, and its message."""
    what = line(
        Span(f"{index} ", Tone.DIM), Span(_VERBS[step.kind], Tone.DIM), " ", Span(step.label, Tone.STRONG), *_aside(step)
    )
    message = message_lines(step.message)
    return [what, *([EMPTY, *message] if message else [])]


def _aside(step: StepDescription) -> Line:
    aside = " · ".join((*remarks(step), *((timer_text(step),) if timer_text(step) else ())))
    return line(Span(f"  {aside}", Tone.DIM)) if aside else EMPTY


def plural(number: int, noun: str) -> str:
    """`1 step`, `9 steps`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
