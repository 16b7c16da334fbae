# SPDX-License-Identifier: AGPL-3.0-or-later
"""The keywords that copy from the last message received; their entries are in `keywords`."""

from __future__ import annotations

from engine.scenario.assemble import Slot
from engine.scenario.scope import Compiled, Scope
from engine.scenario.template import Word
from engine.sip.headers import canonical
from engine.sip.message import CALL_ID, CSEQ, FROM, TO, Message


def last_header(word: Word, scope: Scope) -> Compiled:
    """The header line with this name; of several the first, with the values of the others behind it."""
    name = word.rest.rstrip(":").encode("latin-1")
    single = _SINGLES.get(canonical(name))
    if single is not None:
        return Slot(lambda call: single.line(call.last).rstrip() if call.last is not None else b"", drops_line=True)
    return Slot(lambda call: _join(call.last.lines(name)) if call.last is not None else b"", drops_line=True)


_SINGLES = {canonical(single.name): single for single in (CALL_ID, CSEQ, FROM, TO)}


def _join(lines: list[bytes]) -> bytes:
    if len(lines) < 2:
        return lines[0].rstrip() if lines else b""
    return b", ".join([lines[0].rstrip(), *(line.partition(b":")[2].strip() for line in lines[1:])])


def last_message(word: Word, scope: Scope) -> Compiled:
    return Slot(lambda call: call.last.data if call.last is not None else b"")


def last_cseq_number(word: Word, scope: Scope) -> Compiled:
    offset = word.offset
    return Slot(lambda call: (call.last.cseq_number if call.last is not None else 0) + offset, format=b"%d")


def last_request_uri(word: Word, scope: Scope) -> Compiled:
    return Slot(lambda call: _uri_of_to(call.last) if call.last is not None else b"")


def _uri_of_to(message: Message) -> bytes:
    """What stands between < and > in the To header: SIPp's idea of the last Request-URI."""
    to = message.value(b"To") or b""
    start = to.find(b"<")
    return to[start + 1 : to.find(b">", start)] if 0 <= start < to.find(b">", start) else b""
