# SPDX-License-Identifier: AGPL-3.0-or-later
"""Responses that are waited for before anything was asked."""

from __future__ import annotations

from engine.messages import ProblemCode
from engine.scenario.diagnostics.subject import Subject
from engine.scenario.model import Recv, Send
from engine.scenario.problems import Problems


def before_any_request(subject: Subject, problems: Problems) -> None:
    """Report each `recv` of a response that no way leads to on which a request is sent."""
    steps, paths = subject.steps, subject.paths
    requests = (index for index, step in enumerate(steps) if isinstance(step, Send) and step.method not in ("", "ACK"))
    asked = paths.reachable([each for index in requests if subject.reached[index] for each in paths.successors[index]])
    for index, step in enumerate(steps):
        if isinstance(step, Recv) and step.statuses and subject.reached[index] and not asked[index]:
            what = f"no request is sent before this <recv> of a {step.statuses[0]}"
            hint = "send one before it, or wait for a request="
            problems.warn(step.line, what, hint, ProblemCode.RESPONSE_BEFORE_REQUEST)
