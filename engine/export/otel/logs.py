# SPDX-License-Identifier: AGPL-3.0-or-later
"""The event log to an OpenTelemetry collector: each event a log record, with the id of the trace of its call."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.context import Context
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.trace import TraceFlags

from engine.export.log_events import Level, LogEvent
from engine.export.log_output import LogContext, LogOutput
from engine.export.otel.delivered import Delivered
from engine.export.otel.delivery import Delivery
from engine.export.otel.identity import SCOPE, identity_of
from engine.export.otel.settings import Signal, target_of
from engine.messages import QueueCounts

MOST_AT_ONCE: Final = 1000
EVENT_BYTES: Final = 1000
"""What an event takes while it waits, beside its message."""
_SEVERITIES: Final = {Level.INFO: SeverityNumber.INFO, Level.WARN: SeverityNumber.WARN, Level.ERROR: SeverityNumber.ERROR}
_SAMPLED: Final = TraceFlags(TraceFlags.SAMPLED)
_NO_CONTEXT: Final = Context()
_MAIN: Final = "main"


class OtelLogs(Delivered, LogOutput):
    """The output."""

    name = "otel logs"

    def __init__(self, context: LogContext) -> None:
        self._identity = identity_of(context.surroundings.started)
        self._delivery: Delivery[LogEvent] = Delivery(
            Signal.LOGS,
            target_of(Signal.LOGS, context.config),
            context.surroundings.warn,
            self._records_of,
            most=context.config.log_buffer_size,
            at_once=MOST_AT_ONCE,
        )

    def take(self, event: LogEvent) -> None:
        """See `LogOutput`."""
        self._delivery.offer(event, EVENT_BYTES + len(event.message))

    @property
    def counts(self) -> QueueCounts:
        """See `LogOutput`."""
        return self._delivery.counts

    def _records_of(self, events: Sequence[LogEvent]) -> list[ReadableLogRecord]:
        now = time.time_ns()
        return [ReadableLogRecord(self._record_of(event, now), self._identity.resource, SCOPE) for event in events]

    def _record_of(self, event: LogEvent, now: int) -> LogRecord:
        attributes = event.attributes
        record = LogRecord(
            timestamp=event.unix_ns,
            observed_timestamp=now,
            context=_NO_CONTEXT,
            severity_text=event.level,
            severity_number=_SEVERITIES[event.level],
            body=event.message,
            attributes=attributes,
            event_name=event.kind,
        )
        number = attributes.get("call_num")
        if isinstance(number, int) and number:
            scenario, call_id = str(attributes.get("scenario", _MAIN)), str(attributes.get("call_id", ""))
            record.trace_id, record.span_id = self._identity.call(scenario, number, call_id)
            record.trace_flags = _SAMPLED
        return record
