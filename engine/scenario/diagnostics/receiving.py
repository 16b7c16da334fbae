# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a `recv` holds or waits for in vain: jumps, and messages that an earlier `recv` of its run takes.

A call that waits at a run of optional `recv` tries them in their order (`engine.call.matching`), so one that an earlier covers
gets nothing, unless a call can come into the run between the two.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from engine.messages import ProblemCode
from engine.scenario.diagnostics.subject import Subject
from engine.scenario.model import Recv
from engine.scenario.posix_regex import compile_posix
from engine.scenario.problems import Problems

_EVERYTHING = frozenset({"", ".*", "^.*", ".*$", "^.*$", ".+", "^.+", ".+$", "^.+$", ".", "(.*)", "(.+)"})
"""Expressions that fit any method."""
_MOST_EXPRESSIONS = 20
"""Of more in one run, the later ones are not compared."""


def jumps(subject: Subject, problems: Problems) -> None:
    """Report each jump in a `recv`."""
    for draft in subject.drafts:
        for action in draft.actions if draft.kind == "recv" else ():
            if action.name == "jump":
                what, hint = "a jump in a <recv> does nothing, as in SIPp", "put it into a <nop> behind it"
                problems.warn(action.line, what, hint, ProblemCode.JUMP_IN_RECV)


def covered(subject: Subject, problems: Problems) -> None:
    """Report each `recv` that gets nothing since an earlier one of its run takes it."""
    if subject.paths.jumps_anywhere:
        return
    taken = _Taken()
    for index, step in enumerate(subject.steps):
        if not isinstance(step, Recv):
            taken = _Taken()
            continue
        if index in subject.paths.targets:
            taken = _Taken()
        earlier = taken.covering(step)
        if earlier is not None:
            what = f"the <recv> in line {int(earlier.line)} takes all that this one waits for"
            hint = "they belong to one run of optional ones: take one away, or tell them apart"
            problems.warn(step.line, what, hint, ProblemCode.RECV_NEVER_MATCHES)
        if not step.optional or step.condition is not None:
            # Whoever passes over a step comes into the run behind it.
            taken = _Taken()
        else:
            taken.add(step)


@dataclass(slots=True)
class _Taken:
    """What the steps of a run take, as far as it has been walked."""

    _responses: dict[tuple[int, str | None], Recv] = field(default_factory=dict)
    _methods: dict[str, Recv] = field(default_factory=dict)
    _same: dict[str, Recv] = field(default_factory=dict)
    _expressions: list[tuple[Callable[[bytes], object], Recv]] = field(default_factory=list)
    _everything: Recv | None = None

    def covering(self, step: Recv) -> Recv | None:
        """An earlier step that takes all that this one waits for."""
        if step.statuses:
            found = [self._of_status(status, step.transaction) for status in step.statuses]
            return found[0] if all(found) else None
        if self._everything is not None:
            return self._everything
        if step.is_expression:
            return self._same.get(step.method)
        if step.method in self._methods:
            return self._methods[step.method]
        method = step.method.encode("latin-1", "replace")
        return next((each for search, each in self._expressions if search(method)), None)

    def _of_status(self, status: int, transaction: str | None) -> Recv | None:
        return self._responses.get((status, transaction)) or self._responses.get((status, None))

    def add(self, step: Recv) -> None:
        """Walk over a step."""
        for status in step.statuses:
            self._responses.setdefault((status, step.transaction), step)
        if step.statuses:
            return
        if not step.is_expression:
            self._methods.setdefault(step.method, step)
            return
        self._same.setdefault(step.method, step)
        if step.method in _EVERYTHING:
            self._everything = self._everything or step
        elif len(self._expressions) < _MOST_EXPRESSIONS:
            self._expressions.append((compile_posix(step.method).search, step))
