# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which step of a scenario a message belongs to.

A call that waits stands at the first `recv` of a run: optional ones, then a mandatory one. A message belongs to the
first of the run that it fits; an optional that does not fit is passed over, a mandatory one ends the search. Optionals
that are `global` stay open from where they stand to the end of the call.
"""

from __future__ import annotations

from collections.abc import Sequence

from engine.scenario.program import RecvStep, Step
from engine.sip.message import Message


def fits(step: Step, message: Message, *, any_method: bool = False) -> bool:
    """Whether the step waits for this message. `any_method`: do not look at the CSeq of a response."""
    if type(step) is not RecvStep:
        return False
    if message.status:
        return step.status == message.status and (any_method or message.cseq_method in step.cseq_methods)
    return not step.status and step.method == message.method


def find_step(steps: Sequence[Step], index: int, message: Message, *, any_method: bool = False) -> RecvStep | None:
    """The step of the run that begins at `index` which the message fits, or an open global one; None without any."""
    for position in range(index, len(steps)):
        step = steps[position]
        if type(step) is not RecvStep:
            break
        if fits(step, message, any_method=any_method):
            return step
        if not step.optional:
            break
    for position in range(index):
        step = steps[position]
        if type(step) is RecvStep and step.is_global and fits(step, message, any_method=any_method):
            return step
    return None


def find_earlier(steps: Sequence[Step], index: int, message: Message) -> RecvStep | None:
    """The last step before `index` that took responses like this one: an answer to an older transaction, come late."""
    if not message.status:
        return None
    for position in range(min(index, len(steps)) - 1, -1, -1):
        step = steps[position]
        if type(step) is RecvStep and fits(step, message):
            return step
    return None


def first_recv(steps: Sequence[Step]) -> int:
    """The index of the first `recv`: what a server's calls begin with. `len(steps)` when there is none."""
    return next((step.index for step in steps if type(step) is RecvStep), len(steps))
