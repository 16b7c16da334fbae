# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a step that is done leaves behind, and where a call goes from it.

A step keeps its books (timers, a counter), does its actions, and leads to the next one: the following, the one that `next`
names where `test` and `chance` allow it, or where an action jumped to. The beginning and the end of a call are counted here.
"""

from __future__ import annotations

from typing import Final

from engine.call.base import CallBase, CallContext
from engine.messages import Failure
from engine.scenario.program import PauseStep, Step, Unsendable
from engine.scenario.variables import is_set

NO_TIMERS: Final[list[int]] = []
"""Shared by the calls that have none: ten thousands may be open."""


class Progress(CallBase):
    """A call as far as it goes through its steps. `_paused_in` is the pause in which it is counted as open, -1 for none."""

    __slots__ = ("_counted", "_from_due_ns", "_paused_in", "_started_ns", "_timers")

    def __init__(
        self, context: CallContext, number: int, call_id: bytes, *, due_ns: int, cseq: int, user: int = 0, local_port: int = 0
    ) -> None:
        super().__init__(context, number, call_id, due_ns=due_ns, cseq=cseq, user=user, local_port=local_port)
        self._timers = NO_TIMERS
        self._from_due_ns = 0
        self._started_ns = 0
        self._paused_in = -1
        self._counted = False

    def _begin(self, now_ns: int, *, outgoing: bool) -> None:
        """Count the beginning, and start all timers."""
        self._started_ns = now_ns
        self._from_due_ns = now_ns - self.due_ns
        timers = len(self.context.program.timers)
        if timers:
            self._timers = [now_ns] * timers
        self.context.meter.call_started(now_ns - self.due_ns, outgoing=outgoing)

    def _count_end(self, now_ns: int, failure: Failure | None, reason: str) -> None:
        if self._counted:
            return
        self._counted = True
        failure, reason = failure or self._action_failure, reason or self._action_reason
        if failure is None and self._media is not None:
            failure, reason = self._media.judge() or (None, "")
        self._tell_end(now_ns, failure, reason)

    def _tell_end(self, now_ns: int, failure: Failure | None, reason: str) -> None:
        """The call counts as ended, once."""
        self.context.meter.call_ended(now_ns - self._started_ns, failure, reason)

    def _do(self, step: Step, message: bytes, now_ns: int) -> None:
        """The timers, counter and actions of a step that goes on."""
        if step.books:
            self._book(step, now_ns)
        if step.actions:
            self._act(step, message)

    def _book(self, step: Step, now_ns: int) -> None:
        for timer in step.stops:
            started_ns = self._timers[timer]
            if started_ns < 0:
                continue
            meter = self.context.meter
            # A message that came before we sent may still be taken after it.
            elapsed_ns = max(0, now_ns - started_ns)
            meter.response_times[timer].pending.append(elapsed_ns)
            late_ns = self._from_due_ns if started_ns == self._started_ns else 0
            meter.response_times_from_due[timer].pending.append(elapsed_ns + late_ns)
            if not step.repeat_rtd:
                self._timers[timer] = -1
        for timer in step.starts:
            self._timers[timer] = now_ns
        if step.counter is not None:
            self.context.meter.scenario_counters[step.counter] += 1

    def _act(self, step: Step, message: bytes) -> None:
        """The step's actions on a message, up to the first that fails."""
        self.message = message
        self._action_failed = False
        self._is_stopped = False
        try:
            for action in step.actions:
                action(self)
                if self._action_failed or self.is_over:
                    break
        except Unsendable as error:
            self.fail(error.failure, str(error))

    def _last_data(self) -> bytes:
        return self.last.data if self.last is not None else b""

    def _following(self, step: Step) -> int:
        """Where a step leads that is done, or passed over."""
        if step.next is None or not self._allows(step):
            return step.index + 1
        if step.chance < 1 and self.context.chance() >= step.chance:
            return step.index + 1
        return step.next

    def _executes(self, step: Step) -> bool:
        """Whether the step's `condexec` lets it be executed."""
        condition = step.condition
        return condition is None or is_set(condition.get(self)) != step.condition_inverse

    def _allows(self, step: Step) -> bool:
        """Whether the step's `test` lets its `next` be followed."""
        return step.test is None or is_set(step.test.get(self))

    def _detour(self, step: Step, now_ns: int) -> int:
        """Go where the actions of a step say; until when the call is to wait there for the end of an earlier pause, or 0.

        As in SIPp a jump goes where the step before its target leads, and the step in which the rest of a pause is waited for
        is passed over.
        """
        steps = self.context.program.steps
        target, self._goes_to = self._goes_to, -1
        if target < 0:
            self.step_index = self._following(step)
        else:
            self.step_index = self._following(steps[target - 1]) if target else 0
        until_ns, self._restored_ns = self._restored_ns, 0
        if not until_ns or self.step_index >= len(steps):
            return 0
        there = steps[self.step_index]
        if until_ns <= now_ns:
            self.step_index = self._following(there)
            return 0
        if type(there) is PauseStep:
            self._paused_in = there.index
            self.context.meter.steps[there.index].open += 1
        return until_ns

    def _leave_pause(self) -> None:
        if self._paused_in >= 0:
            self.context.meter.steps[self._paused_in].open -= 1
            self._paused_in = -1
