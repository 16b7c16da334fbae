# SPDX-License-Identifier: AGPL-3.0-or-later
"""An event of the event log as one line of JSON, whole by itself: what is the same for all of a run stands in each."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from engine.export.log_events import Attributes, LogEvent
from engine.report.times import rfc3339_time


class _Line(msgspec.Struct, frozen=True, gc=False):
    time: str
    level: str
    kind: str
    msg: str
    attributes: Attributes
    resource: msgspec.Raw


class LineMaker:
    """Makes the lines of one run. Times are UTC, to the microsecond (RFC 3339)."""

    def __init__(self, resource: Mapping[str, str]) -> None:
        self._encoder = msgspec.json.Encoder()
        self._resource = msgspec.Raw(msgspec.json.encode(resource))
        self._event: LogEvent | None = None
        self._line = b""

    def line(self, event: LogEvent) -> bytes:
        """The event, with the end of the line. Outputs that want the same one after the other share it."""
        if event is not self._event:
            told = rfc3339_time(event.unix_ns)
            line = _Line(told, event.level, event.kind, event.message, event.attributes, self._resource)
            self._event, self._line = event, self._encoder.encode(line) + b"\n"
        return self._line
