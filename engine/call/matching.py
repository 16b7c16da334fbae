# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which step of a scenario a message belongs to.

A call that waits stands at the first `recv` of a run: optional ones, then a mandatory one. A message belongs to the
first of the run that it fits; an optional that does not fit is passed over, a mandatory one ends the search. What else is
open, from the nearest back: the optionals that stand right before the step, and those that are `global`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from engine.scenario.program import RecvStep, SendStep, Step
from engine.sip.message import Message

Key = int | bytes
"""What a step waits for: a status code, or a method."""


class OpenSteps:
    """The steps that may take a message while a call stands at one place, by what they wait for.

    `in_order` has all of them when one waits for an expression, which no table can tell; else it is empty.
    """

    __slots__ = ("in_order", "table")

    def __init__(self, steps: Sequence[RecvStep]) -> None:
        self.table: dict[Key, list[RecvStep]] = {}
        for step in steps:
            for key in step.statuses or (step.method,):
                self.table.setdefault(key, []).append(step)
        self.in_order = list(steps) if any(step.expression is not None for step in steps) else NO_STEPS

    def candidates(self, message: Message) -> list[RecvStep]:
        """The steps that wait for a message of this status or method."""
        if self.in_order and not message.status:
            return [step for step in self.in_order if _takes_method(step, message.method)]
        return self.table.get(message.status or message.method, NO_STEPS)


NO_STEPS: Final[list[RecvStep]] = []
NO_BRANCHES: Final[list[bytes]] = []
"""Those of a call that has started no transaction that is named."""


def _takes_method(step: RecvStep, method: bytes) -> bool:
    if step.statuses:
        return False
    return step.method == method if step.expression is None else step.expression.fits(method)


def _is_of(step: RecvStep, message: Message, branches: list[bytes]) -> bool:
    """Whether a response has the branch of the request that started the step's transaction."""
    branch = branches[step.transaction] if branches else b""
    return bool(branch) and branch == message.branch


class Matcher:
    """Which step takes a message, for each step at which a call may stand: tables made once, when a call first stands there.

    `any_method`: a response fits by its code alone, whatever the method in its CSeq. `deaf`: these steps take nothing.
    """

    __slots__ = ("_any_method", "_deaf", "_open", "_steps")

    def __init__(self, steps: Sequence[Step], *, any_method: bool = False, deaf: frozenset[int] = frozenset()) -> None:
        self._steps = steps
        self._any_method = any_method
        self._deaf = deaf
        self._open: list[OpenSteps | None] = [None] * (len(steps) + 1)

    def find(self, index: int, message: Message, branches: list[bytes]) -> RecvStep | None:
        """The step that takes this message in a call that stands at `index`; None without any.

        `branches` are those of the transactions that the call has started.
        """
        found = self._open[index]
        if found is None:
            found = self._open[index] = OpenSteps([] if index in self._deaf else list(_open_steps(self._steps, index)))
        status = message.status
        for step in found.candidates(message):
            if step.transaction >= 0:
                if _is_of(step, message, branches):
                    return step
            elif not status or self._any_method or not step.index or message.cseq_method in step.cseq_methods:
                return step
        return None


def _open_steps(steps: Sequence[Step], index: int) -> Iterator[RecvStep]:
    """The steps that may take a message at `index`, in the order in which they are tried."""
    for position in range(index, len(steps)):
        step = steps[position]
        if type(step) is not RecvStep:
            break
        yield step
        if not step.optional:
            break
    adjoins = True
    for position in range(index - 1, -1, -1):
        step = steps[position]
        adjoins = adjoins and type(step) is RecvStep and step.optional
        if type(step) is RecvStep and (adjoins or step.is_global):
            yield step


def find_earlier(steps: Sequence[Step], index: int, message: Message, branches: list[bytes]) -> RecvStep | None:
    """The last step before `index` that waited for responses like this one, of a transaction that is over: one that it names,
    or that of an INVITE whose ACK follows. Other responses that come late in other bytes are unexpected, as in SIPp."""
    if not message.status:
        return None
    for position in range(min(index, len(steps)) - 1, -1, -1):
        step = steps[position]
        if type(step) is RecvStep and message.status in step.statuses:
            if step.transaction >= 0:
                if _is_of(step, message, branches):
                    return step
            elif message.cseq_method == b"INVITE" and b"INVITE" in step.cseq_methods and _is_ack(steps, position + 1):
                return step
    return None


def _is_ack(steps: Sequence[Step], position: int) -> bool:
    step = steps[position] if position < len(steps) else None
    return type(step) is SendStep and step.method == b"ACK"


def first_recv(steps: Sequence[Step]) -> int:
    """The index of the first `recv`: what a server's calls begin with. `len(steps)` when there is none."""
    return next((step.index for step in steps if type(step) is RecvStep), len(steps))
