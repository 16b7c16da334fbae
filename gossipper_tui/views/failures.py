# SPDX-License-Identifier: AGPL-3.0-or-later
"""Why calls failed: in SIPp's classes, and in the words that name the code and the step."""

from __future__ import annotations

import re
from textwrap import wrap

from engine.messages import Failure, Snapshot
from gossipper_tui.views.history import RunHistory
from gossipper_tui.views.numbers import count, percentage
from gossipper_tui.views.plot import bar
from gossipper_tui.views.spans import EMPTY, Line, Span, Tone, fit, line, padded, spread

_NUMBERS = 20
_LONGEST_BAR = 80


def class_name(failure: Failure) -> str:
    """A class of failures in words: `max UDP retrans`, `unexpected message`."""
    words = re.findall(r"[A-Z]{2,}(?![a-z])|[A-Z][a-z]*", failure.value.removeprefix("Failed"))
    first, *others = (word if word.isupper() else word.lower() for word in words)
    return " ".join((first.capitalize(), *others)).replace("doesnt", "doesn't")


def by_reason(snapshot: Snapshot) -> list[tuple[str, int]]:
    """Reasons and how many calls each ended, the most frequent first."""
    return sorted(snapshot.counters.reasons.items(), key=lambda item: (-item[1], item[0]))


def box(history: RunHistory, width: int, height: int) -> list[Line]:
    """The most frequent reasons, as many as there is room for."""
    snapshot = history.snapshot
    if snapshot is None or not snapshot.counters.failed:
        return [line(Span("none", Tone.DIM))]
    reasons = by_reason(snapshot)
    shown = reasons if len(reasons) <= height else reasons[: max(0, height - 1)]
    lines = [spread(line(Span(f"✗ {reason}", Tone.BAD)), line(count(number)), width) for reason, number in shown]
    if len(shown) < len(reasons):
        lines.append(fit(line(Span(f"and {len(reasons) - len(shown)} more reasons", Tone.DIM)), width))
    return lines[:height]


def table(history: RunHistory, width: int) -> list[Line]:
    """Failed calls by class, then by reason, each with its share of the failed calls as a bar."""
    snapshot = history.snapshot
    if snapshot is None or not snapshot.counters.failed:
        return [fit(line(Span("✔ No call has failed.", Tone.GOOD)), width)]
    failed = snapshot.counters.failed
    classes = sorted(snapshot.counters.failures.items(), key=lambda item: (-item[1], item[0]))
    by_class = [(class_name(failure), number) for failure, number in classes if number]
    reasons = by_reason(snapshot)
    names = min(max(len(name) for name, _ in (*by_class, *reasons, ("", 0))), max(12, width // 2))
    share = line(Span(f"{percentage(failed, snapshot.counters.created)} of all calls", Tone.DIM))
    return [
        spread(line(Span(f"✗ {count(failed)} failed", Tone.BAD)), share, width),
        EMPTY,
        *_part("By class", by_class, names, failed, width),
        EMPTY,
        *_part("By reason", reasons, names, failed, width),
    ]


def _part(heading: str, rows: list[tuple[str, int]], names: int, whole: int, width: int) -> list[Line]:
    inner = max(0, min(_LONGEST_BAR, width - names - _NUMBERS - 3))
    lines = [line(Span(heading, Tone.TITLE))]
    for name, number in rows:
        numbers = f"{count(number, 10)} {percentage(number, whole):>9}"
        drawn = Span(" " + bar(number / whole, inner), Tone.BAD)
        first, *others = wrap(name, names) or [""]  # a reason ends with what to do: nothing of it is cut off
        lines.append(fit(line("  ", padded(first, names), numbers, drawn), width))
        lines.extend(fit(line("  ", padded(other, names)), width) for other in others)
    return lines
