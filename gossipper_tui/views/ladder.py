# SPDX-License-Identifier: AGPL-3.0-or-later
"""A scenario's ladder: who sends what to whom, step by step, a line a step.

As on SIPp's own screen, the caller stands left: a UAC's ladder has us on the left and the remote on the right, a UAS's
the other way round. Solid arrows are mandatory messages, dashed ones optional. The margins tell where response times
start (◷) and stop (◶), what a step retransmits, and where it may jump.
"""

from __future__ import annotations

from engine.messages import Role, ScenarioDescription, StepDescription, StepKind
from gossipper_tui.views.spans import Line, Span, Tone, cut, fit, line, padded

NARROWEST_MARGIN = 4
WIDEST_MARGIN = 11
"""Cells left of the ladder, for a problem and for timers."""

NARROWEST_ARROW = 18
WIDEST_ARROW = 46
WIDEST_NOTES = 26

SIGNS = {StepKind.PAUSE: "‖", StepKind.TIMEWAIT: "‖", StepKind.NOP: "·"}
"""What stands before a step that is no message."""


def points_right(step: StepDescription, role: Role) -> bool:
    """Whether the arrow of a message runs from left to right."""
    return (step.kind is StepKind.SEND) == (role is Role.UAC)


def arrow(label: str, width: int, right: bool, optional: bool) -> str:
    """An arrow of `width` cells with its label in the middle; dashed when the message is optional."""
    label = cut(label, max(0, width - 4))
    shaft = "╌" if optional else "─"
    rest = max(0, width - len(label) - 3)
    before, after = shaft * (rest // 2), shaft * (rest - rest // 2)
    return f"{before} {label} {after}▶" if right else f"◀{before} {label} {after}"


def tone_of(step: StepDescription) -> Tone:
    """Sent, received, or neither."""
    return {StepKind.SEND: Tone.SENT, StepKind.RECV: Tone.RECEIVED}.get(step.kind, Tone.DIM)


def heading(description: ScenarioDescription, width: int) -> Line:
    """The line above the ladder: its two sides."""
    us, them = description.role.value.upper(), "Remote"
    left, right = (us, them) if description.role is Role.UAC else (them, us)
    names = padded(left, max(0, _arrow_width(description, width) + 2 - len(right))) + right
    return fit(line(" " * _margin(description), Span(names, Tone.STRONG)), width)


def ladder(description: ScenarioDescription, width: int) -> list[Line]:
    """A line for each step, in the order of `description.steps`."""
    troubled = {problem.line: problem.warning for problem in description.problems}
    shaft = _arrow_width(description, width)
    margin = _margin(description)
    rungs = ((*_left(step, troubled, margin), *_rung(step, description.role, shaft)) for step in description.steps)
    return [fit(rung, width) for rung in rungs]


def _rung(step: StepDescription, role: Role, shaft: int) -> Line:
    if step.kind in SIGNS:
        middle = padded(f" {SIGNS[step.kind]} {step.label}", shaft)
    else:
        middle = arrow(step.label, shaft, points_right(step, role), step.optional)
    notes = Span(f" {_notes(step)}", Tone.DIM)
    return line(Span("│", Tone.DIM), Span(middle, tone_of(step)), Span("│", Tone.DIM), notes)


def remarks(step: StepDescription) -> tuple[str, ...]:
    """Short remarks beside a step: optional, its retransmission timer, jumps, counters."""
    own = (
        *(("optional",) if step.optional else ()),
        *((f"retrans {step.retransmits_ms} ms",) if step.retransmits_ms else ()),
        *(("hidden",) if step.hidden else ()),
    )
    return (*own, *(note for note in step.notes if note not in own))


def timer_text(step: StepDescription) -> str:
    """The response-time timers that a step starts and stops: `◷1`, `◶1`."""
    return "".join([*(f"◷{name}" for name in step.starts), *(f"◶{name}" for name in step.stops)])


def _left(step: StepDescription, troubled: dict[int, bool], margin: int) -> Line:
    return line(_trouble(step, troubled), Span(padded(timer_text(step), margin - 1), Tone.STRONG))


def _margin(description: ScenarioDescription) -> int:
    """As wide as the longest timers, within bounds."""
    timers = max((len(timer_text(step)) for step in description.steps), default=0)
    return max(NARROWEST_MARGIN, min(WIDEST_MARGIN, timers + 2))


def _trouble(step: StepDescription, troubled: dict[int, bool]) -> Span:
    inside = [warning for at, warning in troubled.items() if step.line <= at <= step.end_line]
    if not inside:
        return Span(" ")
    return Span("!", Tone.WARN) if all(inside) else Span("✗", Tone.BAD)


def _notes(step: StepDescription) -> str:
    return ", ".join(remarks(step))


def _arrow_width(description: ScenarioDescription, width: int) -> int:
    """As long as the longest remark leaves room for."""
    notes = max((len(_notes(step)) for step in description.steps), default=0)
    return max(NARROWEST_ARROW, min(WIDEST_ARROW, width - _margin(description) - 3 - min(WIDEST_NOTES, notes)))
