# SPDX-License-Identifier: AGPL-3.0-or-later
"""What an output of the event log is, and what it may know of its run."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

from engine.export.json_lines import LineMaker
from engine.export.log_events import LogEvent
from engine.export.sink import Surroundings, Writer
from engine.messages import QueueCounts
from engine.options import RunConfig


class LogOutput(Writer):
    """One output, for one run. It has one queue."""

    @abstractmethod
    def take(self, event: LogEvent) -> None:
        """Take an event, or drop and count it. Never waits."""

    @property
    @abstractmethod
    def counts(self) -> QueueCounts:
        """What became of what was taken so far."""


@dataclass(frozen=True, slots=True)
class LogContext:
    """What an output may know: the run, what is the same for all events (`service.name` …), and who makes lines of them."""

    surroundings: Surroundings
    resource: Mapping[str, str]
    lines: LineMaker

    @property
    def config(self) -> RunConfig:
        """That of the run."""
        return self.surroundings.started.config
