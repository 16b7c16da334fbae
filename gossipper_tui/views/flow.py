# SPDX-License-Identifier: AGPL-3.0-or-later
"""The flow of a run: a line for each step with what it counted, SIPp's first screen.

The columns have fixed widths, so no number moves as it grows. On a narrow screen the columns that matter least go
first: timeouts, then retransmissions. Of a pause, the calls that are in it are counted.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.messages import Role, Snapshot, StepCounts, StepDescription, StepKind
from gossipper_tui.views.history import RunHistory
from gossipper_tui.views.ladder import SIGNS, arrow, points_right, timer_text, tone_of
from gossipper_tui.views.numbers import count
from gossipper_tui.views.spans import EMPTY, Line, Span, Tone, fit, line, padded, wrapped


@dataclass(frozen=True, slots=True)
class _Column:
    title: str
    width: int
    field: str
    tone: Tone
    kinds: frozenset[StepKind]


_MESSAGES = frozenset({StepKind.SEND, StepKind.RECV})
_WAITS = frozenset({StepKind.PAUSE, StepKind.TIMEWAIT})
_COLUMNS = (
    _Column("messages", 10, "messages", Tone.NORMAL, frozenset(StepKind)),
    _Column("retrans", 8, "retransmissions", Tone.WARN, _MESSAGES),
    _Column("timeout", 8, "timeouts", Tone.BAD, _MESSAGES),
    _Column("unexp", 7, "unexpected", Tone.BAD, frozenset({StepKind.RECV})),
)
_DROPPED_FIRST = ("timeouts", "retransmissions")
_NARROWEST_ARROW = 14
_WIDEST_ARROW = 60


def flow(history: RunHistory, width: int) -> list[Line]:
    """The title line and a line for each step that is not hidden, with an empty one where the scenario asks for it."""
    columns = _columns_for(width)
    shaft = max(_NARROWEST_ARROW, min(_WIDEST_ARROW, width - 1 - sum(column.width for column in columns)))
    titles = [Span(column.title.rjust(column.width), Tone.DIM) for column in columns]
    lines = [fit(line(padded("", shaft), *titles), width)]
    scenario = history.started.scenario
    counts = history.snapshot.steps if history.snapshot else ()
    for index, step in enumerate(scenario.steps):
        if step.hidden:
            continue
        counted = counts[index] if index < len(counts) else StepCounts()
        numbers = (_number(column, step, counted) for column in columns)
        lines.append(fit(line(_what(step, scenario.role, shaft), *numbers), width))
        if step.blank_after:
            lines.append(EMPTY)
    return lines


def totals(snapshot: Snapshot, width: int) -> list[Line]:
    """What became of the calls: created, open, successful, failed, and what else is not as it should be."""
    counters = snapshot.counters
    failed = Span(f"{count(counters.failed)} failed", Tone.BAD if counters.failed else Tone.DIM)
    parts = [
        line(Span(count(counters.created), Tone.STRONG), " calls"),
        line(f"{count(counters.open)} open ", Span(f"(peak {count(counters.peak_open)})", Tone.DIM)),
        line(Span(f"{count(counters.successful)} ok", Tone.GOOD)),
        line(failed),
    ]
    others = (
        (counters.lost_with_shard, "lost with a worker"),
        (counters.out_of_call, "out of call"),
        (counters.garbage, "not SIP"),
        (counters.kernel_drops, "dropped by the kernel"),
        (counters.without_socket, "without a socket"),
    )
    parts += [line(Span(f"{count(number)} {what}", Tone.WARN)) for number, what in others if number]
    return wrapped(parts, width)


def _columns_for(width: int) -> list[_Column]:
    columns = list(_COLUMNS)
    for name in _DROPPED_FIRST:
        if width - 1 - sum(column.width for column in columns) < _NARROWEST_ARROW:
            columns = [column for column in columns if column.field != name]
    return columns


def _what(step: StepDescription, role: Role, shaft: int) -> Span:
    label = step.display or step.label
    if step.kind in SIGNS:
        text = f"{SIGNS[step.kind]} {label.removeprefix('pause ')}"
        noun = " open" if step.kind in _WAITS else ""
        return Span(padded(text, max(0, shaft - len(noun))) + noun, Tone.DIM)
    timer = timer_text(step)
    drawn = arrow(label, shaft - len(timer) - bool(timer), points_right(step, role), step.optional)
    return Span(f"{drawn} {timer}" if timer else drawn, tone_of(step))


def _number(column: _Column, step: StepDescription, counted: StepCounts) -> Span:
    if step.kind not in column.kinds:
        return Span(" " * column.width)
    opened = step.kind in _WAITS and column.field == "messages"
    value: int = counted.open if opened else getattr(counted, column.field)
    return Span(count(value, column.width), column.tone if value else Tone.DIM)
