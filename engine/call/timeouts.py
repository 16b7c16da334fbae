# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a call does when it has waited for long enough: jump where the step says, else fail.

The label of `ontimeout` is followed when it stands before the end of the scenario; one at the very end fails the call
too, as in SIPp. A call that fails tells its peer first (`defaults.tell_peer`).
"""

from __future__ import annotations

from engine.call.base import CallBase
from engine.call.defaults import tell_peer
from engine.call.places import place
from engine.messages import Failure
from engine.scenario.program import DigitsStep, RecvStep, SendStep, Step


def give_up(call: CallBase, index: int, now_ns: int) -> None:
    """No answer to what step `index` sent, after all its retransmissions."""
    steps = call.context.program.steps
    _time_out(call, steps[index], now_ns, Failure.MAX_RETRANSMISSIONS, f"no answer to {place(steps, index)}, given up")


def send_timed_out(call: CallBase, now_ns: int) -> None:
    """A `send` waited in vain for the answer to what was sent before it."""
    steps = call.context.program.steps
    step = steps[call.step_index]
    _time_out(call, step, now_ns, Failure.TIMEOUT_ON_SEND, f"timeout before {place(steps, step.index)}")


def recv_timed_out(call: CallBase, now_ns: int) -> None:
    """No message came for a run of `recv`; the first of the run that has a timeout is the one that timed out."""
    steps = call.context.program.steps
    step = steps[call.step_index]
    while type(step) is RecvStep and step.optional and step.timeout_ns is None:
        step = steps[step.index + 1]
    _time_out(call, step, now_ns, Failure.TIMEOUT_ON_RECV, f"timeout in {place(steps, step.index)}")


def digits_timed_out(call: CallBase, now_ns: int) -> None:
    """The digits that a `recv` waited for did not come."""
    steps = call.context.program.steps
    _time_out(call, steps[call.step_index], now_ns, Failure.TIMEOUT_ON_RECV, f"timeout in {place(steps, call.step_index)}")


def _time_out(call: CallBase, step: Step, now_ns: int, failure: Failure, reason: str) -> None:
    context = call.context
    call.count_timeout(step, failure)
    on_timeout = step.on_timeout if isinstance(step, (SendStep, RecvStep, DigitsStep)) else None
    if on_timeout is not None and on_timeout < len(context.program.steps):
        call.jump(on_timeout, now_ns)
        return
    tell_peer(call)
    call.end(now_ns, failure, reason)
