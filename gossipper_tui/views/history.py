# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is known of each run from its events alone: the model behind the Live screen.

Events come from a running engine or from a recorded file, it makes no difference. Memory is bounded: the last
snapshot, a series of points, the last lines of the log.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from engine.messages import AnyEvent, Logged, RunFinished, RunStarted, Snapshot, Summary, Warning
from gossipper_tui.views.series import Series

MOST_LOG_LINES = 1000


@dataclass(frozen=True, slots=True)
class LogEntry:
    """A line of the log: when, what, and whether it warns."""

    elapsed_ns: int
    text: str
    warning: bool


@dataclass(slots=True)
class RunHistory:
    """One run. `summary` is there when it has finished."""

    started: RunStarted
    snapshot: Snapshot | None = None
    series: Series = field(default_factory=Series)
    summary: Summary | None = None
    log: deque[LogEntry] = field(default_factory=lambda: deque(maxlen=MOST_LOG_LINES))

    @property
    def name(self) -> str:
        """What the run is called on its tab: the scenario's file name without folder and ending."""
        return self.started.scenario.source.rsplit("/", 1)[-1].removesuffix(".xml")

    @property
    def live(self) -> bool:
        """Whether it still goes on."""
        return self.summary is None

    @property
    def has_media(self) -> bool:
        """Whether its scenario has media."""
        return self.snapshot is not None and self.snapshot.media is not None

    def apply(self, event: AnyEvent) -> None:
        """Take in one event of this run."""
        if isinstance(event, Snapshot):
            self.snapshot = event
            self.series.add(event)
        elif isinstance(event, Warning):
            text = event.text if event.count == 1 else f"{event.text} (×{event.count})"
            self.log.append(LogEntry(event.elapsed_ns, text, warning=True))
        elif isinstance(event, Logged):
            self.log.append(LogEntry(event.elapsed_ns, event.text, warning=False))
        elif isinstance(event, RunFinished):
            self.summary = event.summary


@dataclass(slots=True)
class RunHistories:
    """All runs that were seen, in the order of their start, and how the one ended that finished last."""

    runs: dict[str, RunHistory] = field(default_factory=dict)
    last_finished: Summary | None = None

    def apply(self, event: AnyEvent) -> None:
        """Take in one event; one of a run whose start was not seen has nothing to be drawn on and is dropped."""
        if isinstance(event, RunStarted):
            self.runs[event.run] = RunHistory(event)
        elif event.run in self.runs:
            self.runs[event.run].apply(event)
            self.last_finished = self.runs[event.run].summary or self.last_finished
