# SPDX-License-Identifier: AGPL-3.0-or-later
"""Figures of the run as a whole: what it is, where it stands, whether its numbers can be believed, what its queues dropped."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from operator import attrgetter
from typing import Final

from engine.export.figures.figure import MOST_OF_A_KIND, NS_PER_SECOND, Figure, Kind, Sample, Told, alone
from engine.messages import QueueCounts, RunState
from engine.version import __version__, built_as


def _build(told: Told) -> Iterable[Sample]:
    return [((__version__, built_as()), 1)]


def _run(told: Told) -> Iterable[Sample]:
    config, scenario = told.started.config, told.started.scenario
    return [((told.started.run, scenario.source, scenario.role, config.transport, config.remote), 1)]


def _states(told: Told) -> Iterable[Sample]:
    return [((state,), int(state is told.snapshot.state)) for state in RunState]


def _queues(figure: str, what: str) -> Figure:
    """A count of each of the queues."""
    count = attrgetter(figure)

    def read(told: Told) -> Iterable[Sample]:
        queues: Iterable[tuple[str, QueueCounts]] = islice(told.snapshot.queues.items(), MOST_OF_A_KIND)
        return [((name,), count(counts)) for name, counts in queues]

    return Figure(f"queue_{figure}", Kind.COUNTER, what, read, ("queue",))


RUN: Final = (
    Figure("build", Kind.INFO, "The program: its version, and whether its hot path is compiled.", _build, ("version", "form")),
    Figure(
        "run",
        Kind.INFO,
        "The run: its name, its scenario, the side that this plays, -t and the remote host.",
        _run,
        ("run", "scenario", "role", "transport", "remote"),
    ),
    Figure(
        "run_start_time_seconds",
        Kind.GAUGE,
        "When the run started, in seconds since 1970.",
        alone(lambda told: told.started.started_unix_ns),
        unit="seconds",
        scale=NS_PER_SECOND,
    ),
    Figure(
        "run_elapsed_seconds",
        Kind.GAUGE,
        "Time from the start of the run to these figures.",
        alone(lambda told: told.snapshot.elapsed_ns),
        unit="seconds",
        scale=NS_PER_SECOND,
    ),
    Figure("run_state", Kind.GAUGE, "1 for the state that the run is in, 0 for the others.", _states, ("state",)),
    Figure(
        "trustworthy",
        Kind.GAUGE,
        "The verdict: 1 while nothing speaks against these figures, 0 when the generator was the limit.",
        alone(lambda told: int(told.snapshot.verdict.trustworthy)),
    ),
    Figure("workers", Kind.GAUGE, "Processes that run calls.", alone(lambda told: told.started.workers)),
    Figure(
        "cpu_seconds",
        Kind.COUNTER,
        "CPU time of the workers.",
        alone(lambda told: told.snapshot.counters.cpu_ns),
        unit="seconds",
        scale=NS_PER_SECOND,
    ),
    Figure(
        "target_calls_per_second",
        Kind.GAUGE,
        "The rate of new calls that is aimed at; 0 with -users.",
        alone(lambda told: told.snapshot.target_rate),
    ),
    Figure("target_users", Kind.GAUGE, "The users that are aimed at (-users).", alone(lambda told: told.snapshot.users)),
    Figure("warnings", Kind.COUNTER, "Warnings to people.", alone(lambda told: told.snapshot.counters.warnings)),
    Figure(
        "fatal_errors",
        Kind.COUNTER,
        "What should not happen: internal errors, each of which costs a call, and errors that end the run.",
        alone(lambda told: told.snapshot.counters.fatal_errors),
    ),
    _queues("offered", "What was to be written down or sent on beside the calls, by queue."),
    _queues("written", "What of that is where it belongs, by queue."),
    _queues("dropped", "What of that found no room or could not be written, by queue."),
)
