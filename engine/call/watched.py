# SPDX-License-Identifier: AGPL-3.0-or-later
"""A call that tells a `Watcher` what it does: each message with its step, what actions did, why it ended.

A call that nobody watches is a plain `Call` and has none of this. What is told is told in the order in which it happened; a
message that came is told at once, and which step took it a moment later (`Watcher.took`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Final

from engine.call.base import CallContext
from engine.call.call import Call
from engine.call.places import place
from engine.call.retransmission import Answer
from engine.messages import Failure
from engine.scenario.program import DigitsStep, RecvStep, SendStep, Step
from engine.scenario.variables import Value
from engine.sip.authentication import CHALLENGES
from engine.sip.message import Message

NO_STEP: Final = -1
MOST_SHOWN: Final = 200
"""Bytes of a variable that are told."""
_STATUS_LINE: Final = b"SIP/2.0 "
_SOURCES: Final[dict[type[Step], str]] = {SendStep: "send", RecvStep: "recv", DigitsStep: "digits"}


class Watcher(ABC):
    """Whom watched calls tell. Times are those of the monotonic clock, in ns."""

    __slots__ = ()

    @abstractmethod
    def begun(self, call: Watched, now_ns: int) -> None:
        """It has begun. `call.history` may be set now: then what actions do is told as well."""

    @abstractmethod
    def received(self, call: Watched, data: bytes, arrived_ns: int) -> None:
        """A message for it has come; `took` or `unexpected` may follow, and `settled` does."""

    @abstractmethod
    def took(self, step: int, again: bool) -> None:
        """The step that took what was received last; `again`: it had come before."""

    @abstractmethod
    def unexpected(self, expected: str) -> None:
        """What was received last is not what the call waited for."""

    @abstractmethod
    def settled(self) -> None:
        """No more will be said of what was received last."""

    @abstractmethod
    def lost(self, call: Watched, step: int, sent: bool) -> None:
        """A message was lost on purpose: one that the step would have `sent`, or else the one received last."""

    @abstractmethod
    def did(self, call: Watched, text: str) -> None:
        """What an action did, or what became of the call; only told where the call has a `history`."""

    @abstractmethod
    def logged(self, call: Watched, text: str, level: str, name: str, attributes: tuple[tuple[str, str], ...]) -> None:
        """What a <log> or <warning> action wrote."""

    @abstractmethod
    def timed_out(self, call: Watched, step: int, expected: str, timeout_ms: int, source: str) -> None:
        """A step waited in vain: `source` is `recv`, `send`, `digits` or `retransmission`."""

    @abstractmethod
    def timed(self, call: Watched, step: int, name: str, elapsed_ns: int) -> None:
        """A timer of the scenario has stopped."""

    @abstractmethod
    def challenged(self, call: Watched, message: Message) -> None:
        """A message with a challenge was taken."""

    @abstractmethod
    def ended(self, call: Watched, now_ns: int) -> None:
        """It is over: `failure`, `reason`, `cut_off` and its counts say how."""


class Watched(Call):
    """A call that is watched.

    Attributes are for the watcher: `sending` and `sends_again` say of a message that is being sent which step's it is, or -1,
    and whether it was sent before; `history` is the watcher's own.
    """

    __slots__ = (
        "_watcher",
        "cut_off",
        "duration_ns",
        "failure",
        "history",
        "late_ns",
        "outgoing",
        "reason",
        "received_count",
        "repeated_count",
        "response_times",
        "sending",
        "sends_again",
        "sent_count",
        "started_ns",
        "status",
    )

    def __init__(
        self, watcher: Watcher, context: CallContext, number: int, call_id: bytes, *, due_ns: int, cseq: int, user: int = 0
    ) -> None:
        super().__init__(context, number, call_id, due_ns=due_ns, cseq=cseq, user=user)
        self._watcher = watcher
        self.history: object = None
        self.outgoing = True
        self.started_ns = 0
        self.late_ns = 0
        self.duration_ns = 0
        self.failure: Failure | None = None
        self.reason = ""
        self.cut_off = False
        self.status = 0
        self.sent_count = 0
        self.received_count = 0
        self.repeated_count = 0
        self.response_times: dict[str, int] = {}
        self.sending = NO_STEP
        self.sends_again = False

    # --- its life ------------------------------------------------------------------------------------------------------

    def _begin(self, now_ns: int, *, outgoing: bool) -> None:
        super()._begin(now_ns, outgoing=outgoing)
        self.outgoing = outgoing
        self.started_ns = now_ns
        self.late_ns = self._from_due_ns
        self._watcher.begun(self, now_ns)

    def unstarted(self, now_ns: int, failure: Failure, reason: str) -> None:
        """It has failed before it could begin."""
        self.started_ns, self.late_ns = now_ns, now_ns - self.due_ns
        self.failure, self.reason = failure, reason
        self._watcher.begun(self, now_ns)
        self._watcher.ended(self, now_ns)

    def _tell_end(self, now_ns: int, failure: Failure | None, reason: str) -> None:
        super()._tell_end(now_ns, failure, reason)
        self.failure, self.reason = failure, reason
        self.duration_ns = now_ns - self.started_ns

    def stop(self, now_ns: int, *, tell: bool = True) -> None:
        """See `Call`."""
        if not self._counted:
            self.cut_off = True
            self.duration_ns = now_ns - self.started_ns
        super().stop(now_ns, tell=tell)

    def end(self, now_ns: int, failure: Failure | None, reason: str = "") -> None:
        """See `Call`."""
        if self.is_over:
            return
        # Its media are counted and judged before they close.
        self._count_end(now_ns, failure, reason)
        self._watcher.ended(self, now_ns)
        super().end(now_ns, failure, reason)

    def media_figures(self) -> dict[str, float]:
        """What was measured of its media, by kind and name; empty when it had none."""
        return {} if self._media is None else self._media.all_figures()

    # --- messages ------------------------------------------------------------------------------------------------------

    def receive(self, message: Message, now_ns: int, arrived_ns: int) -> None:
        """See `Call`."""
        self.received_count += 1
        if message.status >= 200:
            self.status = message.status
        watcher = self._watcher
        watcher.received(self, message.data, arrived_ns)
        super().receive(message, now_ns, arrived_ns)
        watcher.settled()

    def sent(self, data: bytes) -> None:
        """A message of it has left: which step's it is, is said by `sending`."""
        self.sent_count += 1
        if data.startswith(_STATUS_LINE) and data[8:9] > b"1":
            self.status = int(data[8:11]) if data[8:11].isdigit() else 0
        resend = self._resend
        if self.sending < 0 and resend is not None and resend.data is data:
            self.sending, self.sends_again = resend.step, True
        if self.sends_again:
            self.repeated_count += 1

    def sent_is_told(self) -> None:
        """What is sent next is another message."""
        self.sending, self.sends_again = NO_STEP, False

    def _enter_send(self, step: SendStep, now_ns: int) -> bool:
        self.sending = step.index
        goes_on = super()._enter_send(step, now_ns)
        self.sending = NO_STEP
        return goes_on

    def _answer_again(self, answer: Answer) -> None:
        self._watcher.took(answer.taken_by, True)
        self.sending, self.sends_again = answer.sent_by, True
        super()._answer_again(answer)
        self.sent_is_told()

    def _receive_late(self, step: RecvStep, message: Message, acknowledging: int) -> None:
        self._watcher.took(step.index, True)
        self.sending, self.sends_again = acknowledging, True
        super()._receive_late(step, message, acknowledging)
        self.sent_is_told()

    def _take(self, step: RecvStep, message: Message, now_ns: int, arrived_ns: int) -> None:
        self._watcher.took(step.index, False)
        super()._take(step, message, now_ns, arrived_ns)

    def _lose(self, step: Step) -> None:
        super()._lose(step)
        self._watcher.lost(self, step.index, isinstance(step, SendStep))

    def count_unexpected(self) -> None:
        """See `CallBase`."""
        super().count_unexpected()
        self._watcher.unexpected(place(self.context.program.steps, self.step_index))

    def challenged(self, message: Message) -> bool:
        """See `Dialog`."""
        is_one = super().challenged(message)
        if is_one and message.status in CHALLENGES:
            self._watcher.challenged(self, message)
        return is_one

    # --- times ---------------------------------------------------------------------------------------------------------

    def count_timeout(self, step: Step, failure: Failure) -> None:
        """See `CallBase`."""
        super().count_timeout(step, failure)
        source, timeout_ns = "retransmission", 0
        if failure is not Failure.MAX_RETRANSMISSIONS and isinstance(step, (SendStep, RecvStep, DigitsStep)):
            source, timeout_ns = _SOURCES[type(step)], step.timeout_ns or 0
        self._watcher.timed_out(
            self, step.index, place(self.context.program.steps, step.index), timeout_ns // 1_000_000, source
        )

    def _book(self, step: Step, now_ns: int) -> None:
        for timer in step.stops:
            started_ns = self._timers[timer]
            if started_ns >= 0:
                name, elapsed_ns = self.context.program.timers[timer], max(0, now_ns - started_ns)
                self.response_times[name] = elapsed_ns
                self._watcher.timed(self, step.index, name, elapsed_ns)
        super()._book(step, now_ns)

    # --- what actions do -----------------------------------------------------------------------------------------------

    def _act(self, step: Step, message: bytes) -> None:
        if self.history is None:
            super()._act(step, message)
            return
        before = self.variables.copy()
        super()._act(step, message)
        for index, name in enumerate(self.context.program.variables):
            value = self.variables[index]
            if value is not before[index]:
                self._watcher.did(self, f"${name} = {_shown(value)}")

    def fail(self, failure: Failure, detail: str) -> None:
        """See `CallBase`."""
        super().fail(failure, detail)
        self._did(f"failed: {detail}")

    def log(self, text: str) -> None:
        """See `CallBase`."""
        super().log(text)
        self._watcher.logged(self, text, "info", "", ())

    def log_event(self, text: str, level: str, name: str, attributes: tuple[tuple[str, str], ...]) -> None:
        """See `CallBase`."""
        super().log_event(text, level, name, attributes)
        self._watcher.logged(self, text, level, name, attributes)

    def warn(self, text: str) -> None:
        """See `CallBase`."""
        super().warn(text)
        self._watcher.logged(self, text, "warn", "", ())

    def execute(self, command: bytes, label: str) -> None:
        """See `CallBase`."""
        super().execute(command, label)
        self._did(f"command: {command[:MOST_SHOWN].decode('utf-8', 'replace')}")

    def set_destination(self, host: str, port: str, protocol: str) -> None:
        """See `CallBase`."""
        super().set_destination(host, port, protocol)
        self._did(f"destination: {host} port {port} {protocol}".rstrip())

    def close_connection(self) -> None:
        """See `CallBase`."""
        super().close_connection()
        self._did("closed the connection")

    def jump_to(self, index: int) -> None:
        """See `CallBase`."""
        super().jump_to(index)
        self._did(f"jump to {place(self.context.program.steps, index)}")

    def stop_call(self) -> None:
        """See `CallBase`."""
        super().stop_call()
        self._did("stop_call")

    def _did(self, text: str) -> None:
        if self.history is not None:
            self._watcher.did(self, text)


def _shown(value: Value) -> str:
    """The value of a variable, for people."""
    if isinstance(value, bytes):
        return repr(value[:MOST_SHOWN].decode("utf-8", "replace")) + ("…" if len(value) > MOST_SHOWN else "")
    return "unset" if value is None else f"{value:.10g}" if isinstance(value, float) else str(value).lower()
