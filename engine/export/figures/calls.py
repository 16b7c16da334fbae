# SPDX-License-Identifier: AGPL-3.0-or-later
"""Figures of calls, of the messages that they exchange, and of the steps of their scenario.

Reasons of failures in words, which may be a hundred texts that nobody knows beforehand, are not told; their classes are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from operator import attrgetter
from typing import Final

from engine.export.figures.bounds import LONG_SECONDS, SECONDS
from engine.export.figures.figure import (
    MOST_OF_A_KIND,
    MOST_TIMERS,
    NS_PER_SECOND,
    Figure,
    Kind,
    Sample,
    Told,
    alone,
    one_each,
)
from engine.messages import Failure, Histogram, Snapshot

_COUNTED: Final[Mapping[str, tuple[str, str]]] = {
    "successful": ("calls_successful", "Calls that ended as the scenario has it."),
    "lost_with_shard": ("calls_lost", "Calls that ended unseen, with a worker that died."),
    "late_starts": ("calls_late", "Calls that started more than 10 ms after they were due."),
    "held_back": ("calls_held_back", "Starts that passed by because as many calls were open as may be (-l)."),
    "without_socket": ("calls_without_socket", "Calls that got no socket, and connections that waited for one."),
    "retransmissions": ("retransmissions", "Messages that were sent again."),
    "out_of_call": ("messages_out_of_call", "Messages that came and belong to no call."),
    "dead_call": ("messages_for_ended_calls", "Messages that came for calls that are over."),
    "auto_answered": ("requests_auto_answered", "Requests that were answered beside the scenario."),
    "garbage": ("messages_unreadable", "What came and is not SIP."),
    "lost_on_purpose": ("messages_lost_on_purpose", "Messages that -lost or lost= took."),
    "kernel_drops": ("kernel_drops", "Datagrams that the kernel threw away, unread or unsent."),
    "trace_drops": ("trace_drops", "Messages that a message log left out."),
}
"""The fields of `Counters` that are counters without labels: their names and their help."""

_STEPS: Final[Mapping[str, str]] = {
    "messages": "Messages that a step sent or took; of a pause, the calls that came to it.",
    "retransmissions": "Messages that were sent again, or came again, at a step.",
    "timeouts": "Times that a step waited in vain.",
    "unexpected": "Messages that came at a step and were not to come.",
    "lost": "Messages of a step that were lost on purpose.",
}
"""The fields of `StepCounts` that only grow, and their help."""


def _calls(told: Told) -> Iterable[Sample]:
    counters = told.snapshot.counters
    return [(("incoming",), counters.incoming), (("outgoing",), counters.outgoing)]


def _failures(told: Told) -> Iterable[Sample]:
    """Every class from the beginning: what appears with its first failure has no increase."""
    counted = told.snapshot.counters.failures
    return [((failure,), counted.get(failure, 0)) for failure in Failure]


def _steps(field: str) -> Callable[[Told], Iterable[Sample]]:
    count = attrgetter(field)

    def read(told: Told) -> Iterable[Sample]:
        steps = zip(told.started.scenario.steps, told.snapshot.steps, strict=True)
        return [
            ((str(index), step.kind, step.label), count(counts))
            for index, (step, counts) in enumerate(islice(steps, MOST_OF_A_KIND))
        ]

    return read


def _times(of: Callable[[Snapshot], Mapping[str, Histogram]]) -> Callable[[Told], Iterable[Sample]]:
    return one_each(lambda told: dict(islice(of(told.snapshot).items(), MOST_TIMERS)))


def _durations(
    name: str,
    what: str,
    read: Callable[[Told], Iterable[Sample]],
    labels: tuple[str, ...] = (),
    bounds: tuple[float, ...] = SECONDS,
) -> Figure:
    return Figure(f"{name}_seconds", Kind.HISTOGRAM, what, read, labels, "seconds", NS_PER_SECOND, bounds)


def _counted(field: str, name: str, what: str) -> Figure:
    count = attrgetter(field)
    return Figure(name, Kind.COUNTER, what, alone(lambda told: count(told.snapshot.counters)))


CALLS: Final = (
    Figure("calls", Kind.COUNTER, "Calls that began, by who called.", _calls, ("direction",)),
    Figure("calls_open", Kind.GAUGE, "Calls that are open.", alone(lambda told: told.snapshot.counters.open)),
    Figure(
        "calls_open_peak",
        Kind.GAUGE,
        "The most calls that were open together; of several workers the sum of their peaks.",
        alone(lambda told: told.snapshot.counters.peak_open),
    ),
    Figure(
        "calls_open_limit",
        Kind.GAUGE,
        "How many may be open (-l); 0 of a server, which takes all that come.",
        alone(lambda told: told.snapshot.call_limit),
    ),
    Figure("calls_failed", Kind.COUNTER, "Calls that failed, by SIPp's classes and those of media.", _failures, ("class",)),
    *(_counted(field, *names) for field, names in _COUNTED.items()),
    Figure(
        "scenario_counts",
        Kind.COUNTER,
        "The counters that the scenario names (counter=).",
        one_each(lambda told: dict(islice(told.snapshot.counters.scenario.items(), MOST_OF_A_KIND))),
        ("counter",),
    ),
    *(Figure(f"step_{field}", Kind.COUNTER, what, _steps(field), ("step", "kind", "label")) for field, what in _STEPS.items()),
    Figure("step_open", Kind.GAUGE, "Calls that are in a pause now.", _steps("open"), ("step", "kind", "label")),
    _durations(
        "response_time", "Response times from the actual send, by timer.", _times(lambda told: told.response_times), ("timer",)
    ),
    _durations(
        "response_time_from_due",
        "Response times from when the call was due, so that a late generator hides nothing, by timer.",
        _times(lambda told: told.response_times_from_due),
        ("timer",),
    ),
    _durations("call_length", "How long calls were.", alone(lambda told: told.snapshot.call_length), bounds=LONG_SECONDS),
    _durations("call_lateness", "How late calls started.", alone(lambda told: told.snapshot.lateness)),
)
