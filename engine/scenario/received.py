# SPDX-License-Identifier: AGPL-3.0-or-later
"""The keywords that copy from the last message received; their entries are in `keywords`."""

from __future__ import annotations

from engine.scenario.assemble import Slot
from engine.scenario.program import CallState, Render
from engine.scenario.scope import Compiled, Scope
from engine.scenario.template import Word
from engine.sip.message import Message


def last_header(word: Word, scope: Scope) -> Compiled:
    """The header line with this name; of several the first, with the values of the others behind it."""
    name = word.rest.rstrip(":").encode("latin-1")
    if name in _USUAL:
        return Slot(_find_usual(name), drops_line=True)
    return Slot(lambda call: _join(call.last.lines(name)) if call.last is not None else b"", drops_line=True)


_ONCE = (b"From", b"To", b"Call-ID", b"CSeq")
_USUAL = (b"Via", *_ONCE)
_FOLDS = (b" ", b"\t")


def _find_usual(name: bytes) -> Render:
    """The headers that every answer repeats stand there as they always do: found by search, without an index of all lines."""
    usual = b"\r\n" + name + b":"
    skip = len(usual)
    stands_once = name in _ONCE

    def render(call: CallState) -> bytes:
        last = call.last
        if last is None:
            return b""
        line = last.copies.get(name)
        if line is None:
            line = last.copies[name] = find(last)
        return line

    def find(last: Message) -> bytes:
        data, head_end = last.data, last.head_end
        start = data.find(usual, 0, head_end)
        if start >= 0 and (stands_once or data.find(usual, start + skip, head_end) < 0):
            end = data.find(b"\r\n", start + skip)
            if data[end + 2 : end + 3] not in _FOLDS:
                return data[start + 2 : end].rstrip()
        return _join(last.lines(name))

    return render


def _join(lines: list[bytes]) -> bytes:
    if not lines:
        return b""
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
