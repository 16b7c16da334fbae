# SPDX-License-Identifier: AGPL-3.0-or-later
"""Labels that nothing leads to."""

from __future__ import annotations

from engine.messages import ProblemCode
from engine.scenario.diagnostics.subject import Subject
from engine.scenario.model import UNEXPECTED_LABEL
from engine.scenario.problems import Problems, nearest


def unused(subject: Subject, problems: Problems) -> None:
    """Report each label that neither `next` nor `ontimeout` names."""
    named = {draft.values[name] for draft in subject.drafts for name in ("next", "ontimeout") if name in draft.values}
    labels = {name for name, _, _ in subject.section.labels}
    missing = sorted(named - labels)
    for name, _, line in subject.section.labels:
        if name not in named and name != UNEXPECTED_LABEL:
            hint = nearest(name, missing, 'is next="{}" meant to lead here') or "lead to it with next=, or take it away"
            problems.warn(line, f"nothing leads to label '{name}'", hint, ProblemCode.UNUSED_LABEL)
