# SPDX-License-Identifier: AGPL-3.0-or-later
"""How a run ended, and what speaks against its numbers, below its flow."""

from __future__ import annotations

from textwrap import wrap

from gossipper_tui.views.final import outcome_lines
from gossipper_tui.views.history import RunHistory
from gossipper_tui.views.spans import Line, Span, Tone, line
from gossipper_tui.views.status import verdict_text


def judgement(history: RunHistory, width: int) -> list[Line]:
    """Nothing while all goes well; the reasons when the numbers cannot be trusted; at the end the outcome."""
    if history.summary is not None:
        tone = Tone.GOOD if history.summary.exit_code == 0 and history.summary.trustworthy else Tone.BAD
        return [line(Span(text, tone)) for outcome in outcome_lines(history.summary) for text in wrap(outcome, max(1, width))]
    if history.snapshot is not None and not history.snapshot.verdict.trustworthy:
        return [line(Span(text, Tone.BAD)) for text in wrap(verdict_text(history.snapshot.verdict), max(1, width))]
    return []
