# SPDX-License-Identifier: AGPL-3.0-or-later
"""A call: the state machine that runs a compiled scenario.

A call stands at a step. `_advance` runs steps until one has to wait: a `recv` for a message, a pause for its end, a
`send` for the answer to what was sent before it (SIPp sends nothing new while something is being retransmitted).
`receive` brings a message, `wake` a time that was asked for; both end in `_advance` or leave the call where it stands.

There are two times that a call may wait for: `wait_until_ns` (the end of a pause, a timeout) and that of its `Resend`.
The host is only told when the earliest of them comes before what it was told already; a time that has moved back is
found out when the earlier one fires. So a call that is answered quickly costs one entry in the host's queue, not one a
message.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Final

from engine.call import timeouts
from engine.call.base import CallContext
from engine.call.defaults import tell_peer, unexpected
from engine.call.holding import Holding
from engine.call.matching import NO_BRANCHES, find_earlier
from engine.call.places import place
from engine.call.retransmission import Answer, Heard, Resend, retransmission_key
from engine.messages import Failure
from engine.scenario.program import DigitsStep, NopStep, PauseStep, RecvStep, SendStep, Step, Unsendable
from engine.scenario.values import number_of
from engine.sip.message import Message, branch_in

NS_A_MS: Final = 1_000_000
MOST_STEPS_AT_ONCE: Final = 1000
"""Steps run without waiting before others get their turn: a scenario may jump in a circle."""

_SDP: Final = b"application/sdp"
_STOPS_RESENDING: Final = (b"ACK", b"BYE", b"CANCEL", b"PRACK")


NOTHING_HEARD: Final = Heard()


class Call(Holding):
    """One call."""

    __slots__ = (
        "_branches",
        "_handled",
        "_heard",
        "_on_wait",
        "_queued",
        "_resend",
    )

    def __init__(
        self, context: CallContext, number: int, call_id: bytes, *, due_ns: int, cseq: int, user: int = 0, local_port: int = 0
    ) -> None:
        super().__init__(context, number, call_id, due_ns=due_ns, cseq=cseq, user=user, local_port=local_port)
        self._on_wait: Callable[[Call, int], None] = Call._advance
        self._resend: Resend | None = None
        self._heard = Heard()
        self._handled: Message | None = None
        self._queued: Message | None = None
        transactions = context.program.transactions
        self._branches = [b""] * transactions if transactions else NO_BRANCHES

    # --- what the host calls -------------------------------------------------------------------------------------------

    def start(self, now_ns: int, *, outgoing: bool) -> None:
        """Begin; `due_ns` is when it should have begun."""
        self._begin(now_ns, outgoing=outgoing)
        self._advance(now_ns)

    def receive(self, message: Message, now_ns: int, arrived_ns: int) -> None:
        """Take a message with this call's Call-ID. Timers are read as of its arrival; what it sets off happens now."""
        context = self.context
        key = retransmission_key(message, loose=context.loose)
        answer = self._heard.find(key)
        if answer is not None:
            self._answer_again(answer)
            return
        self._receive_new(message, key, now_ns, arrived_ns)

    def _receive_new(self, message: Message, key: Hashable, now_ns: int, arrived_ns: int) -> None:
        context = self.context
        step = context.matcher.find(self.step_index, message, self._branches)
        if step is None:
            self._receive_unknown(message, now_ns)
            return
        if step.lost and context.chance() < step.lost:
            self._lose(step)
            return
        self._heard.remember(key, message, step.index)
        self._take(step, message, now_ns, arrived_ns)

    def wake(self, now_ns: int) -> None:
        """A time that this call asked for has come (or an earlier one that it no longer needs)."""
        resend = self._resend
        if resend is not None and now_ns >= resend.due_ns:
            self._send_again(resend, now_ns)
        elif self.wait_until_ns and now_ns >= self.wait_until_ns:
            self.wait_until_ns = 0
            self._on_wait(self, now_ns)
        if not self.is_over:
            self._schedule()

    def stop(self, now_ns: int, *, tell: bool = True) -> None:
        """Cut the call off; the peer is told if `tell`. It neither succeeded nor failed, so it stays counted as open."""
        if not self._counted:
            if tell:
                tell_peer(self)
            self._counted = True
        self.end(now_ns, None)

    def disconnected(self, now_ns: int, failure: Failure, reason: str) -> None:
        """The connection that this call used is gone."""
        self.end(now_ns, failure, reason)

    # --- what default behaviours call ----------------------------------------------------------------------------------

    def jump(self, index: int, now_ns: int, *, keeps_resending: bool = False) -> None:
        """Go on at another step, whatever was being waited for."""
        self._leave_pause()
        self.wait_until_ns = 0
        self._held_by = None
        if not keeps_resending:
            self._resend = None
        self.step_index = index
        self._advance(now_ns)

    def end(self, now_ns: int, failure: Failure | None, reason: str = "") -> None:
        """The call is over; without a `failure` it succeeded."""
        if self.is_over:
            return
        self._count_end(now_ns, failure, reason)
        self._leave_pause()
        self.is_over = True
        self.wake_ns = 0
        # The host's queue may hold on to the call for a while yet; what it received need not stay that long.
        self._resend = None
        self._heard = NOTHING_HEARD
        self._handled = self._queued = None
        self.forget()
        self._held_by = None
        media = self._media
        if media is not None:
            self._media = None  # they hold on to each other, and calls are freed without the collector
            media.close(now_ns)
        self.context.host.ended(self, now_ns)

    # --- steps ---------------------------------------------------------------------------------------------------------

    def _advance(self, now_ns: int) -> None:
        """Run steps until one waits or the call is over."""
        steps = self.context.program.steps
        last = len(steps)
        for _ in range(MOST_STEPS_AT_ONCE):
            if self.step_index >= last:
                self.end(now_ns, self._action_failure, self._action_reason)
                return
            step = steps[self.step_index]
            if step.condition is not None and not self._executes(step):
                self.step_index = self._following(step)
                continue
            if not self._enter(step, now_ns):
                if not self.is_over:
                    self._schedule()
                return
        self._wait(now_ns, Call._advance)
        self._schedule()

    def _enter(self, step: Step, now_ns: int) -> bool:
        """Begin a step; True when it is done."""
        if isinstance(step, RecvStep):
            return self._enter_recv(step, now_ns)
        if isinstance(step, SendStep):
            return self._enter_send(step, now_ns)
        if isinstance(step, PauseStep):
            return self._enter_pause(step, now_ns)
        if isinstance(step, DigitsStep):
            return self._enter_digits(step, now_ns)
        return self._enter_nop(step, now_ns)

    def _enter_send(self, step: SendStep, now_ns: int) -> bool:
        if self._resend is not None:
            if step.timeout_ns and not self.wait_until_ns:
                self._wait(now_ns + step.timeout_ns, timeouts.send_timed_out)
            return False
        if step.raises_cseq:
            self.cseq += 1
        context = self.context
        try:
            data = step.render(self)
        except Unsendable as error:
            self.end(now_ns, error.failure, f"{error} in {place(context.program.steps, step.index)}")
            return False
        if context.uses_media and data.find(_SDP) >= 0:
            self.media.sdp_sent(data)
        method = step.method
        counts = context.meter.steps[step.index]
        if step.lost and context.chance() < step.lost:
            self._lose(step)
        elif not context.send(self, data):
            failure, reason = context.host.refusal(self)
            self.end(now_ns, failure, f"cannot send in {place(context.program.steps, step.index)}: {reason}")
            return False
        counts.messages += 1
        self._heard.answered(method, data, step.index)
        if method:
            self.requested(method)
        if step.transaction >= 0:
            self._branches[step.transaction] = branch_in(data)
        if step.retransmit_ns:
            self._resend = self._make_resend(step, data, now_ns)
        return self._pass(step, data, now_ns)

    def _lose(self, step: Step) -> None:
        """A message that the step sends, or takes, is lost on purpose (`lost`)."""
        meter = self.context.meter
        meter.steps[step.index].lost += 1
        meter.counters.lost_on_purpose += 1

    def _make_resend(self, step: SendStep, data: bytes, now_ns: int) -> Resend:
        context = self.context
        if step.method == b"INVITE":
            return Resend(data, step.index, now_ns, step.retransmit_ns, 0, context.max_invite_retransmissions)
        return Resend(data, step.index, now_ns, step.retransmit_ns, context.t2_ns, context.max_other_retransmissions)

    def _enter_recv(self, step: RecvStep, now_ns: int) -> bool:
        """Wait. The timeout of a run is the first that one of its steps has."""
        if self._queued is not None:
            self._receive_queued(self._queued, now_ns)
            return False
        steps = self.context.program.steps
        for position in range(step.index, len(steps)):
            each = steps[position]
            if type(each) is not RecvStep:
                break
            if each.timeout_ns is not None:
                self._wait(now_ns + each.timeout_ns, timeouts.recv_timed_out)
                break
            if not each.optional:
                break
        return False

    def _enter_pause(self, step: PauseStep, now_ns: int) -> bool:
        counts = self.context.meter.steps[step.index]
        counts.messages += 1
        duration_ns = step.duration_ns if step.draw is None else step.draw(self)
        if step.timewait:
            self._count_end(now_ns, self._action_failure, self._action_reason)
            self.forget()
        elif not duration_ns:
            return self._pass(step, self._last_data(), now_ns)
        self._do(step, self._last_data(), now_ns)
        if self.is_over:
            return False
        if step.timewait and self._media is not None:
            self._media.hang_up(now_ns)
        counts.open += 1
        self._paused_in = step.index
        self._wait(now_ns + duration_ns, Call._pause_over)
        return False

    def _enter_nop(self, step: NopStep, now_ns: int) -> bool:
        self.context.meter.steps[step.index].messages += 1
        return self._pass(step, self._last_data(), now_ns)

    def _pass(self, step: Step, message: bytes, now_ns: int) -> bool:
        """A step is done: its timers, counter and actions, and where the call goes from here; False when it is to wait."""
        if step.books:
            self._book(step, now_ns)
        if step.actions:
            self._act(step, message)
            if self.is_over:
                return False
            if self._goes_to >= 0 or self._restored_ns:
                return self._pass_by_detour(step, now_ns)
            if self._held_by is not None:
                self.step_index = self._following(step)
                return not self._is_held(now_ns)
        self.step_index = step.index + 1 if step.next is None else self._following(step)
        return True

    def _pass_by_detour(self, step: Step, now_ns: int) -> bool:
        until_ns = self._detour(step, now_ns)
        if until_ns:
            self._wait(until_ns, Call._pause_over)
        return not until_ns

    # --- messages ------------------------------------------------------------------------------------------------------

    def _receive_queued(self, message: Message, now_ns: int) -> None:
        """Give the message with which the call jumped to `_unexp.main` to the `recv` that it has come to."""
        self._queued = None
        self._receive_new(message, retransmission_key(message, loose=self.context.loose), now_ns, now_ns)

    def _take(self, step: RecvStep, message: Message, now_ns: int, arrived_ns: int) -> None:
        """Give a message to the step that it fits."""
        waited_at = self.step_index
        self.context.meter.steps[step.index].messages += 1
        self.note(message)
        if self.context.uses_media and not step.ignores_sdp and message.data.find(_SDP) >= 0:
            self.media.sdp_received(message.data)
        if self._resend is not None and step.index > self._resend.step:
            self._stop_resending(message, now_ns)
        self.step_index = step.index
        if step.books:
            self._book(step, arrived_ns)
        if step.actions:
            self._act(step, message.data)
            self._goes_to = -1  # what was received leads on whatever its actions say
            if self.is_over:
                return
            if self._is_stopped:
                self.end(now_ns, Failure.CALL_REJECTED, f"stop_call in {place(self.context.program.steps, step.index)}")
                return
        # SIPp's actions still see the message and the routes from before.
        self.last = message
        if step.record_routes:
            self.record_routes(message)
        if step.authenticates and not self.challenged(message):
            reason = f"a {message.status} without a challenge in {place(self.context.program.steps, step.index)}"
            self.end(now_ns, Failure.UNEXPECTED_MESSAGE, reason)
            return
        if (step.optional and (step.next is None or not self._allows(step))) or not step.advances:
            self.step_index = waited_at
            if self._held_by is None:
                self._resume_send(now_ns)
            else:
                self._hold_here(now_ns)
            return
        self.wait_until_ns = 0
        self._leave_pause()
        self.step_index = step.index + 1 if step.next is None else self._following(step)
        self._advance_unless_held(now_ns)

    def _stop_resending(self, message: Message, now_ns: int) -> None:
        resend = self._resend
        if resend is None:
            return
        if message.status >= 200 or message.cseq_method == b"INVITE" or message.method in _STOPS_RESENDING:
            self._resend = None
        elif message.status:
            resend.slow_down(now_ns)

    def _resume_send(self, now_ns: int) -> None:
        """Go on with a `send` that waited for the answer that has come; else only look at the times again."""
        steps = self.context.program.steps
        if self._resend is None and self.step_index < len(steps) and type(steps[self.step_index]) is SendStep:
            self._advance(now_ns)
        else:
            self._schedule()

    def _receive_unknown(self, message: Message, now_ns: int) -> None:
        """A message that no step waits for: an old response come late, what a finished call absorbs, or unexpected."""
        if self._counted:
            self.context.meter.counters.dead_call += 1
            return
        context = self.context
        if context.ignores_in_pause and self._paused_in >= 0:
            return
        program = context.program
        earlier = find_earlier(program.steps, self.step_index, message, self._branches)
        if earlier is not None:
            acknowledging = program.acknowledges[earlier.transaction] if earlier.transaction >= 0 else earlier.index + 1
            self._receive_late(earlier, message, acknowledging)
        elif program.unexpected < 0 or not self._jump_with(message, now_ns):
            unexpected(self, message, now_ns)

    def _receive_late(self, step: RecvStep, message: Message, acknowledging: int) -> None:
        """A response to a transaction that is over: a final one gets the ACK that the scenario sends there, as in SIPp."""
        context = self.context
        context.meter.steps[step.index].retransmissions += 1
        if message.status >= 200 and acknowledging >= 0:
            send = context.program.steps[acknowledging]
            if type(send) is SendStep:
                context.send(self, send.render(self))

    def _jump_with(self, message: Message, now_ns: int) -> bool:
        """Take an unexpected message to `_unexp.main`, whose `recv` gets it; False when the call is already there."""
        program = self.context.program
        if program.return_to is not None:
            if number_of(program.return_to.get(self)):
                return False
            program.return_to.set(self, float(self.step_index))
        elif message is self._handled:
            return False
        if program.paused_until is not None:
            paused_ns = self.wait_until_ns - program.tick_origin_ns if self._paused_in >= 0 else 0
            program.paused_until.set(self, paused_ns / NS_A_MS)
        self._handled = self._queued = message
        self.jump(program.unexpected, now_ns, keeps_resending=True)
        return True

    def _answer_again(self, answer: Answer) -> None:
        """What was received before has come again: so does our answer to it, if there was one."""
        meter = self.context.meter
        meter.steps[answer.taken_by].retransmissions += 1
        if answer.data:
            self.context.send(self, answer.data)
            meter.steps[answer.sent_by].retransmissions += 1
            meter.counters.retransmissions += 1

    # --- times ---------------------------------------------------------------------------------------------------------

    def _wait(self, until_ns: int, then: Callable[[Call, int], None]) -> None:
        self.wait_until_ns = until_ns
        self._on_wait = then

    def _wait_for_digits(self, until_ns: int) -> None:
        self._wait(until_ns, timeouts.digits_timed_out)

    def _wait_to_look(self, until_ns: int) -> None:
        self._wait(until_ns, Call._look_again)

    def _schedule(self) -> None:
        """Tell the host when to wake this call, if that is earlier than what it knows."""
        due_ns = self.wait_until_ns
        resend = self._resend
        if resend is not None and (not due_ns or resend.due_ns < due_ns):
            due_ns = resend.due_ns
        self.wake_ns = due_ns
        if due_ns and (not self.queued_ns or due_ns < self.queued_ns):
            self.context.host.wake(self, due_ns)

    def _send_again(self, resend: Resend, now_ns: int) -> None:
        meter = self.context.meter
        if not resend.again(now_ns):
            self._resend = None
            timeouts.give_up(self, resend.step, now_ns)
            return
        step = self.context.program.steps[resend.step]
        meter.steps[resend.step].retransmissions += 1
        meter.counters.retransmissions += 1
        if type(step) is SendStep and step.lost and self.context.chance() < step.lost:
            self._lose(step)
            return
        self.context.send(self, resend.data)

    def _pause_over(self, now_ns: int) -> None:
        step = self.context.program.steps[self.step_index]
        self._leave_pause()
        if self._counted:
            self.end(now_ns, None)
            return
        if self._goes_to < 0 and not self._restored_ns:
            self.step_index = self._following(step)
        elif not self._pass_by_detour(step, now_ns):
            return
        self._advance_unless_held(now_ns)
