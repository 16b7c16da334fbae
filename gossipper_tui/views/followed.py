# SPDX-License-Identifier: AGPL-3.0-or-later
"""A call that was followed: what went to and fro, what was done with it, and why it ended, a line each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from engine.messages import EntryKind, FollowedCall, TraceEntry
from gossipper_tui.views.numbers import count, duration
from gossipper_tui.views.spans import EMPTY, Line, Span, Tone, cut, fit, line

MOST_CALLS: Final = 5
"""Calls that a final text shows."""
MOST_LINES: Final = 40
"""Of each."""
_SIGNS: Final = {EntryKind.SENT: "▶", EntryKind.RECEIVED: "◀", EntryKind.LOST: "✕", EntryKind.ACTION: "·", EntryKind.NOTE: "!"}
_TONES: Final = {EntryKind.SENT: Tone.SENT, EntryKind.RECEIVED: Tone.RECEIVED, EntryKind.LOST: Tone.WARN}
_TIME: Final = 10
_STEP: Final = 16


def lines_of(call: FollowedCall, width: int) -> list[Line]:
    """The call: who, how it ended, and what happened, with the time since its beginning."""
    lines = [fit(line(Span(_title(call), Tone.STRONG)), width), fit(_end(call), width)]
    if call.left_out:
        left_out = f"{count(call.left_out)} lines before these were forgotten; see -follow_memory"
        lines.append(fit(line(Span(left_out, Tone.WARN)), width))
    lines += [_line(call, entry, width) for entry in call.entries[:MOST_LINES]]
    if len(call.entries) > MOST_LINES:
        lines.append(fit(line(Span(f"and {count(len(call.entries) - MOST_LINES)} more lines", Tone.DIM)), width))
    return lines


def several(calls: Sequence[FollowedCall], in_all: int, width: int) -> list[Line]:
    """The first of `in_all` followed calls, an empty line between two."""
    lines: list[Line] = []
    for call in calls[:MOST_CALLS]:
        lines += [*lines_of(call, width), EMPTY]
    if in_all > MOST_CALLS:
        more = f"and {count(in_all - MOST_CALLS)} more followed calls; -trace_pcap, -trace_calldebug and -events keep them"
        lines.append(fit(line(Span(more, Tone.DIM)), width))
    while lines and lines[-1] == EMPTY:
        lines.pop()
    return lines


def _title(call: FollowedCall) -> str:
    way = "to" if call.outgoing else "from"
    places = (entry.remote for entry in call.messages if entry.remote is not None)
    peer = next((f"{ip} port {port}" for ip, port in places if ip), "nowhere")
    return f"Call {call.number} {way} {peer} · {_legible(call.call_id)} · followed: {_legible(call.why)}"


def _end(call: FollowedCall) -> Line:
    took = f" after {duration(call.duration_ns)}"
    if call.failure is not None:
        return line(Span(f"✗ {_legible(call.reason)}{took}", Tone.BAD))
    if not call.is_over:
        return line(Span(f"■ open at the end of the run{took}", Tone.WARN))
    return line(Span(f"✔ ok{took}", Tone.GOOD))


def _line(call: FollowedCall, entry: TraceEntry, width: int) -> Line:
    since = duration(max(0, entry.unix_ns - call.started_unix_ns)).rjust(_TIME)
    step = f"step {entry.step}" if entry.step >= 0 else ""
    said = _first_line(entry.data) if entry.is_message else ""
    notes = " · ".join(filter(None, ("again" if entry.again else "", _legible(entry.text))))
    room = max(0, width - _TIME - _STEP - 4)
    text = cut(f"{said}  {notes}" if said and notes else said or notes, room)
    sign = Span(f"  {_SIGNS[entry.kind]} ", _TONES.get(entry.kind, Tone.DIM))
    return fit(line(Span(since, Tone.DIM), sign, Span(step.ljust(_STEP), Tone.DIM), text), width)


def _first_line(data: bytes) -> str:
    return _legible(data[:300].partition(b"\r\n")[0].decode("utf-8", "replace"))


def _legible(text: str) -> str:
    """What came from outside, without what would move a cursor."""
    return "".join(each if each.isprintable() else "·" for each in text)
