# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the engine tells: events. Everything that a screen shows comes from these, so a recorded file replays a run."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from engine.messages.counts import Counters, StepCounts
from engine.messages.distributions import Percentiles
from engine.messages.following import FollowedCall, QueueCounts
from engine.messages.histogram import Histogram
from engine.messages.media import MediaNumbers, MediaSummary
from engine.messages.scenario import Problem, ScenarioDescription
from engine.options import RunConfig


class RunState(StrEnum):
    """Where a run stands. `finishing`: no new calls, the open ones go on."""

    RUNNING = "running"
    PAUSED = "paused"
    FINISHING = "finishing"
    FINISHED = "finished"


class Outcome(StrEnum):
    """How a run ended; SIPp's exit codes say the same (`EXIT_CODES`)."""

    PASSED = "passed"
    FAILED = "failed"
    STOPPED = "stopped"
    CHECK_FAILED = "RTP check failed"
    NO_CALLS = "no calls"
    ERROR = "error"


EXIT_CODES = {
    Outcome.PASSED: 0,
    Outcome.FAILED: 1,
    Outcome.STOPPED: 97,
    Outcome.NO_CALLS: 99,
    Outcome.CHECK_FAILED: 253,
    Outcome.ERROR: 255,
}


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the numbers can be believed: `trustworthy`, or generator-limited for these reasons."""

    reasons: tuple[str, ...] = ()

    @property
    def trustworthy(self) -> bool:
        """True when nothing speaks against the numbers."""
        return not self.reasons

    def __str__(self) -> str:
        return "trustworthy" if self.trustworthy else "generator-limited: " + "; ".join(self.reasons)


class TlsState(msgspec.Struct, frozen=True, kw_only=True):
    """What TLS gives a run. `verified`: whether the certificates of its peers are checked; null where a server asks for none.

    `version` and `cipher` are what the first connection agreed on, as OpenSSL names them; empty before there is one.
    """

    verified: bool | None
    version: str = ""
    cipher: str = ""


class Event(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The base of all events. `run` names the run that it belongs to."""

    run: str


class RunStarted(Event, frozen=True, kw_only=True, tag=True):
    """A run is about to start its first call. `started_unix_ns` is wall time. `local` is `address:port` as bound."""

    config: RunConfig
    scenario: ScenarioDescription
    started_unix_ns: int
    pid: int
    local: str
    workers: int


class Snapshot(Event, frozen=True, kw_only=True, tag=True):
    """Everything since the start: a lost snapshot loses nothing.

    `elapsed_ns` counts from the run's start on the monotonic clock; `sequence` rises by one. `target_rate` is in calls
    a second; with `users`, it is 0. `response_times` has a histogram for each timer from the actual send,
    `response_times_from_due` the same from when the call was due, `lateness` how late calls started. `tls` is null where the
    transport is without TLS, `media` where the scenario has none. `queues` are those of what is written down or sent on beside
    the calls, by name: what found no room in them was dropped.
    """

    sequence: int
    elapsed_ns: int
    state: RunState
    target_rate: float
    users: int | None
    call_limit: int
    counters: Counters
    steps: tuple[StepCounts, ...]
    response_times: dict[str, Histogram]
    response_times_from_due: dict[str, Histogram]
    call_length: Histogram
    lateness: Histogram
    verdict: Verdict
    tls: TlsState | None = None
    media: MediaNumbers | None = None
    queues: dict[str, QueueCounts] = {}


class Warning(Event, frozen=True, kw_only=True, tag=True):
    """Something that a person should know and that does not end the run; `count` folds repetitions."""

    elapsed_ns: int
    text: str
    count: int = 1


class Logged(Event, frozen=True, kw_only=True, tag=True):
    """What a `<log>` action of the scenario wrote."""

    elapsed_ns: int
    text: str


class CallTrace(Event, frozen=True, kw_only=True, tag=True):
    """A call that was followed, told when it is over, or when the run is."""

    elapsed_ns: int
    call: FollowedCall


class StepSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One step in a summary: what it is and what it counted."""

    kind: str
    label: str
    counts: StepCounts


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """A finished run; the JSON of `-summary_json`, whose schema is `docs/summary.schema.json`.

    `version` rises when a field changes its meaning or goes; new fields may come without. `call_rate` is what was
    reached over the whole run, in calls a second.
    """

    version: int = 1
    generator: str
    run: str
    scenario: str
    title: str
    role: str
    remote: str
    transport: str
    workers: int
    started_at: str
    elapsed_s: float
    outcome: Outcome
    exit_code: int
    error: str = ""
    verdict: Verdict
    trustworthy: bool
    tls: TlsState | None = None
    target_rate: float
    call_rate: float
    counters: Counters
    steps: tuple[StepSummary, ...]
    response_times: dict[str, Percentiles]
    response_times_from_due: dict[str, Percentiles]
    call_length: Percentiles
    lateness: Percentiles
    media: MediaSummary | None = None
    queues: dict[str, QueueCounts] = {}


class RunFinished(Event, frozen=True, kw_only=True, tag=True):
    """The run has ended and all its children with it. `summary.error` is one line when it ended by an error."""

    summary: Summary


AnyEvent = RunStarted | Snapshot | Warning | Logged | CallTrace | RunFinished

__all__ = [
    "EXIT_CODES",
    "AnyEvent",
    "CallTrace",
    "Event",
    "Logged",
    "Outcome",
    "Problem",
    "RunFinished",
    "RunStarted",
    "RunState",
    "Snapshot",
    "StepSummary",
    "Summary",
    "TlsState",
    "Verdict",
    "Warning",
]
