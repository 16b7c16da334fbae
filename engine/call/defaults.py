# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is done with a message that the scenario does not know, and how a call is brought to an end early.

SIPp's default behaviours: a table of methods that have an answer of their own; anything else ends the call as failed,
and the peer is told in the way that fits where the call stands.
"""

from __future__ import annotations

from collections.abc import Callable

from engine.call.base import CallBase
from engine.call.places import place
from engine.messages import Failure, Role
from engine.sip.message import Message

MOST_OF_A_METHOD = 20
"""Of a method that a peer made up, this much is told."""


def unexpected(call: CallBase, message: Message, now_ns: int) -> None:
    """Deal with a message that fits no step of the call."""
    handler = _BY_METHOD.get(message.method, _abort) if not message.status else _abort
    handler(call, message, now_ns)


def reason_for(call: CallBase, message: Message) -> str:
    """The reason of a failure for people: what came, and what was waited for."""
    what = str(message.status) if message.status else message.method[:MOST_OF_A_METHOD].decode("latin-1")
    return f"unexpected {what} in {place(call.context.program.steps, call.step_index)}"


def _abort(call: CallBase, message: Message, now_ns: int) -> None:
    context = call.context
    call.count_unexpected()
    if not context.behaviours.abort_unexpected:
        return
    call.last = message
    reason = reason_for(call, message)
    tell_peer(call)
    call.end(now_ns, Failure.UNEXPECTED_MESSAGE, reason)


def _peer_ends(call: CallBase, message: Message, now_ns: int) -> None:
    """A BYE or CANCEL: answered, and the call has failed."""
    context = call.context
    call.count_unexpected()
    if not context.behaviours.abort_unexpected:
        return
    call.last = message
    if context.behaviours.bye:
        call.send_default(context.program.defaults.ok200)
    call.end(now_ns, Failure.UNEXPECTED_MESSAGE, reason_for(call, message))


def _answer(call: CallBase, message: Message, now_ns: int) -> None:
    """Answer 200 and go on; the call's last message stays what it was."""
    context = call.context
    last, call.last = call.last, message
    call.send_default(context.program.defaults.ok200)
    call.last = last
    context.meter.counters.auto_answered += 1


def _ping(call: CallBase, message: Message, now_ns: int) -> None:
    if call.context.behaviours.ping_reply:
        _answer(call, message, now_ns)


def _automatic(call: CallBase, message: Message, now_ns: int) -> None:
    handler = _answer if call.context.behaviours.auto_answer else _abort
    handler(call, message, now_ns)


_BY_METHOD: dict[bytes, Callable[[CallBase, Message, int], None]] = {
    b"BYE": _peer_ends,
    b"CANCEL": _peer_ends,
    b"PING": _ping,
    b"INFO": _automatic,
    b"NOTIFY": _automatic,
    b"OPTIONS": _automatic,
    b"UPDATE": _automatic,
}


def tell_peer(call: CallBase) -> None:
    """Send what ends the dialog from where it stands. Only the side that called does so, as in SIPp.

    An INVITE without any reply: nothing. With an error: its ACK. With a 2xx whose ACK is due: ACK and BYE. With less:
    CANCEL (SIPp cancels after a 3xx too). Anything later, once something was received: BYE. As in SIPp any ACK makes it
    later, also that of a challenge.
    """
    context, last = call.context, call.last
    defaults = context.program.defaults
    if context.program.role is not Role.UAC or last is None or not context.behaviours.bye:
        return
    if call.acknowledged or call.last_method != b"INVITE":
        call.send_default(defaults.bye)
    elif last.status >= 400:
        call.send_default(defaults.ack)
    elif call.owes_ack or 200 <= last.status < 300:
        call.send_default(defaults.ack2)
        call.send_default(defaults.bye)
    else:
        call.send_default(defaults.cancel)
