# SPDX-License-Identifier: AGPL-3.0-or-later
"""The log of a run: warnings, and what its scenario wrote with <log>."""

from __future__ import annotations

from gossipper_tui.views.history import RunHistory
from gossipper_tui.views.numbers import clock
from gossipper_tui.views.spans import Line, Span, Tone, fit, line


def log_lines(history: RunHistory, width: int) -> list[Line]:
    """A line for each entry, oldest first, with the time since the start."""
    if not history.log:
        return [fit(line(Span("Nothing logged. Warnings and what the scenario's <log> writes appear here.", Tone.DIM)), width)]
    return [
        fit(
            line(
                Span(f"{clock(entry.elapsed_ns)} ", Tone.DIM),
                Span("! " if entry.warning else "  ", Tone.WARN),
                Span(entry.text.replace("\n", " ⏎ "), Tone.WARN if entry.warning else Tone.NORMAL),
            ),
            width,
        )
        for entry in history.log
    ]
