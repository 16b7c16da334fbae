# SPDX-License-Identifier: AGPL-3.0-or-later
"""The traces that are made of every message: which options ask for them, and how their files are written.

To add one: its options in `engine.options.config`, the end of its file's name in `engine.report.names`, a module with
its format function, and an entry in `MESSAGE_TRACES`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from engine.options import RunConfig
from engine.report.message_log import Record, format_messages
from engine.report.names import TraceFile, default_name

Format = Callable[[Iterable[Record], str, bool], bytes]
"""From records in their order, the transport's name (`UDP`) and `-rfc3339` to what is appended to the file."""


@dataclass(frozen=True, slots=True)
class MessageTraceKind:
    """One trace. `enabled`, `file` and `overwrite` are names of options."""

    enabled: str
    file: str
    overwrite: str
    ending: TraceFile
    format: Format

    def path(self, config: RunConfig, scenario: str, pid: int) -> str:
        """The file of this trace in a run of `scenario`; "" when it is not asked for."""
        if not getattr(config, self.enabled):
            return ""
        return getattr(config, self.file) or default_name(self.ending, scenario, pid)


MESSAGE_TRACES = (MessageTraceKind("trace_messages", "message_file", "message_overwrite", TraceFile.MESSAGES, format_messages),)
"""Every trace that is made of every message."""
