# SPDX-License-Identifier: AGPL-3.0-or-later
"""Where a call stands, in words for people: `step 4 (200)`. Made only when a call fails."""

from __future__ import annotations

from collections.abc import Sequence

from engine.scenario.program import DigitsStep, NopStep, PauseStep, RecvStep, SendStep, Step


def place(steps: Sequence[Step], index: int) -> str:
    """The step at `index` with its label; for a run of optional `recv` the mandatory one that ends it."""
    while index + 1 < len(steps) and _is_optional(steps[index]) and type(steps[index + 1]) is RecvStep:
        index += 1
    return f"step {index} ({_label(steps[index])})" if index < len(steps) else "the end"


def _is_optional(step: Step) -> bool:
    return isinstance(step, RecvStep) and step.optional


def _label(step: Step) -> str:
    match step:
        case RecvStep(statuses=statuses, method=method):
            return ",".join(map(str, statuses)) or method.decode("latin-1")
        case SendStep(method=method):
            return method.decode("latin-1") or "response"
        case PauseStep(timewait=timewait):
            return "timewait" if timewait else "pause"
        case DigitsStep(text=text):
            return f"dtmf {text}"
        case NopStep():
            return "nop"
