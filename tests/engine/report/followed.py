# SPDX-License-Identifier: AGPL-3.0-or-later
"""Followed calls to write down: what a caller of the built-in uac sees, answered or refused."""

from __future__ import annotations

from typing import Any

import msgspec

from engine.messages import EntryKind, Failure, FollowedCall, TraceEntry
from tests.engine.report.examples import STARTED_UNIX_NS

HERE, THERE = ("127.0.0.1", 5061), ("127.0.0.1", 5060)
MS = 1_000_000
GAP_NS = 10 * MS

ANSWERED = (
    (EntryKind.SENT, 0, "INVITE"),
    (EntryKind.RECEIVED, 2, "180"),
    (EntryKind.RECEIVED, 4, "200"),
    (EntryKind.SENT, 5, "ACK"),
    (EntryKind.SENT, 7, "BYE"),
    (EntryKind.RECEIVED, 8, "200"),
)
BUSY = (
    (EntryKind.SENT, 0, "INVITE"),
    (EntryKind.RECEIVED, 2, "180"),
    (EntryKind.RECEIVED, -1, "486"),
    (EntryKind.SENT, -1, "ACK"),
)


def message(what: str, number: int, protocol: str = "UDP", body: bytes = b"") -> bytes:
    """A request with this method, or a response with this status, of the call with this number."""
    line = f"SIP/2.0 {what} Whatever" if what.isdigit() else f"{what} sip:service@127.0.0.1:5060 SIP/2.0"
    sequence = "2 BYE" if what == "BYE" else f"1 {'ACK' if what == 'ACK' else 'INVITE'}"
    headers = (
        line,
        f"Via: SIP/2.0/{protocol} 127.0.0.1:5061;branch=z9hG4bK-{number}-{sequence[0]}",
        f"From: <sip:sipp@127.0.0.1:5061>;tag={number}",
        "To: <sip:service@127.0.0.1:5060>;tag=1",
        f"Call-ID: {number}@here",
        f"CSeq: {sequence}",
        f"Content-Length: {len(body)}",
    )
    return "\r\n".join((*headers, "", "")).encode() + body


def followed(number: int = 1, flow: Any = ANSWERED, *, protocol: str = "UDP", body: bytes = b"", **fields: Any) -> FollowedCall:
    """A call of this flow, a message each 10 ms; `body` is that of its first."""
    began_ns = fields.pop("began_ns", STARTED_UNIX_NS + number * 100 * MS)
    local, remote = fields.pop("local", HERE), fields.pop("remote", THERE)
    entries = tuple(
        TraceEntry(
            unix_ns=began_ns + place * GAP_NS,
            kind=kind,
            step=step,
            local=local,
            remote=remote,
            data=message(what, number, protocol, b"" if place else body),
        )
        for place, (kind, step, what) in enumerate(flow)
    )
    call = FollowedCall(
        number=number,
        call_id=f"{number}@here",
        why="every 1",
        scenario="main",
        outgoing=True,
        protocol=protocol,
        started_unix_ns=began_ns,
        duration_ns=len(flow) * GAP_NS,
        is_over=True,
        status=200,
        entries=entries,
    )
    return msgspec.structs.replace(call, **fields)


def refused(number: int = 1, **fields: Any) -> FollowedCall:
    """A call that was answered with 486 where 200 was awaited."""
    why = {"failure": Failure.UNEXPECTED_MESSAGE, "reason": "unexpected 486 in step 4 (200)", "status": 486, "why": "failed"}
    return followed(number, BUSY, **{**why, **fields})
