# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is sent again, and what is recognised as sent again by the peer (RFC 3261 sections 17.1 and 17.2).

Our side: `Resend` doubles its interval from T1, without a cap for INVITE, up to T2 for everything else, and gives up
after so many tries. Their side: `Heard` remembers what a call has received by a key, with the step that took it and the
answer that we gave, so that a repetition is answered again and never given to the next step.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Final

from engine.sip.message import Message

MOST_HEARD: Final = 32
"""Messages a call remembers: enough for any dialog, bounded for a scenario that loops for days."""


class Resend:
    """A sent message that waits for its answer: `step` sent it, `due_ns` is when it goes out again."""

    __slots__ = ("_cap_ns", "_interval_ns", "_left", "data", "due_ns", "step")

    def __init__(self, data: bytes, step: int, now_ns: int, t1_ns: int, cap_ns: int, most: int) -> None:
        """`cap_ns` is the longest interval, 0 for none; `most` is how often it may be sent again."""
        self.data = data
        self.step = step
        self.due_ns = now_ns + t1_ns
        self._interval_ns = t1_ns
        self._cap_ns = cap_ns
        self._left = most

    def again(self, now_ns: int) -> bool:
        """Take one try and set the next time; False when there is none left."""
        if not self._left:
            return False
        self._left -= 1
        self._interval_ns *= 2
        if self._cap_ns and self._interval_ns > self._cap_ns:
            self._interval_ns = self._cap_ns
        self.due_ns = now_ns + self._interval_ns
        return True

    def slow_down(self, now_ns: int) -> None:
        """After a provisional response to a non-INVITE: go on in intervals of T2 (section 17.1.2.2)."""
        self._interval_ns = self._cap_ns
        self.due_ns = now_ns + self._cap_ns


class Answer:
    """What a call did with a message that it received: the step that took it, and what was sent in answer."""

    __slots__ = ("data", "sent_by", "taken_by")

    def __init__(self, taken_by: int) -> None:
        self.taken_by = taken_by
        self.sent_by = -1
        self.data = b""


class Heard:
    """The messages that a call has received, each with its `Answer`."""

    __slots__ = ("_answers", "_request", "_response")

    def __init__(self) -> None:
        self._answers: dict[Hashable, Answer] = {}
        self._request: Answer | None = None
        self._response: Answer | None = None

    def find(self, key: Hashable) -> Answer | None:
        """The answer to a message that was received before, None for a new one."""
        return self._answers.get(key)

    def remember(self, key: Hashable, message: Message, step: int) -> None:
        """A new message, which `step` took."""
        answer = Answer(step)
        if len(self._answers) >= MOST_HEARD:
            del self._answers[next(iter(self._answers))]
        self._answers[key] = answer
        if message.status:
            self._response = answer
        else:
            self._request = answer

    def answered(self, method: bytes, data: bytes, step: int) -> None:
        """We sent `data`: a response answers the last request, an ACK or PRACK the last response."""
        if not method:
            answer = self._request
        elif method in (b"ACK", b"PRACK"):
            answer, self._response = self._response, None
        else:
            answer = None
        if answer is not None:
            answer.data, answer.sent_by = data, step

    def answer_of_step(self, step: int) -> Answer | None:
        """The answer given to what `step` took last, for a response that arrives again in other bytes."""
        return next((answer for answer in reversed(self._answers.values()) if answer.taken_by == step), None)


def retransmission_key(message: Message, *, loose: bool) -> Hashable:
    """What makes two messages the same: their bytes, or with `-rtcheck loose` their place in the call."""
    if loose:
        return (message.status, message.method, message.cseq_number, message.cseq_method, message.from_tag)
    return hash(message.data)
