# SPDX-License-Identifier: AGPL-3.0-or-later
"""SIPp's log of calls that failed (`-trace_calldebug`), written from followed calls.

The lines are those of SIPp 3.6.1, its spelling with them, so that what reads its files reads these. What a followed call
does not tell (that a pause goes on, that a step looks at the clock) has no line, and what SIPp does not tell (why a call
failed, what an action did) has one of the same look. Hashes are of 64 bits and say which messages are the same, as SIPp's
do; their values are others.
"""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import Final

from engine.messages import Failure, RunStarted
from engine.messages.following import EntryKind, FollowedCall, TraceEntry
from engine.options import RunConfig
from engine.report.times import rfc3339_time, tabbed_time

_RULE: Final = b"-" * 79
_SEND: Final = 2
"""SIPp's number for a step that sends."""
_AT_STEP: Final = re.compile(r"\bin step ([0-9]{1,9})\b")
_OF_A_MESSAGE: Final = frozenset((Failure.UNEXPECTED_MESSAGE, Failure.CALL_REJECTED))
_NS_PER_MS: Final = 1_000_000


def format_call(call: FollowedCall, started: RunStarted) -> bytes:
    """The entry of a call in the log of its run; nothing when the call has not failed."""
    return _Story(call, started).told() if call.failure is not None else b""


class _Story:
    """One call, told line by line."""

    def __init__(self, call: FollowedCall, started: RunStarted) -> None:
        self._call = call
        self._config = started.config
        self._started_ns = started.started_unix_ns
        self._time = rfc3339_time if started.config.rfc3339 else tabbed_time
        self._entries = _without_reason(call)
        self._last = _length_of_its_own(self._entries)
        self._refused = _refused(call.failure, self._entries[: self._last])
        self._end = _index_of_end(call.reason, self._entries[: self._last])
        self._times_sent: dict[bytes, int] = {}
        self._received_last = b""
        self._lines: list[bytes] = []

    def told(self) -> bytes:
        """The whole entry."""
        call = self._call
        self._lines += [_RULE, f"Call debugging information for call {call.call_id}:".encode(errors="replace")]
        self._line(call.started_unix_ns, f"Starting call {call.call_id}")
        if call.left_out:
            self._line(call.started_unix_ns, f"{call.left_out} entries of call {call.call_id} were forgotten")
        for index in range(self._last):
            self._entry(index)
        self._ended()
        for index in range(self._last, len(self._entries)):
            self._entry(index)
        return b"\n".join(self._lines) + b"\n"

    def _line(self, unix_ns: int, text: str, message: bytes = b"") -> None:
        self._lines.append(f"{self._time(unix_ns)} {text}".encode(errors="replace") + message)

    def _ended(self) -> None:
        call = self._call
        after = self._entries[self._last :]
        ended_ns = after[0].unix_ns if after else call.started_unix_ns + call.duration_ns
        self._line(ended_ns, f"Call {call.call_id} has failed: {call.reason or call.failure}")
        self._line(ended_ns, f"Aborting call {call.call_id} (index {self._end}).")

    def _entry(self, index: int) -> None:
        entry = self._entries[index]
        before = self._entries[index - 1] if index else None
        after = self._entries[index + 1] if index + 1 < len(self._entries) else None
        if entry.kind is EntryKind.SENT:
            self._sent(entry, is_answer=before is not None and before.kind is EntryKind.RECEIVED and before.again)
        elif entry.kind is EntryKind.RECEIVED:
            self._received(entry, is_lost=after is not None and after.kind is EntryKind.LOST)
        elif entry.kind is EntryKind.LOST:
            self._lost(entry, was_sent=before is None or before.kind is not EntryKind.RECEIVED or before.step != entry.step)
        else:
            self._line(entry.unix_ns, entry.text)

    def _sent(self, entry: TraceEntry, *, is_answer: bool) -> None:
        call, number = self._call, _hash(entry.data)
        times = self._times_sent[entry.data] = self._times_sent.get(entry.data, -1) + 1
        if entry.again and not is_answer:
            most = _most_retransmissions(self._config, entry.data)
            self._line(entry.unix_ns, f"Retransmisison required ({times} retransmissions, max {most})")
        elif entry.step >= 0 and not entry.again:
            at_ms = max(0, entry.unix_ns - self._started_ns) // _NS_PER_MS
            self._line(entry.unix_ns, f"Processing message {entry.step} of type {_SEND} for call {call.call_id} at {at_ms}.")
        what = f"Sending {call.protocol} message for call {call.call_id} (index {entry.step}, hash {number}):\n"
        self._line(entry.unix_ns, what, entry.data + b"\n")

    def _lost(self, entry: TraceEntry, *, was_sent: bool) -> None:
        what = f"voluntary lost (while sending) (index {entry.step})"
        if not was_sent:
            what = f"lost (recv) (hash {_hash(self._received_last)})"
        self._line(entry.unix_ns, f"{self._call.protocol} message {what}.")

    def _received(self, entry: TraceEntry, *, is_lost: bool) -> None:
        call, number = self._call, _hash(entry.data)
        self._received_last = entry.data
        what = f"Processing {len(entry.data)} byte incoming message for call-ID {call.call_id} (hash {number}):\n"
        self._line(entry.unix_ns, what, entry.data + b"\n")
        if entry is self._refused:
            what = f"Unexpected {call.protocol} message received (index {self._end}, hash {number}):\n\n"
            self._line(entry.unix_ns, what, entry.data)
        elif entry.step >= 0 and not entry.again and not is_lost:
            self._line(entry.unix_ns, f"Set Last Recv Hash: {number} (recv index {entry.step})")


def _without_reason(call: FollowedCall) -> tuple[TraceEntry, ...]:
    """What happened to the call, without the note of why it ended, which has a line of its own."""
    entries = call.entries
    is_told = bool(entries) and entries[-1].kind is EntryKind.NOTE and entries[-1].text == call.reason
    return entries[:-1] if is_told else entries


def _length_of_its_own(entries: tuple[TraceEntry, ...]) -> int:
    """How many entries came before the call was aborted: what is sent for no step at its end, a BYE or CANCEL, came after."""
    length = len(entries)
    while length and entries[length - 1].kind is EntryKind.SENT and entries[length - 1].step < 0:
        length -= 1
    return length


def _refused(failure: Failure | None, entries: tuple[TraceEntry, ...]) -> TraceEntry | None:
    """The message that ended the call."""
    if failure not in _OF_A_MESSAGE:
        return None
    return next((entry for entry in reversed(entries) if entry.kind is EntryKind.RECEIVED), None)


def _index_of_end(reason: str, entries: tuple[TraceEntry, ...]) -> int:
    """The step at which the call ended: what the reason says, else the last that anything happened in."""
    found = _AT_STEP.search(reason)
    if found:
        return int(found[1])
    return next((entry.step for entry in reversed(entries) if entry.step >= 0), 0)


def _most_retransmissions(config: RunConfig, data: bytes) -> int:
    is_invite = data.startswith(b"INVITE ")
    most = config.max_invite_retransmissions if is_invite else config.max_non_invite_retransmissions
    return most if config.max_retransmissions is None else min(most, config.max_retransmissions)


def _hash(data: bytes) -> int:
    return int.from_bytes(blake2b(data, digest_size=8).digest(), "big")
