# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is sent again, and what is recognised as sent again by the peer (RFC 3261 sections 17.1 and 17.2).

Our side: `Resend` doubles its interval from T1, without a cap for INVITE, up to T2 for everything else, and gives up
after so many tries. Their side: `Heard` remembers what a call has received by a key, with the step that took it and the
answer that we gave, so that a repetition is answered again and never given to the next step.

Which message ours answers is plain as long as one waits for an answer. When several do, a response belongs to the request
with its CSeq and branch, an ACK to the final response with its CSeq and To tag, a PRACK to the response that its RAck names
(RFC 3261 sections 17.1.3 and 17.1.1.3, RFC 3262 section 7.2).
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Final

from engine.sip.message import MalformedMessage, Message, parse_cseq

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


REQUEST: Final = 1
RELIABLE: Final = 2
FINAL: Final = 3
"""What our side answers: a request, a provisional response that has an RSeq, a final response to an INVITE."""


class Answer:
    """What a call did with a message that it received: the step that took it, and what was sent in answer.

    `kind` is 0 for what has no answer. `mark` tells apart those of one kind and CSeq: a branch, an RSeq, a To tag; b"" for
    any. `is_open`: the answer is still to come, apart from provisional ones.
    """

    __slots__ = ("cseq", "data", "is_open", "kind", "mark", "sent_by", "taken_by")

    def __init__(self, taken_by: int, cseq: tuple[int, bytes]) -> None:
        self.taken_by = taken_by
        self.cseq = cseq
        self.sent_by = -1
        self.data = b""
        self.kind = 0
        self.mark = b""
        self.is_open = False


class Heard:
    """The messages that a call has received, each with its `Answer`."""

    __slots__ = ("_answers", "_request", "_response", "_unacknowledged", "_unanswered")

    def __init__(self) -> None:
        self._answers: dict[Hashable, Answer] = {}
        self._request: Answer | None = None
        self._response: Answer | None = None
        self._unanswered = 0
        self._unacknowledged = 0

    def find(self, key: Hashable) -> Answer | None:
        """The answer to a message that was received before, None for a new one."""
        return self._answers.get(key)

    def remember(self, key: Hashable, message: Message, step: int) -> None:
        """A new message, which `step` took."""
        answer = Answer(step, message.cseq)
        if len(self._answers) >= MOST_HEARD:
            self._close(self._answers.pop(next(iter(self._answers))))
        self._answers[key] = answer
        if message.status:
            self._remember_response(answer, message)
        elif message.method != b"ACK":
            answer.kind = REQUEST
            if self._unanswered:
                answer.mark = message.branch
            answer.is_open = True
            self._unanswered += 1
            self._request = answer

    def _remember_response(self, answer: Answer, message: Message) -> None:
        self._response = answer
        if answer.cseq[1] != b"INVITE":
            return
        if message.status >= 200:
            answer.kind = FINAL
            if self._unacknowledged:
                answer.mark = message.to_tag
            answer.is_open = True
            self._unacknowledged += 1
        elif message.status > 100:
            answer.mark = message.value(b"rseq") or b""
            answer.kind = RELIABLE if answer.mark else 0

    def answered(self, method: bytes, data: bytes, step: int) -> None:
        """We sent `data`: a response, which answers a request, or an ACK or PRACK, which answers a response."""
        if not method:
            answer = self._answered_request(data)
        elif method == b"ACK":
            answer = self._acknowledged_response(data)
        elif method == b"PRACK":
            answer = self._find(RELIABLE, data) or self._last_response()
        else:
            return
        if answer is not None:
            answer.data, answer.sent_by = data, step

    def _answered_request(self, data: bytes) -> Answer | None:
        answer = self._request
        if answer is None:
            return None
        if self._unanswered != 1 or not answer.is_open:
            answer = self._find(REQUEST, data) or answer
        if not data.startswith(b"SIP/2.0 1"):
            self._close(answer)
        return answer

    def _acknowledged_response(self, data: bytes) -> Answer | None:
        answer = self._response
        if self._unacknowledged != 1 or answer is None or not answer.is_open:
            answer = self._find(FINAL, data) or self._last_response()
        if answer is not None:
            self._close(answer)
        return answer

    def _last_response(self) -> Answer | None:
        """What an ACK or PRACK is for that does not say it: the last response, if it has none yet."""
        return self._response if self._response is not None and not self._response.data else None

    def _close(self, answer: Answer) -> None:
        if answer.is_open:
            answer.is_open = False
            if answer.kind == REQUEST:
                self._unanswered -= 1
            else:
                self._unacknowledged -= 1

    def _find(self, kind: int, data: bytes) -> Answer | None:
        """The last message of that kind which ours answers, by what ours says."""
        try:
            cseq, mark = _answered_by(kind, Message(data))
        except MalformedMessage:
            return None
        for answer in reversed(self._answers.values()):
            if answer.kind == kind and answer.cseq == cseq and (not answer.mark or answer.mark == mark):
                return answer
        return None


def _answered_by(kind: int, ours: Message) -> tuple[tuple[int, bytes], bytes]:
    """CSeq and mark of the message which ours answers."""
    if kind == REQUEST:
        return ours.cseq, ours.branch
    if kind == FINAL:
        return (ours.cseq_number, b"INVITE"), ours.to_tag
    rseq, cseq = [*(ours.value(b"rack") or b"").split(maxsplit=1), b"", b""][:2]
    return parse_cseq(cseq), rseq


def retransmission_key(message: Message, *, loose: bool) -> Hashable:
    """What makes two messages the same: their bytes, or with `-rtcheck loose` their place in the call."""
    if loose:
        return (message.status, message.method, message.cseq_number, message.cseq_method, message.from_tag)
    return hash(message.data)
