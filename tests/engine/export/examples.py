# SPDX-License-Identifier: AGPL-3.0-or-later
"""Records and runs for tests of what is made of them."""

from __future__ import annotations

from typing import Any

import msgspec

from engine.export.sink import Surroundings
from engine.messages import RunFinished, RunStarted
from engine.messages.records import (
    ActionLogged,
    CallEnded,
    CallStarted,
    Challenged,
    MessageRecorded,
    ResponseTimed,
    TimedOut,
)
from engine.options import RunConfig
from tests.engine.bus.events import finished as finished_run
from tests.engine.bus.events import started as started_run

UNIX_NS = 1_795_377_600_123_456_789
LOCAL = ("127.0.0.1", 5061)
REMOTE = ("127.0.0.2", 5060)
CALL: dict[str, Any] = {"unix_ns": UNIX_NS, "call": 7, "call_id": b"7-4242@127.0.0.1", "scenario": "main"}


def started(**options: Any) -> RunStarted:
    """The start of a run with these options."""
    return msgspec.structs.replace(
        started_run(), config=RunConfig(remote="127.0.0.2", **options), started_unix_ns=UNIX_NS - 1_000_000_000
    )


def surroundings(warnings: list[str] | None = None, **options: Any) -> Surroundings:
    """Those of a sink; what it warns of goes to `warnings`."""
    return Surroundings(started(**options), (warnings if warnings is not None else []).append)


def finished() -> RunFinished:
    """The end of a run."""
    return finished_run()


def request(method: str, *headers: str, cseq: int = 1) -> bytes:
    """A request with these header lines."""
    lines = [f"{method} sip:joe@127.0.0.2 SIP/2.0", "Call-ID: 7-4242@127.0.0.1", f"CSeq: {cseq} {method}", *headers, "", ""]
    return "\r\n".join(lines).encode()


def response(status: int, reason: str, method: str, cseq: int = 1) -> bytes:
    """A response to a request with that CSeq."""
    lines = [f"SIP/2.0 {status} {reason}", "Call-ID: 7-4242@127.0.0.1", f"CSeq: {cseq} {method}", "", ""]
    return "\r\n".join(lines).encode()


def message(data: bytes, *, sent: bool = False, **others: Any) -> MessageRecorded:
    """A message as it is recorded."""
    fields = {**CALL, "sent": sent, "again": False, "step": 1, "local": LOCAL, "remote": REMOTE, "data": data}
    return MessageRecorded(**fields | others)


def call_started(**others: Any) -> CallStarted:
    """The start of a call."""
    return CallStarted(**CALL | {"outgoing": True, "late_ns": 20_500} | others)


def call_ended(**others: Any) -> CallEnded:
    """The end of a call that has succeeded."""
    fields = {
        **CALL,
        "outgoing": True,
        "duration_ns": 9_123_456,
        "late_ns": 20_500,
        "failure": None,
        "reason": "",
        "cut_off": False,
        "status": 200,
        "sent": 3,
        "received": 4,
        "retransmissions": 0,
    }
    return CallEnded(**fields | others)


def challenged(status: int = 401) -> Challenged:
    """A challenge that a call took."""
    return Challenged(**CALL, step=2, status=status, realm="r", algorithm="MD5", qop="auth")


def action(text: str = "hello", level: str = "info", name: str = "", **attributes: str) -> ActionLogged:
    """What a <log> wrote."""
    return ActionLogged(**CALL, step=3, level=level, name=name, text=text, attributes=tuple(attributes.items()))


def timed_out() -> TimedOut:
    """A step that waited in vain."""
    return TimedOut(**CALL, step=4, expected="200", timeout_ms=500, source="recv")


def response_timed() -> ResponseTimed:
    """A timer that was stopped."""
    return ResponseTimed(**CALL, step=5, name="invite", elapsed_ns=1_234_567)
