# SPDX-License-Identifier: AGPL-3.0-or-later
"""A received message as a view of its bytes.

Strategy: the head is cut into its lines, and a header is found among them when it is asked for: by the first letter of
its name, then by the name. The four that every message is asked for stand once, and a peer's messages are alike, so
those are looked for where they stood the last time, in their usual spelling (`Single`). Understood are compact names,
any case, repeated headers and folded lines (RFC 3261 sections 7.3.1, 7.3.3). The bytes themselves are never changed, so
a header line can be copied as it came.

What is tolerated, because peers send it: bare LF as the end of lines, a missing blank line after the headers, no
Content-Length or a wrong one in a datagram (RFC 3261 section 18.3: a shorter one cuts the body, a longer one is
ignored). What is refused with `MalformedMessage`: anything without a start line of SIP, or without a Call-ID.
"""

from __future__ import annotations

import re
from typing import Final

from engine.sip.headers import LOWER, MOST_DIGITS, MOST_REMEMBERED, QUOTED, canonical, entries, initials

_FOLD: Final = re.compile(rb"\r\n[ \t]+")
_SPACE: Final = 0x20
_TAB: Final = 0x09
_FOLDS: Final = (_SPACE | LOWER, _TAB | LOWER)
_STATUSES: Final = {b"SIP/2.0 %d" % status + end: status for status in range(100, 1000) for end in (b" ", b"")}
"""What a status line begins with → its code."""
_STATUS_WIDTH: Final = len("SIP/2.0 200 ")
_METHOD: Final = re.compile(rb"[A-Za-z0-9!%*_+`'~.-]+")
_EMPTY_LINE: Final = re.compile(rb"\r?\n\r?\n")
_TAG: Final = re.compile(rb";[ \t]*tag[ \t]*=[ \t]*([^;,> \t\r\n]+)", re.I)
_USUAL_TAG: Final = b";tag="
_BRANCH: Final = re.compile(rb";[ \t]*branch[ \t]*=[ \t]*([^;\" \t]+)", re.I)
_USUAL_BRANCH: Final = b";branch="
_known_requests: Final[dict[bytes, bytes]] = {}
_known_cseqs: Final[dict[bytes, tuple[int, bytes]]] = {}


class MalformedMessage(ValueError):
    """The bytes are no SIP message; the text says what is missing."""


class Message:
    """One request or response. Attributes: `data` (the bytes), `status` (0 for a request), `method` (b"" for a response).

    `raw_lines` are the lines of its head, cut at each CRLF: the start line is the first, a fold is a line of its own.
    """

    __slots__ = ("_cseq", "_head_end", "call_id", "data", "method", "raw_lines", "status")

    def __init__(self, data: bytes) -> None:
        """Raises MalformedMessage."""
        head_end = data.find(b"\r\n\r\n")
        if head_end < 0:
            data, head_end = _repair(data)
        self.data = data
        self._head_end = head_end
        self._cseq: tuple[int, bytes] | None = None
        self.raw_lines = data[:head_end].split(b"\r\n")
        self.status = _STATUSES.get(self.start_line[:_STATUS_WIDTH], 0)
        self.method = b"" if self.status else _request_method(self.start_line)
        self.call_id = CALL_ID.value(self)
        if not self.call_id:
            raise MalformedMessage("no Call-ID")

    @property
    def start_line(self) -> bytes:
        """The request line or status line, without its end."""
        return self.raw_lines[0]

    @property
    def request_uri(self) -> bytes:
        """The Request-URI; b"" for a response."""
        return b"" if self.status else self.start_line.split(b" ")[1]

    @property
    def cseq(self) -> tuple[int, bytes]:
        """Number and method of the CSeq; (0, b"") when there is none that can be read."""
        known = self._cseq
        if known is None:
            known = self._cseq = _known_cseq(CSEQ.line(self))
        return known

    @property
    def cseq_number(self) -> int:
        """The number of the CSeq; 0 when there is none that can be read."""
        return self.cseq[0]

    @property
    def cseq_method(self) -> bytes:
        """The method of the CSeq; b"" when there is none that can be read."""
        return self.cseq[1]

    @property
    def to_tag(self) -> bytes:
        """The tag of the To header; b"" when it has none."""
        return _tag_of(TO.value(self))

    @property
    def from_tag(self) -> bytes:
        """The tag of the From header; b"" when it has none."""
        return _tag_of(FROM.value(self))

    @property
    def branch(self) -> bytes:
        """The branch of the top Via, which names the transaction (RFC 3261 section 8.1.1.7); b"" when it has none."""
        return _branch_of(self.value(b"via") or b"")

    @property
    def body(self) -> bytes:
        """What follows the blank line, cut to Content-Length when that is shorter."""
        body = self.data[self._head_end + 4 :]
        length = self.value(b"content-length")
        return body[: int(length)] if length is not None and _is_number(length) else body

    def value(self, name: bytes) -> bytes | None:
        """The first value of a header, unfolded, without white space around it; None when it is absent."""
        lines = self.lines(name)
        return _value_of(lines[0]) if lines else None

    def values(self, name: bytes) -> list[bytes]:
        """The value of every line of that header, in order; values separated by commas stay together."""
        return [_value_of(line) for line in self.lines(name)]

    def lines(self, name: bytes) -> list[bytes]:
        """Every line of that header as it was received, with its name, folds and all, without the final CRLF."""
        name = canonical(name)
        long, compact = initials(name)
        found: list[bytes] = []
        in_it = False
        for line in self.raw_lines[1:]:
            first = line[0] | LOWER
            if first in (long, compact):
                in_it = canonical(line[: line.find(b":")]) == name
                if in_it:
                    found.append(line)
            elif first not in _FOLDS:
                in_it = False
            elif in_it:
                found[-1] += b"\r\n" + line
        return found


