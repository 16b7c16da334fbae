# SPDX-License-Identifier: AGPL-3.0-or-later
"""Steps that no call can come to."""

from __future__ import annotations

from engine.messages import ProblemCode
from engine.scenario.diagnostics.subject import Subject
from engine.scenario.problems import Problems


def unreachable(subject: Subject, problems: Problems) -> None:
    """Report the first of each stretch of steps that no way leads to."""
    reached, drafts = subject.reached, subject.drafts
    for index, draft in enumerate(drafts):
        if reached[index] or (index and not reached[index - 1]):
            continue
        end = next((later for later in range(index, len(drafts)) if reached[later]), len(drafts))
        behind = f", nor to the {end - index - 1} behind it" if end - index > 1 else ""
        hint = "give it a <label> that a next= leads to, or take it away"
        problems.warn(draft.line, f"no call can come to this <{draft.kind}>{behind}", hint, ProblemCode.UNREACHABLE_STEP)
