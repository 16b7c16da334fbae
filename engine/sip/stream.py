# SPDX-License-Identifier: AGPL-3.0-or-later
"""Where one message ends and the next begins in a stream (RFC 3261 section 18.3, RFC 5626 section 3.5.1).

Bytes go in as they arrive, whole messages come out. Over a stream the Content-Length is what ends a message; without
one it is taken as 0. CRLFs between messages are keep-alives and are passed over. A stream that cannot be framed any
more, because a head grows beyond `MAX_HEAD` or a Content-Length is no number, raises `StreamError`: the connection has
to be closed, for nobody knows where the next message starts.
"""

from __future__ import annotations

import re

from engine.sip.headers import MOST_DIGITS

MAX_HEAD = 65_536
MAX_BODY = 16_777_216

_CONTENT_LENGTH = re.compile(rb"\r\n(?:content-length|l)[ \t]*:[ \t]*(?:\r\n[ \t]+)?([^\r\n]*)", re.I)


class StreamError(ValueError):
    """The stream cannot be cut into messages; the text says why."""


class StreamFramer:
    """Cuts the bytes of one connection into messages. Not thread-safe; one for each connection."""

    __slots__ = ("_buffer", "_wanted")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._wanted = 0

    def feed(self, data: bytes) -> list[bytes]:
        """The messages that are complete with `data`, oldest first. Raises StreamError."""
        buffer = self._buffer
        buffer += data
        messages: list[bytes] = []
        while len(buffer) >= self._wanted:
            try:
                length = self._next_length()
            except StreamError:
                if messages:
                    break  # it is raised at the next feed, once these have been taken
                raise
            if not length or length > len(buffer):
                self._wanted = length
                break
            messages.append(bytes(buffer[:length]))
            del buffer[:length]
            self._wanted = 0
        return messages

    def _next_length(self) -> int:
        """The length of the message at the front of the buffer; 0 while its head is incomplete."""
        buffer = self._buffer
        if buffer.startswith((b"\r", b"\n")):
            del buffer[: len(buffer) - len(buffer.lstrip(b"\r\n"))]
        head_end = buffer.find(b"\r\n\r\n")
        if head_end < 0:
            if len(buffer) > MAX_HEAD:
                raise StreamError(f"no end of the headers in {MAX_HEAD} bytes")
            return 0
        found = _CONTENT_LENGTH.search(buffer, 0, head_end)
        if found is None:
            return head_end + 4
        text = found[1].strip()
        if not text.isdigit() or len(text) > MOST_DIGITS or int(text) > MAX_BODY:
            raise StreamError(f"Content-Length is {text[:20].decode('latin-1')!r}")
        return head_end + 4 + int(text)