class Single:
    """A header that stands once in a message, by its usual spelling. It is found where it stood in the last message."""

    __slots__ = ("_at", "_start", "_width", "name")

    def __init__(self, name: bytes) -> None:
        self.name = name
        self._start = name + b":"
        self._width = len(self._start)
        self._at = 0

    def value(self, message: Message) -> bytes:
        """What stands in it, without white space around it; b"" when it is absent."""
        line = self.line(message)
        return line[self._width :].strip() if line[: self._width] == self._start else _value_of(line)

    def line(self, message: Message) -> bytes:
        """The whole line, as in `Message.lines`; b"" when it is absent."""
        lines = message.raw_lines
        at = self._at
        if at >= len(lines) or lines[at][: self._width] != self._start:
            at = self._at = self._look(lines)
        behind = at + 1
        if at and (behind == len(lines) or lines[behind][0] not in (_SPACE, _TAB)):
            return lines[at]
        found = message.lines(self.name)
        return found[0] if found else b""

    def _look(self, lines: list[bytes]) -> int:
        return next((index for index, line in enumerate(lines) if line.startswith(self._start)), 0)


CALL_ID: Final = Single(b"Call-ID")
CSEQ: Final = Single(b"CSeq")
FROM: Final = Single(b"From")
TO: Final = Single(b"To")


def parse_cseq(value: bytes) -> tuple[int, bytes]:
    """Number and method of a CSeq, or of what follows the RSeq in a RAck; (0, b"") when it cannot be read."""
    words = value.split()
    return (int(words[0]), words[1]) if len(words) == 2 and _is_number(words[0]) else (0, b"")


def _known_cseq(line: bytes) -> tuple[int, bytes]:
    """What a CSeq says; they are remembered, for the messages of a scenario have few."""
    known = _known_cseqs.get(line)
    if known is None:
        known = parse_cseq(_value_of(line))
        if len(_known_cseqs) >= MOST_REMEMBERED:
            _known_cseqs.clear()
        _known_cseqs[line] = known
    return known


def _tag_of(value: bytes) -> bytes:
    parameters = value[value.rfind(b">") + 1 :]
    tag = parameters[len(_USUAL_TAG) :]
    if tag.isalnum() and parameters.startswith(_USUAL_TAG):
        return tag
    found = _TAG.search(parameters)
    return found[1] if found else b""


def _branch_of(via: bytes) -> bytes:
    if b'"' not in via and b"," not in via:
        branch = via.partition(_USUAL_BRANCH)[2].partition(b";")[0].strip()
        if branch:
            return branch
    top = next(iter(entries(via)), b"")
    found = _BRANCH.search(QUOTED.sub(b'""', top))
    return found[1] if found else b""


def _is_number(text: bytes) -> bool:
    return text.isdigit() and len(text) <= MOST_DIGITS


def _value_of(line: bytes) -> bytes:
    return _FOLD.sub(b" ", line.partition(b":")[2]).strip()


def _request_method(start_line: bytes) -> bytes:
    """The method; start lines are remembered as far as they repeat."""
    known = _known_requests.get(start_line)
    if known is None:
        known = _parse_request(start_line)
        if len(_known_requests) >= MOST_REMEMBERED:
            _known_requests.clear()
        _known_requests[start_line] = known
    return known


def _parse_request(start_line: bytes) -> bytes:
    words = start_line.split(b" ")
    if words[0] == b"SIP/2.0":
        raise MalformedMessage("a status line without a status code")
    if len(words) != 3 or not words[2].startswith(b"SIP/2.0") or not _METHOD.fullmatch(words[0]):
        raise MalformedMessage("no start line of SIP")
    return words[0]


def _repair(data: bytes) -> tuple[bytes, int]:
    """A message with bare LFs, or without the blank line after its headers: usual bytes, and where its head ends."""
    empty = _EMPTY_LINE.search(data)
    head, body = (data[: empty.start()], data[empty.end() :]) if empty else (data.rstrip(b"\r\n"), b"")
    head = head.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    return head + b"\r\n\r\n" + body, len(head)
