# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which step of a scenario a message belongs to.

A call that waits stands at the first `recv` of a run: optional ones, then a mandatory one. A message belongs to the
first of the run that it fits; an optional that does not fit is passed over, a mandatory one ends the search. Optionals
that are `global` stay open from where they stand to the end of the call.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.scenario.program import RecvStep, Step
from engine.sip.message import Message

Key = int | bytes
"""What a step waits for: a status code, or a method."""


class Matcher:
    """Which step takes a message, for each step at which a call may stand: tables made once, looked up once a message.

    `any_method`: a response fits by its code alone, whatever the method in its CSeq.
    """

    __slots__ = ("_any_method", "_tables")

    def __init__(self, steps: Sequence[Step], *, any_method: bool = False) -> None:
        self._any_method = any_method
        self._tables: list[dict[Key, list[RecvStep]]] = []
        for index in range(len(steps) + 1):
            table: dict[Key, list[RecvStep]] = {}
            for step in _open_steps(steps, index):
                table.setdefault(step.status or step.method, []).append(step)
            self._tables.append(table)

    def find(self, index: int, message: Message) -> RecvStep | None:
        """The step that takes this message in a call that stands at `index`; None without any."""
        status = message.status
        for step in self._tables[index].get(status or message.method, ()):
            if not status or self._any_method or message.cseq_method in step.cseq_methods:
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
    for position in range(index):
        step = steps[position]
        if type(step) is RecvStep and step.is_global:
            yield step


def find_earlier(steps: Sequence[Step], index: int, message: Message) -> RecvStep | None:
    """The last step before `index` that took responses like this one: an answer to an older transaction, come late."""
    if not message.status:
        return None
    for position in range(min(index, len(steps)) - 1, -1, -1):
        step = steps[position]
        if type(step) is RecvStep and step.status == message.status and message.cseq_method in step.cseq_methods:
            return step
    return None


def first_recv(steps: Sequence[Step]) -> int:
    """The index of the first `recv`: what a server's calls begin with. `len(steps)` when there is none."""
    return next((step.index for step in steps if type(step) is RecvStep), len(steps))
