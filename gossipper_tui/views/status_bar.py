# SPDX-License-Identifier: AGPL-3.0-or-later
"""The line at the top of every screen: the parts of `views.status`, with meanings, in the room that there is.

The left part says where one is and what runs. The right part, which is never cut for it, says how the run stands, at
what rate, and whether its numbers can be trusted.
"""

from __future__ import annotations

from engine.messages import Outcome, RunState, Summary, Verdict
from gossipper_tui.views.history import RunHistory
from gossipper_tui.views.numbers import clock, rate
from gossipper_tui.views.spans import Line, Span, Tone, line, spread, width_of
from gossipper_tui.views.status import STATE_MARKS, Status, run_title, status, verdict_text

_STATE_TONES = {
    RunState.RUNNING: Tone.GOOD,
    RunState.PAUSED: Tone.WARN,
    RunState.FINISHING: Tone.WARN,
    RunState.FINISHED: Tone.STRONG,
}
_OUTCOME_TONES = {Outcome.PASSED: Tone.GOOD, Outcome.STOPPED: Tone.WARN}


def status_bar(screen: str, history: RunHistory | None, width: int) -> Line:
    """The line for a screen's title and the run that is looked at, `width` cells wide."""
    place = (Span(" Gossipper", Tone.TITLE), Span(" ▸ ", Tone.DIM), Span(screen, Tone.STRONG))
    if history is None:
        return spread(line(*place), line(Span("idle · no run ", Tone.DIM)), width)
    left = line(*place, Span("  ", Tone.DIM), Span(run_title(history.started)))
    if width_of(left) + 50 > width:
        left = line(Span(f" {screen}", Tone.STRONG), Span(" ", Tone.DIM), Span(run_title(history.started)))
    return spread(left, _right(history, width), width)


def state(history: RunHistory) -> Line:
    """How a run stands: its state and clock, or how it ended."""
    if history.summary is not None:
        outcome = history.summary.outcome
        mark = Span(f"{STATE_MARKS[RunState.FINISHED]} {outcome.value}", _OUTCOME_TONES.get(outcome, Tone.BAD))
        return line(mark, f" {clock(round(history.summary.elapsed_s * 1e9))}")
    if history.snapshot is None:
        return line(Span("◌ starting", Tone.DIM))
    now = history.snapshot.state
    return line(Span(f"{STATE_MARKS[now]} {now.value}", _STATE_TONES[now]), f" {clock(history.snapshot.elapsed_ns)}")


def _right(history: RunHistory, width: int) -> Line:
    if history.snapshot is None:
        return line(*state(history), " ")
    told = status(history.started, history.snapshot, history.series.before)
    gap = "   " if width >= 100 else "  "
    standing = line(*state(history), gap, _rate(history.summary, told), gap)
    security = (Span(told.security, Tone.WARN), gap) if told.security else ()
    verdict = history.summary.verdict if history.summary else told.verdict
    for short in (False, True):
        whole = line(*standing, *security, *_trust(verdict, short=short), " ")
        if width_of(whole) <= width - 30:
            return whole
    return line(*standing, *_trust(verdict, short=True), " ")


def _rate(summary: Summary | None, told: Status) -> Span:
    """Calls a second, at the end over the whole run; as wide as the target needs, so that nothing beside it moves."""
    target = rate(told.target_rate) if told.target_rate else ""
    reached = summary.call_rate if summary else told.call_rate
    return Span(f"{rate(round(reached, 1)):>{max(4, len(target))}}/s", Tone.STRONG)


def _trust(verdict: Verdict, short: bool) -> Line:
    """The verdict without its reasons; those stand below the flow. `short` leaves of a good one the sign."""
    text = verdict_text(verdict).partition(":")[0]
    if verdict.trustworthy:
        return line(Span(text[0] if short else text, Tone.GOOD))
    return line(Span(text, Tone.BAD))
