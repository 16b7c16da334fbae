# SPDX-License-Identifier: AGPL-3.0-or-later
"""Where one message ends and the next begins in a stream (RFC 3261 section 18.3, RFC 5626 section 3.5.1).

Bytes go in as they arrive, whole messages come out. Over a stream the Content-Length is what ends a message; without
one it is taken as 0. CRLFs between messages are keep-alives: they are passed over, and `pings` counts those that want an
answer. A head ends as in `message`, but that a line ends with an LF at least. A stream that cannot be framed any more, because
no message begins where one should, a head grows beyond `MAX_HEAD` or a Content-Length is no number, is `broken`: the connection
has to be closed, for nobody knows where the next message starts. However the stream is cut, the messages are the same, and each
byte is looked at a few times at most.
"""

from __future__ import annotations

import re
from typing import Final

from engine.sip.headers import MOST_DIGITS

MAX_HEAD: Final = 65_536
MAX_BODY: Final = 1_048_576
"""SIPp takes 64 KiB for a whole message. Each connection may have so much in memory, and anybody may open connections."""

_CONTENT_LENGTH: Final = re.compile(rb"\n(?:content-length|l)[ \t]*:[ \t]*(?:\r?\n[ \t]+)*+([^\r\n]*)", re.I)
_KEEP_ALIVES: Final = re.compile(rb"[\r\n]+")
_START: Final = re.compile(rb"[!%'*+.0-9A-Z_`a-z~-]")
"""What a method, or the SIP-Version of a response, begins with (RFC 3261 section 25.1, token)."""
_START_LINE: Final = re.compile(rb"[^\r\n]*SIP/", re.I)
_HANDSHAKE: Final = b"\x16"
"""What TLS begins with (RFC 8446 section 5.1)."""


class _Unframable(ValueError):
    """The stream cannot be cut into messages; the text says why."""


class StreamFramer:
    """Cuts the bytes of one connection into messages. Not thread-safe; one for each connection.

    `pings` are the double CRLFs between messages so far (RFC 5626 section 3.5.1), to be answered with a CRLF each. `broken`
    says what came instead of a message, or "".
    """

    __slots__ = ("_buffer", "_line_ends", "_searched", "_wanted", "broken", "pings")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._searched = 0
        self._wanted = 0
        self._line_ends = 0
        self.pings = 0
        self.broken = ""

    def feed(self, data: bytes) -> list[bytes]:
        """The messages that are complete with `data`, oldest first; none once the stream is `broken`."""
        buffer = self._buffer
        messages: list[bytes] = []
        if self.broken:
            return messages
        buffer += data
        while True:
            if not self._wanted:
                try:
                    self._wanted = self._next_length()
                except _Unframable as error:
                    self.broken = str(error)
                    buffer.clear()
                    break
            if not self._wanted or self._wanted > len(buffer):
                break
            messages.append(bytes(buffer[: self._wanted]))
            del buffer[: self._wanted]
            self._wanted = self._searched = self._line_ends = 0
        return messages

    def _next_length(self) -> int:
        """The length of the message at the front of the buffer; 0 while its head is incomplete. Raises _Unframable."""
        buffer = self._buffer
        if not self._searched:
            self._pass_over_keep_alives()
            self._check_start()
        head_end = self._find_head_end()
        if head_end > MAX_HEAD or (not head_end and len(buffer) >= MAX_HEAD):
            raise _Unframable(f"a message without an end of its headers in {MAX_HEAD} bytes")
        if not head_end:
            return 0
        self._check_start_line(head_end)
        return head_end + self._body_length(head_end)

    def _pass_over_keep_alives(self) -> None:
        passed_over = _KEEP_ALIVES.match(self._buffer)
        if passed_over is not None:
            self._line_ends += passed_over[0].count(b"\n")
            self.pings += self._line_ends // 2
            self._line_ends %= 2
            del self._buffer[: passed_over.end()]

    def _check_start(self) -> None:
        """Raise _Unframable when what stands at the front of the buffer can begin no message."""
        buffer = self._buffer
        if buffer and _START.match(buffer) is None:
            what = "TLS" if buffer.startswith(_HANDSHAKE) else f"a message that begins with {bytes(buffer[:1])!r}"
            raise _Unframable(what)

    def _check_start_line(self, head_end: int) -> None:
        if _START_LINE.match(self._buffer, 0, head_end) is None:
            line = bytes(self._buffer[:40]).partition(b"\n")[0].rstrip(b"\r").decode("latin-1")
            raise _Unframable(f"a message that begins with {line!r}")

    def _body_length(self, head_end: int) -> int:
        """What the first Content-Length says. Raises _Unframable."""
        found = _CONTENT_LENGTH.search(self._buffer, 0, head_end)
        if found is None:
            return 0
        text = found[1].strip()
        if not text.isdigit() or len(text) > MOST_DIGITS or int(text) > MAX_BODY:
            raise _Unframable(f"a message whose Content-Length is {text[:20].decode('latin-1')!r}")
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
