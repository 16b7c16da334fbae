# SPDX-License-Identifier: AGPL-3.0-or-later
"""A received message as a view of its bytes.

Strategy: the head is cut into its lines, and a header is found among them when it is asked for (`headers`). Understood
are compact names, any case, repeated headers and folded lines (RFC 3261 sections 7.3.1, 7.3.3). The bytes themselves are
not changed, so a header line can be copied as it came.

What is tolerated, because peers send it: a bare LF or CR as the end of lines, empty lines before the start line, a missing
one after the headers, no Content-Length or a wrong one in a datagram (RFC 3261 section 18.3: a shorter one cuts the body, a
longer one is ignored). The first empty line ends the head, whatever ends its lines and whatever stands in the body. What is
refused with `MalformedMessage`: anything without a start line of SIP, or without a Call-ID.
"""

from __future__ import annotations

import re
from typing import Final

from engine.sip.headers import LONGEST_REMEMBERED, MOST_DIGITS, MOST_REMEMBERED, Header, header, value_of
from engine.sip.parameters import branch_of, tag_of

_STATUSES: Final = {b"SIP/2.0 %d" % status + end: status for status in range(100, 1000) for end in (b" ", b"")}
"""What a status line begins with → its code."""
_STATUS_WIDTH: Final = len("SIP/2.0 200 ")
_METHOD: Final = re.compile(rb"[!-~]+")
"""Of any visible characters, as SIPp takes it: a peer may make up methods, and scenarios wait for them by expressions."""
_HEAD_END: Final = b"\r\n\r\n"
_EMPTY_LINE: Final = re.compile(rb"(?<!\r)(?:\r++\n?+|\n)(?:\r++\n?+|\n)")
_known_requests: Final[dict[bytes, bytes]] = {}
_known_cseqs: Final[dict[bytes, tuple[int, bytes]]] = {}


class MalformedMessage(ValueError):
    """The bytes are no SIP message; the text says what is missing."""


class Message:
    """One request or response. Attributes: `data` (the bytes), `status` (0 for a request), `method` (b"" for a response).

    `raw_lines` are the lines of its head without their ends: the start line is the first, a fold is a line of its own.
    """

    __slots__ = ("_body_at", "_cseq", "call_id", "data", "method", "raw_lines", "status")

    def __init__(self, data: bytes) -> None:
        """Raises MalformedMessage."""
        raw_lines, self._body_at = _cut(data)
        self.data = data
        self._cseq: tuple[int, bytes] | None = None
        self.raw_lines = raw_lines
        self.status = _STATUSES.get(self.start_line[:_STATUS_WIDTH], 0)
        self.method = b"" if self.status else _request_method(self.start_line)
        self.call_id = CALL_ID.value(raw_lines)
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
            known = self._cseq = _known_cseq(CSEQ.line(self.raw_lines))
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
        return tag_of(TO.value(self.raw_lines))

    @property
    def from_tag(self) -> bytes:
        """The tag of the From header; b"" when it has none."""
        return tag_of(FROM.value(self.raw_lines))

    @property
    def branch(self) -> bytes:
        """The branch of the top Via, which names the transaction (RFC 3261 section 8.1.1.7); b"" when it has none."""
        return branch_of(VIA.value(self.raw_lines))

    @property
    def body(self) -> bytes:
        """What follows the blank line, cut to Content-Length when that is shorter."""
        body = self.data[self._body_at :]
        length = CONTENT_LENGTH.value(self.raw_lines)
        return body[: int(length)] if _is_number(length) else body

    def value(self, name: bytes) -> bytes | None:
        """The first value of a header, unfolded, without white space around it; None when it is absent."""
        line = header(name).line(self.raw_lines)
        return value_of(line) if line else None

    def values(self, name: bytes) -> list[bytes]:
        """The value of every line of that header, in order; values separated by commas stay together."""
        return [value_of(line) for line in self.lines(name)]

    def lines(self, name: bytes) -> list[bytes]:
        """Every line of that header as it was received, with its name, folds and all, without the final CRLF."""
        return header(name).lines(self.raw_lines)


CALL_ID: Final = Header(b"Call-ID")
CONTENT_LENGTH: Final = Header(b"Content-Length")
CSEQ: Final = Header(b"CSeq")
FROM: Final = Header(b"From")
TO: Final = Header(b"To")
VIA: Final = Header(b"Via")


def parse_cseq(value: bytes) -> tuple[int, bytes]:
    """Number and method of a CSeq, or of what follows the RSeq in a RAck; (0, b"") when it cannot be read."""
    words = value.split()
    return (int(words[0]), words[1]) if len(words) == 2 and _is_number(words[0]) else (0, b"")


def _known_cseq(line: bytes) -> tuple[int, bytes]:
    """What a CSeq says; they are remembered, for the messages of a scenario have few."""
    known = _known_cseqs.get(line)
    if known is None:
        known = parse_cseq(value_of(line))
        if len(line) <= LONGEST_REMEMBERED:
            if len(_known_cseqs) >= MOST_REMEMBERED:
                _known_cseqs.clear()
            _known_cseqs[line] = known
    return known


def branch_in(data: bytes) -> bytes:
    """The branch of the top Via of a message that we made; b"" when it has none, or is none."""
    try:
        return Message(data).branch
    except MalformedMessage:
        return b""


def _is_number(text: bytes) -> bool:
    return text.isdigit() and len(text) <= MOST_DIGITS


def _request_method(start_line: bytes) -> bytes:
    """The method; start lines are remembered as far as they repeat."""
    known = _known_requests.get(start_line)
    if known is None:
        known = _parse_request(start_line)
        if len(start_line) <= LONGEST_REMEMBERED:
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


def _cut(data: bytes) -> tuple[list[bytes], int]:
    """The lines of the head, and where the body begins."""
    head_end = len(data) if data.endswith(_HEAD_END) else data.find(_HEAD_END) + len(_HEAD_END)
    lines = data[:head_end].splitlines()
    if _are_a_head(lines, head_end):
        lines.pop()
        return lines, head_end
    return _cut_unusual(data)


def _are_a_head(lines: list[bytes], length: int) -> bool:
    """Whether only the last of these lines is empty, and each ends with a CRLF: then so many bytes are accounted for."""
    last = len(lines) - 1
    for index in range(last):
        line = lines[index]
        if not line:
            return False
        length -= len(line) + 2
    return last > 0 and length == 2


def _cut_unusual(data: bytes) -> tuple[list[bytes], int]:
    """A line ends with an LF, with CRs, or with CRs and an LF; the first line that is empty ends the head."""
    start = len(data) - len(data.lstrip(b"\r\n"))
    empty = _EMPTY_LINE.search(data, start)
    head = data[start : empty.start()] if empty else data[start:]
    lines = [line for line in head.splitlines() if line]
    if not lines:
        raise MalformedMessage("no start line of SIP")
    return lines, empty.end() if empty else len(data)
