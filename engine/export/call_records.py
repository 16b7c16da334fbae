# SPDX-License-Identifier: AGPL-3.0-or-later
"""Call records (`-call_records`): a JSON object a line for each call that has ended. docs/observability.md has the fields.

Lines wait in a queue, and a thread makes and writes them. While writing fails they are dropped, and one warning says why.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Final

import msgspec
import trio

from engine.errors import ReportError
from engine.export.media_figures import Figures, figures_of
from engine.export.own_files import place_of
from engine.export.results import result_of
from engine.export.sink import Item, Sink, Surroundings
from engine.export.waiting import Waiting
from engine.messages import QueueCounts
from engine.messages.records import CallEnded
from engine.report.files import LogFile
from engine.report.times import rfc3339_time

SCHEMA: Final = "gossipper_call_record_v2"
"""What is in version 1, the namesake's in Go, has its name and its meaning here, but for the figures of media."""
MOST_WAITING: Final = 50_000
MOST_AT_ONCE: Final = 1000
_NS_PER_MS: Final = 1_000_000


class CallRecord(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A line. `result` is one word (`engine.export.results`), `failure_class` SIPp's name for it, "" where there is none."""

    schema: str = SCHEMA
    call_id: str
    call_number: int
    scenario: str
    direction: str
    success: bool
    result: str
    failure_class: str
    error: str
    status_code: int
    started_at: str
    ended_at: str
    duration_ms: float
    late_ms: float
    rtd_ms: dict[str, float]
    messages_sent: int
    messages_received: int
    retransmissions: int
    media: Figures | None


class CallRecords(Sink):
    """The sink."""

    name = "call records"
    wants = frozenset({CallEnded})

    def __init__(self, surroundings: Surroundings) -> None:
        super().__init__(surroundings)
        self._path = surroundings.started.config.call_records
        self._waiting: Waiting[CallEnded] = Waiting(MOST_WAITING)
        self._encoder = msgspec.json.Encoder()
        self._file: LogFile | None = None
        self._is_writing = False
        self._has_warned = False

    @property
    def counts(self) -> dict[str, QueueCounts]:
        """What became of the calls."""
        return {self.name: self._waiting.counts}

    async def open(self) -> None:
        """Begin the file anew. Raises ReportError."""
        self._file = await trio.to_thread.run_sync(LogFile, place_of(self._path), abandon_on_cancel=True)

    def take(self, item: Item) -> None:
        """A call has ended."""
        if isinstance(item, CallEnded):
            self._waiting.offer(item, len(item.call_id) + len(item.reason))

    async def write(self) -> None:
        """Write what waits, a batch at a time."""
        while calls := await self._waiting.take(MOST_AT_ONCE):
            try:
                await trio.to_thread.run_sync(self._write_calls, calls, abandon_on_cancel=True)
            except ReportError as error:
                self._waiting.dropped(len(calls))
                self._tell(error)
            else:
                self._waiting.written(len(calls))

    def close(self) -> None:
        """Nothing more comes."""
        self._waiting.close()

    def abandon(self) -> None:
        """What is not written is dropped. A file that a thread still writes to goes with the process."""
        self._waiting.abandon()
        if self._file is not None and not self._is_writing:
            with suppress(ReportError):
                self._file.close()

    def _write_calls(self, calls: Sequence[CallEnded]) -> None:
        """In a thread."""
        if self._file is None:
            return
        self._is_writing = True
        try:
            self._file.append(b"".join(self._encoder.encode(record_of(call)) + b"\n" for call in calls))
        finally:
            self._is_writing = False

    def _tell(self, error: ReportError) -> None:
        if not self._has_warned:
            self._has_warned = True
            self.surroundings.warn(f"{self.name}: {error}; what comes meanwhile is dropped")


def record_of(call: CallEnded) -> CallRecord:
    """What a line says of a call. Times are wall time in UTC, durations milliseconds."""
    return CallRecord(
        call_id=call.call_id.decode("utf-8", "replace"),
        call_number=call.call,
        scenario=call.scenario,
        direction="outgoing" if call.outgoing else "incoming",
        success=call.failure is None and not call.cut_off,
        result=result_of(call.failure, cut_off=call.cut_off),
        failure_class=call.failure or "",
        error=call.reason,
        status_code=call.status,
        started_at=rfc3339_time(call.unix_ns - call.duration_ns),
        ended_at=rfc3339_time(call.unix_ns),
        duration_ms=_ms(call.duration_ns),
        late_ms=_ms(call.late_ns),
        rtd_ms={name: _ms(elapsed_ns) for name, elapsed_ns in call.response_times.items()},
        messages_sent=call.sent,
        messages_received=call.received,
        retransmissions=call.retransmissions,
        media=figures_of(call.media) if call.media else None,
    )


def _ms(duration_ns: int) -> float:
    """Milliseconds, to the microsecond."""
    return round(duration_ns / _NS_PER_MS, 3)
