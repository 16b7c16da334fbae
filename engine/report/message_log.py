# SPDX-License-Identifier: AGPL-3.0-or-later
"""SIPp's message log (`-trace_msg`): each message sent or received, under a rule of dashes with the time.

The functions are pure and made for batches: a writer thread beside the load turns what piled up into one piece of
bytes. Nothing is decoded; the bytes of a message stand in the log as they were on the wire.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from engine.report.times import local_time, rfc3339_time

Record: TypeAlias = tuple[int, bool, bytes]
"""One message: when, in wall time (ns since the epoch), whether it was sent (else received), and its bytes."""

_RULE = "-" * 47


def format_message(unix_ns: int, transport: str, sent: bool, data: bytes, *, rfc3339: bool = False) -> bytes:
    """One entry of the log. `transport` is `UDP`, `TCP`, `TLS`, `WS` or `WSS`."""
    when = (rfc3339_time if rfc3339 else local_time)(unix_ns)
    # SIPp writes the two directions with different brackets, and scripts in the field match on that.
    what = f"sent ({len(data)} bytes):" if sent else f"received [{len(data)}] bytes :"
    return f"{_RULE} {when}\n{transport} message {what}\n\n".encode() + data + b"\n"


def format_messages(records: Iterable[Record], transport: str, rfc3339: bool) -> bytes:
    """The entries of several messages, in their order."""
    return b"".join([format_message(when, transport, sent, data, rfc3339=rfc3339) for when, sent, data in records])
