# SPDX-License-Identifier: AGPL-3.0-or-later
"""Requests with credentials, from when they are sent until it is known what came of them: the event log tells of each once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from engine.export.log_events import Attributes
from engine.export.start_lines import cseq_of
from engine.messages.records import Challenged, MessageRecorded, Record
from engine.sip.authentication.header import AuthenticationError, Scheme, read_schemes
from engine.sip.headers import Header

MOST_OPEN: Final = 50_000
"""Calls of which something is kept. A record may be lost, and with it the end of a call."""
MOST_TOLD: Final = 500
"""Bytes of a parameter."""

_HEADERS: Final = (Header(b"Authorization"), Header(b"Proxy-Authorization"))
_NAME: Final = b"uthorization"
"""What is in every message that has one of them, but for the case of a scenario's own."""
_TOLD: Final = ("username", "realm", "algorithm", "qop")
_LEAST_FINAL: Final = 200
_REFUSED: Final = (401, 403, 407)


@dataclass(slots=True)
class _Open:
    """What is kept of a call: its latest challenge, and a request with credentials that has no final answer yet."""

    challenge_status: int = 0
    cseq: tuple[int, str] = (0, "")
    told: Attributes | None = None


class Authentications:
    """Takes records, and says of each request with credentials what it had and what came of it.

    The `result` is `accepted`, `refused` (another challenge, or a 403), or `unanswered`: the call ended before, or sent others.
    """

    def __init__(self) -> None:
        self._open: OrderedDict[bytes, _Open] = OrderedDict()
        """By Call-ID: two workers may give the same number to calls that come in."""

    def challenged(self, record: Challenged) -> None:
        """A call has taken a challenge, which its next request may answer."""
        self._kept(record).challenge_status = record.status

    def sent(self, record: MessageRecorded) -> Iterator[Attributes]:
        """A call has sent this, not again: what is told of the request with credentials before it, if that has no answer."""
        if _NAME not in record.data.lower():
            return
        credentials = _credentials_in(record.data)
        if credentials is None:
            return
        kept = self._kept(record)
        if kept.told is not None:
            yield {**kept.told, "result": "unanswered"}
        kept.cseq = cseq_of(record.data)
        kept.told = _told_of(credentials)
        if kept.challenge_status:
            kept.told["challenge.status"] = kept.challenge_status

    def received(self, record: MessageRecorded, status: int) -> Iterator[Attributes]:
        """A call has received a response: what is told of the request that it answers, if that had credentials."""
        kept = self._open.get(record.call_id)
        if kept is None or kept.told is None or status < _LEAST_FINAL or cseq_of(record.data) != kept.cseq:
            return
        yield {**kept.told, "sip.status": status, "result": "refused" if status in _REFUSED else "accepted"}
        kept.told = None

    def ended(self, record: Record) -> Iterator[Attributes]:
        """A call is over: what is told of a request without a final answer."""
        kept = self._open.pop(record.call_id, None)
        if kept is not None and kept.told is not None:
            yield {**kept.told, "result": "unanswered"}

    def _kept(self, record: Record) -> _Open:
        kept = self._open.get(record.call_id)
        if kept is None:
            if len(self._open) >= MOST_OPEN:
                self._open.popitem(last=False)
            kept = self._open[record.call_id] = _Open()
        return kept


def _credentials_in(data: bytes) -> Scheme | None:
    """The first credentials in a request that can be read; None when there are none."""
    lines = [line for line in data.partition(b"\r\n\r\n")[0].splitlines() if line]
    for header in _HEADERS:
        value = header.value(lines)
        try:
            schemes = read_schemes([value]) if value else []
        except AuthenticationError:
            continue
        if schemes:
            return schemes[0]
    return None


def _told_of(credentials: Scheme) -> Attributes:
    """The scheme's name and what it says of who answers which challenge."""
    told: Attributes = {"scheme": credentials.name.decode("latin-1")}
    for name in _TOLD:
        value = credentials.get(name.encode())
        if value:
            told[name] = value[:MOST_TOLD].decode("utf-8", "replace")
    return told
