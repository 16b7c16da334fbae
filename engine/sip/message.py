# SPDX-License-Identifier: AGPL-3.0-or-later
"""A received message as a view of its bytes.

Strategy: look only for what is asked. The start line, the Call-ID and the CSeq, which every message needs, are found by
plain search for the usual spelling. Whatever else is wanted comes from an index of the header lines that is made once,
at the first question, and understands compact names, any case, repeated headers and folded lines (RFC 3261 sections
7.3.1, 7.3.3). The bytes themselves are never changed, so a header line can be copied as it came.

What is tolerated, because peers send it: bare LF as the end of lines, a missing blank line after the headers, no
Content-Length or a wrong one in a datagram (RFC 3261 section 18.3: a shorter one cuts the body, a longer one is
ignored). What is refused with `MalformedMessage`: anything without a start line of SIP, or without a Call-ID.
"""

from __future__ import annotations

import re

from engine.sip.headers import MOST_DIGITS, canonical

_HEADER_LINE = re.compile(rb"\r\n[^:\r\n \t]+[ \t]*:[^\r\n]*(?:\r\n[ \t]+[^\r\n]+)*")
_FOLD = re.compile(rb"\r\n[ \t]+")
_FOLDS = (b" ", b"\t")
_METHOD = re.compile(rb"[A-Za-z0-9!%*_+`'~.-]+")
_TAG = re.compile(rb";[ \t]*tag[ \t]*=[ \t]*([^;,> \t\r\n]+)", re.I)


class MalformedMessage(ValueError):
    """The bytes are no SIP message; the text says what is missing."""


class Message:
    """One request or response. Attributes: `data` (the bytes), `status` (0 for a request), `method` (b"" for a response).

    `copies` is for who makes other messages from this one: what was copied once need not be looked for again.
    """

    __slots__ = ("_cseq", "_index", "call_id", "copies", "data", "head_end", "method", "status")

    def __init__(self, data: bytes) -> None:
        """Raises MalformedMessage."""
        head_end = data.find(b"\r\n\r\n")
        if head_end < 0:
            data, head_end = _repair(data)
        self.data = data
        self.head_end = head_end
        self._index: dict[bytes, list[bytes]] | None = None
        self._cseq: tuple[int, bytes] | None = None
        self.copies: dict[bytes, bytes] = {}
        if data.startswith(b"SIP/2.0 "):
            code = data[8:11]
            if not code.isdigit() or code < b"100" or data[11:12] not in (b" ", b"\r"):
                raise MalformedMessage("a status line without a status code")
            self.status = int(code)
            self.method = b""
        else:
            self.status = 0
            self.method = _request_method(data)
        # The usual spelling is searched for here and now, for every message passes through: see `_find`.
        start = data.find(b"\r\nCall-ID: ", 0, head_end) + 11
        end = data.find(b"\r\n", start)
        if start > 10 and data[end + 2 : end + 3] not in _FOLDS:
            self.call_id = data[start:end].strip()
        else:
            self.call_id = self.value(b"call-id") or b""
        if not self.call_id:
            raise MalformedMessage("no Call-ID")

    def _find(self, usual: bytes, name: bytes) -> bytes:
        """The first value of a header, by its usual spelling if it stands there, else by the index; b"" if absent."""
        data = self.data
        start = data.find(usual, 0, self.head_end)
        if start >= 0:
            start += len(usual)
            end = data.find(b"\r\n", start)
            if data[end + 2 : end + 3] not in _FOLDS:
                return data[start:end].strip()
        return self.value(name) or b""

    @property
    def request_uri(self) -> bytes:
        """The Request-URI; b"" for a response."""
        if self.status:
            return b""
        first = self.data.find(b" ") + 1
        return self.data[first : self.data.find(b" ", first)]

    @property
    def start_line(self) -> bytes:
        """The request line or status line, without its end."""
        return self.data[: self.data.find(b"\r\n")]

    @property
    def cseq_number(self) -> int:
        """The number of the CSeq; 0 when there is none that can be read."""
        return self._read_cseq()[0]

    @property
    def cseq_method(self) -> bytes:
        """The method of the CSeq; b"" when there is none that can be read."""
        known = self._cseq
        return known[1] if known is not None else self._read_cseq()[1]

    def _read_cseq(self) -> tuple[int, bytes]:
        if self._cseq is None:
            words = self._find(b"\r\nCSeq:", b"cseq").split()
            self._cseq = (int(words[0]), words[1]) if len(words) == 2 and _is_number(words[0]) else (0, b"")
        return self._cseq

    @property
    def to_tag(self) -> bytes:
        """The tag of the To header; b"" when it has none."""
        return self._tag_of(self._find(b"\r\nTo:", b"to"))

    @property
    def from_tag(self) -> bytes:
        """The tag of the From header; b"" when it has none."""
        return self._tag_of(self._find(b"\r\nFrom:", b"from"))

    @staticmethod
    def _tag_of(value: bytes) -> bytes:
        found = _TAG.search(value, value.rfind(b">") + 1)
        return found[1] if found else b""

    @property
    def body(self) -> bytes:
        """What follows the blank line, cut to Content-Length when that is shorter."""
        body = self.data[self.head_end + 4 :]
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
        if self._index is None:
            self._index = _index_of(self.data[: self.head_end])
        return self._index.get(canonical(name), [])


def _index_of(head: bytes) -> dict[bytes, list[bytes]]:
    """The header lines of a head by the canonical names of their headers."""
    if b"\r\n " in head or b"\r\n\t" in head:
        lines = [found[0][2:] for found in _HEADER_LINE.finditer(head)]
    else:
        lines = head.split(b"\r\n")[1:]
    index: dict[bytes, list[bytes]] = {}
    for line in lines:
        name = canonical(line[: line.find(b":")])
        known = index.get(name)
        if known is None:
            index[name] = [line]
        else:
            known.append(line)
    return index


def _is_number(text: bytes) -> bool:
    return text.isdigit() and len(text) <= MOST_DIGITS


def _value_of(line: bytes) -> bytes:
    return _FOLD.sub(b" ", line.partition(b":")[2]).strip()


def _request_method(data: bytes) -> bytes:
    line = data[: data.find(b"\r\n")].split(b" ")
    if len(line) != 3 or not line[2].startswith(b"SIP/2.0") or not _METHOD.fullmatch(line[0]):
        raise MalformedMessage("no start line of SIP")
    return line[0]


def _repair(data: bytes) -> tuple[bytes, int]:
    """A message with bare LFs, or without the blank line after its headers: usual bytes, and where its head ends."""
    if b"\n\n" in data:
        head, _, body = data.partition(b"\n\n")
        head = head.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        return head + b"\r\n\r\n" + body, len(head)
    head = data.rstrip(b"\r\n").replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    return head + b"\r\n\r\n", len(head)
