# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the event log reads of a message: its start line, and of a response the CSeq.

The bytes may be anything: what is no SIP is told as such. All takes time in proportion to the length, and of nothing more is
told than `MOST_TOLD` bytes.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from engine.sip.headers import LONGEST_REMEMBERED, MOST_REMEMBERED, Header, value_of
from engine.sip.message import parse_cseq

MOST_TOLD: Final = 500
"""Of a start line or a method; what is longer is cut."""

_RESPONSE: Final = re.compile(r"SIP/2\.0 ([1-9][0-9][0-9])(?: (.*))?")
_REQUEST: Final = re.compile(r"(\S+) \S+ SIP/2\.0")
_HEAD_END: Final = b"\r\n\r\n"
_USUAL_CSEQ: Final = b"\nCSeq: "
_CSEQ: Final = Header(b"CSeq")
_BLANK: Final = (0x0D, 0x0A)


class StartLine(NamedTuple):
    """What a start line says. Of a request `status` is 0, of a response `method` is "", and of what is no SIP both. `words` are
    for a person: `INVITE`, `200 OK`."""

    words: str
    method: str = ""
    status: int = 0
    reason: str = ""


_remembered: Final[dict[bytes, StartLine]] = {}


def start_line_of(data: bytes) -> StartLine:
    """The start line of a message; those that repeat are remembered."""
    if data and data[0] in _BLANK:
        data = data.lstrip(b"\r\n")
    end = data.find(b"\n", 0, MOST_TOLD)
    line = data[: end if end >= 0 else MOST_TOLD]
    known = _remembered.get(line)
    if known is None:
        known = _read(line.decode("utf-8", "replace").rstrip())
        if len(line) <= LONGEST_REMEMBERED:
            if len(_remembered) >= MOST_REMEMBERED:
                _remembered.clear()
            _remembered[line] = known
    return known


def _read(line: str) -> StartLine:
    response = _RESPONSE.fullmatch(line)
    if response:
        reason = response[2] or ""
        return StartLine(f"{response[1]} {reason}".rstrip(), status=int(response[1]), reason=reason)
    request = _REQUEST.fullmatch(line)
    return StartLine(request[1], method=request[1]) if request else StartLine("what is no SIP")


def cseq_of(data: bytes) -> tuple[int, str]:
    """Number and method of the CSeq of a message; (0, "") when there is none that can be read."""
    head_end = data.find(_HEAD_END)
    if head_end < 0:
        head_end = len(data)
    at = data.find(_USUAL_CSEQ, 0, head_end) + len(_USUAL_CSEQ)
    end = data.find(b"\r\n", at, at + MOST_TOLD)
    number, method = parse_cseq(data[at:end]) if at >= len(_USUAL_CSEQ) and end >= 0 else (0, b"")
    if not method:
        number, method = parse_cseq(value_of(_CSEQ.line([line for line in data[:head_end].splitlines() if line])))
    return number, method[:MOST_TOLD].decode("utf-8", "replace")
