# SPDX-License-Identifier: AGPL-3.0-or-later
"""Followed calls, to make spans of."""

from __future__ import annotations

from typing import Any

from engine.messages import CallTrace, EntryKind, Failure, FollowedCall, TraceEntry

MS = 1_000_000
START = 1_795_377_600_000_000_000
LOCAL, REMOTE = ("127.0.0.1", 5061), ("127.0.0.2", 5060)
CALL_ID = "7-4242@127.0.0.1"


def message(start_line: str, cseq: str, branch: str = "b1", call_id: str = CALL_ID) -> bytes:
    """A message with what makes it one of a transaction."""
    via = f"Via: SIP/2.0/UDP 127.0.0.1:5061;branch=z9hG4bK-{branch}"
    return "\r\n".join([start_line, via, f"Call-ID: {call_id}", f"CSeq: {cseq}", "", ""]).encode()


def request(method: str, cseq: int, branch: str = "b1", number: str = "") -> bytes:
    """A request; `number` stands for the method in the CSeq."""
    return message(f"{method} sip:joe@127.0.0.2 SIP/2.0", f"{cseq} {number or method}", branch)


def response(status: int, reason: str, method: str, cseq: int, branch: str = "b1") -> bytes:
    """A response."""
    return message(f"SIP/2.0 {status} {reason}", f"{cseq} {method}", branch)


def entry(at_ms: float, kind: EntryKind, data: bytes = b"", **others: Any) -> TraceEntry:
    """What happened so many ms after the start of the call."""
    ends = {"local": LOCAL, "remote": REMOTE} if kind in (EntryKind.SENT, EntryKind.RECEIVED) else {}
    return TraceEntry(unix_ns=START + round(at_ms * MS), kind=kind, data=data, **{**ends, **others})


def sent(at_ms: float, data: bytes, **others: Any) -> TraceEntry:
    """A message that went."""
    return entry(at_ms, EntryKind.SENT, data, **others)


def received(at_ms: float, data: bytes, **others: Any) -> TraceEntry:
    """A message that came."""
    return entry(at_ms, EntryKind.RECEIVED, data, **others)


WHOLE = (
    sent(0, request("INVITE", 1), step=0),
    sent(500, request("INVITE", 1), step=0, again=True),
    received(501, response(100, "Trying", "INVITE", 1), step=1),
    received(520, response(180, "Ringing", "INVITE", 1), step=2),
    received(600, response(200, "OK", "INVITE", 1), step=3),
    entry(601, EntryKind.ACTION, step=3, text="log: answered"),
    sent(602, request("ACK", 1, "b2"), step=4),
    sent(1000, request("BYE", 2, "b3"), step=6),
    received(1010, response(200, "OK", "BYE", 2, "b3"), step=7),
)
"""The entries of a call that succeeded, with an INVITE that was sent twice."""


def call(entries: tuple[TraceEntry, ...] = WHOLE, **others: Any) -> FollowedCall:
    """A call that has succeeded."""
    fields: dict[str, Any] = {
        "number": 7,
        "call_id": CALL_ID,
        "why": "every 1",
        "scenario": "main",
        "outgoing": True,
        "protocol": "UDP",
        "started_unix_ns": START,
        "duration_ns": 1011 * MS,
        "is_over": True,
        "status": 200,
        "response_times": {"1": 600 * MS},
        "entries": entries,
    }
    return FollowedCall(**fields | others)


def failed_call(entries: tuple[TraceEntry, ...], reason: str, **others: Any) -> FollowedCall:
    """One that has not."""
    return call(entries, failure=Failure.UNEXPECTED_MESSAGE, reason=reason, **others)


def traced(number: int = 7, **others: Any) -> CallTrace:
    """A call of this number as it is told."""
    return CallTrace(run="1", elapsed_ns=0, call=call(number=number, **others))
