# SPDX-License-Identifier: AGPL-3.0-or-later
"""Where the event log goes: the table of its outputs. All take the same events, which are made once; each has its own queue.

To add one: a module with a `LogOutput`, a function here that imports it, and its line in `OUTPUTS`. What is listed is imported
only where it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.export.otel.settings import Signal, signals_of
from engine.options import RunConfig

if TYPE_CHECKING:
    from engine.export.log_output import LogContext, LogOutput


@dataclass(frozen=True, slots=True)
class LogOutputKind:
    """When an output is asked for, and what makes it."""

    asked_for: Callable[[RunConfig], bool]
    make: Callable[[LogContext], LogOutput]


def _to_stderr(context: LogContext) -> LogOutput:
    from engine.export.line_outputs import StderrLines

    return StderrLines(context)


def _to_file(context: LogContext) -> LogOutput:
    from engine.export.line_outputs import FileLines

    return FileLines(context)


def _to_otel(context: LogContext) -> LogOutput:
    from engine.export.otel.logs import OtelLogs

    return OtelLogs(context)


OUTPUTS: tuple[LogOutputKind, ...] = (
    LogOutputKind(lambda config: config.log_to_stderr, _to_stderr),
    LogOutputKind(lambda config: bool(config.log_json_file), _to_file),
    LogOutputKind(lambda config: Signal.LOGS in signals_of(config), _to_otel),
)


def outputs_of(config: RunConfig) -> tuple[LogOutputKind, ...]:
    """Those that a configuration asks for."""
    return tuple(kind for kind in OUTPUTS if kind.asked_for(config))
