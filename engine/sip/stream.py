# SPDX-License-Identifier: AGPL-3.0-or-later
"""Where one message ends and the next begins in a stream (RFC 3261 section 18.3, RFC 5626 section 3.5.1).

Bytes go in as they arrive, whole messages come out. Over a stream the Content-Length is what ends a message; without
one it is taken as 0. CRLFs between messages are keep-alives and are passed over. A head ends as in `message`, but that a
line ends with an LF at least. A stream that cannot be framed any more, because a head grows beyond `MAX_HEAD` or a
Content-Length is no number, raises `StreamError`: the connection has to be closed, for nobody knows where the next message
starts. However the stream is cut, the messages are the same, and each byte is looked at a few times at most.
"""

from __future__ import annotations

import re
from typing import Final

from engine.sip.headers import MOST_DIGITS

MAX_HEAD: Final = 65_536
MAX_BODY: Final = 16_777_216

_CONTENT_LENGTH: Final = re.compile(rb"\n(?:content-length|l)[ \t]*:[ \t]*(?:\r?\n[ \t]+)*+([^\r\n]*)", re.I)
_KEEP_ALIVES: Final = re.compile(rb"[\r\n]+")


class StreamError(ValueError):
    """The stream cannot be cut into messages; the text says why."""


class StreamFramer:
    """Cuts the bytes of one connection into messages. Not thread-safe; one for each connection."""

    __slots__ = ("_buffer", "_searched", "_wanted")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._searched = 0
        self._wanted = 0

    def feed(self, data: bytes) -> list[bytes]:
        """The messages that are complete with `data`, oldest first. Raises StreamError."""
        buffer = self._buffer
        buffer += data
        messages: list[bytes] = []
        while True:
            if not self._wanted:
                try:
                    self._wanted = self._next_length()
                except StreamError:
                    if messages:
                        break  # it is raised at the next feed, once these have been taken
                    raise
            if not self._wanted or self._wanted > len(buffer):
                break
            messages.append(bytes(buffer[: self._wanted]))
            del buffer[: self._wanted]
            self._wanted = self._searched = 0
        return messages

    def _next_length(self) -> int:
        """The length of the message at the front of the buffer; 0 while its head is incomplete."""
        buffer = self._buffer
        if buffer.startswith((b"\r", b"\n")):
            passed_over = _KEEP_ALIVES.match(buffer)
            del buffer[: passed_over.end() if passed_over else 0]
        head_end = self._find_head_end()
        if head_end > MAX_HEAD or (not head_end and len(buffer) >= MAX_HEAD):
            raise StreamError(f"no end of the headers in {MAX_HEAD} bytes")
        return head_end and head_end + self._body_length(head_end)

    def _body_length(self, head_end: int) -> int:
        """What the first Content-Length says. Raises StreamError."""
        found = _CONTENT_LENGTH.search(self._buffer, 0, head_end)
        if found is None:
            return 0
        text = found[1].strip()
        if not text.isdigit() or len(text) > MOST_DIGITS or int(text) > MAX_BODY:
            raise StreamError(f"Content-Length is {text[:20].decode('latin-1')!r}")
        return int(text)

    def _find_head_end(self) -> int:
        """The offset behind the first empty line; 0 when it has not come yet, and what has come is not searched again."""
        buffer = self._buffer
        usual = buffer.find(b"\n\r\n", self._searched)
        bare = buffer.find(b"\n\n", self._searched, usual + 1 if usual >= 0 else len(buffer))
        if bare >= 0:
            return bare + 2
        if usual >= 0:
            return usual + 3
        self._searched = max(0, len(buffer) - 2)
        return 0
