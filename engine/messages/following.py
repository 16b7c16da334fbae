# SPDX-License-Identifier: AGPL-3.0-or-later
"""A call that is followed: its messages, what was done with them, and how it ended; and what became of what was to be told."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from engine.messages.counts import Failure

Place = tuple[str, int]
"""An address and a port."""


class EntryKind(StrEnum):
    """What a line of a call's trace tells."""

    SENT = "sent"
    RECEIVED = "received"
    LOST = "lost on purpose"
    ACTION = "action"
    NOTE = "note"


class TraceEntry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Something that happened to a call. `unix_ns` is wall time; of a message that came, when it came to this machine.

    `step` is the index of the step that sent or took the message, or whose action this is; -1 where none did. `again`: the
    message is a retransmission. `local` and `remote` are where a message left or came to, and the other end. `data` is the
    message as it was on the wire, without what a transport wraps around it; `text` what an action did, or a note.
    """

    unix_ns: int
    kind: EntryKind
    step: int = -1
    again: bool = False
    local: Place | None = None
    remote: Place | None = None
    data: bytes = b""
    text: str = ""

    @property
    def is_message(self) -> bool:
        """Whether it went over the wire."""
        return self.kind in (EntryKind.SENT, EntryKind.RECEIVED)


class FollowedCall(msgspec.Struct, frozen=True, kw_only=True):
    """A call from its first message to its end, or to the end of the run when `is_over` is false.

    `why` it was followed: `every 100`, `failed`, `text`, `next`. `scenario` is which of the run's it ran: `main`, `incoming`,
    `out of call`; steps of the main one are those of `RunStarted`. `protocol` is `UDP`, `TCP`, `TLS`, `WS` or `WSS`. `failure`
    is null for a call that succeeded, or is not over. `status` is that of the last final response, either way, else 0.
    `response_times` are in ns, by the names of their timers. `left_out` entries before the first were forgotten, because
    there was no more memory for them.
    """

    number: int
    call_id: str
    why: str
    scenario: str
    outgoing: bool
    protocol: str
    started_unix_ns: int
    duration_ns: int
    is_over: bool
    failure: Failure | None = None
    reason: str = ""
    status: int = 0
    response_times: dict[str, int] = {}
    entries: tuple[TraceEntry, ...] = ()
    left_out: int = 0

    @property
    def messages(self) -> tuple[TraceEntry, ...]:
        """What went over the wire."""
        return tuple(entry for entry in self.entries if entry.is_message)


class QueueCounts(msgspec.Struct, frozen=True, kw_only=True):
    """What became of what was offered to a bounded queue. `offered` = `written` + `dropped` + what still waits."""

    offered: int = 0
    written: int = 0
    dropped: int = 0

    def plus(self, other: QueueCounts) -> QueueCounts:
        """Both together."""
        return QueueCounts(
            offered=self.offered + other.offered,
            written=self.written + other.written,
            dropped=self.dropped + other.dropped,
        )

    def minus(self, earlier: QueueCounts) -> QueueCounts:
        """What was added since."""
        return QueueCounts(
            offered=self.offered - earlier.offered,
            written=self.written - earlier.written,
            dropped=self.dropped - earlier.dropped,
        )
