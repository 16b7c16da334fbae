# SPDX-License-Identifier: AGPL-3.0-or-later
"""Keywords that copy from what was received."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from engine.scenario.assemble import Slot
from engine.scenario.keywords.slots import attribute
from engine.scenario.program import CallState
from engine.scenario.scope import Compiled, Keyword, Scope
from engine.scenario.template import Word
from engine.sip.headers import canonical
from engine.sip.message import CALL_ID, CSEQ, FROM, TO, Message


def _last_header(word: Word, scope: Scope) -> Compiled:
    """The header line with this name; of several the first, with the values of the others behind it."""
    name = canonical(word.rest.rstrip(":").encode("latin-1"))
    copied = _copies.get(name)
    if copied is None:
        copied = _copies[name] = LastHeader(name)
    return Slot(copied.render, drops_line=True)


class LastHeader:
    """What a header of the last message is copied as. A provisional response and the final one that goes out right behind
    it copy the same, so what was copied last is kept."""

    __slots__ = ("_line", "_name", "_of", "_single")

    def __init__(self, name: bytes) -> None:
        """`name` is canonical."""
        self._name = name
        self._single = _SINGLES.get(name)
        self._of: Message | None = None
        self._line = b""

    def render(self, call: CallState) -> bytes:
        """The line, without an end; b"" when the message has none."""
        last = call.last
        if last is None:
            return b""
        if last is not self._of:
            self._of = last
            self._line = self._single.line(last.raw_lines).rstrip() if self._single else _join(last.lines(self._name))
        return self._line


_SINGLES: Final = {canonical(single.name): single for single in (CALL_ID, CSEQ, FROM, TO)}
_copies: Final[dict[bytes, LastHeader]] = {}


def _join(lines: list[bytes]) -> bytes:
    if len(lines) < 2:
        return lines[0].rstrip() if lines else b""
    return b", ".join([lines[0].rstrip(), *(line.partition(b":")[2].strip() for line in lines[1:])])


def _last_message(word: Word, scope: Scope) -> Compiled:
    return Slot(lambda call: call.last.data if call.last is not None else b"", may_hold_lines=True)


def _last_cseq_number(word: Word, scope: Scope) -> Compiled:
    offset = word.offset
    return Slot(lambda call: (call.last.cseq_number if call.last is not None else 0) + offset, format=b"%d")


def _last_request_uri(word: Word, scope: Scope) -> Compiled:
    return Slot(lambda call: _uri_of_to(call.last) if call.last is not None else b"")


def _uri_of_to(message: Message) -> bytes:
    """What stands between < and > in the To header: SIPp's idea of the last Request-URI."""
    to = message.value(b"To") or b""
    start = to.find(b"<")
    return to[start + 1 : to.find(b">", start)] if 0 <= start < to.find(b">", start) else b""


def _routes(word: Word, scope: Scope) -> Compiled:
    return Slot(attribute="routes", drops_line=True)


KEYWORDS: Mapping[str, Keyword] = {
    "last_": Keyword(_last_header),
    "last_message": Keyword(_last_message),
    "last_cseq_number": Keyword(_last_cseq_number),
    "last_Request_URI": Keyword(_last_request_uri),
    "peer_tag_param": attribute("peer_tag"),
    "routes": Keyword(_routes),
    "next_url": attribute("next_url"),
}
