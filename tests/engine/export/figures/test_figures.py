# SPDX-License-Identifier: AGPL-3.0-or-later
"""Everything that a run counts and measures is a figure, under a name of its own, and their number is bounded."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest

from engine.export.figures import FIGURES, Kind, Told
from engine.export.figures.figure import MOST_OF_A_KIND, MOST_TIMERS
from engine.messages import (
    Counters,
    Failure,
    Histogram,
    MediaCounters,
    MediaNumbers,
    QueueCounts,
    RunState,
    Snapshot,
    StepCounts,
    Verdict,
)
from engine.stats.samples import Samples
from tests.engine.report.examples import media, run_started, snapshot

NOT_TOLD = {"failed", "reasons"}
"""Counters that are not told: the failed calls are the sum of their classes, reasons are texts that nobody knows beforehand."""
MARK = 7_654_321
UNITS = {"seconds", "ratio", "bytes", ""}


def told(**fields: Any) -> Told:
    """A run of some calls, but for these fields of its snapshot."""
    some = snapshot(elapsed_s=2, successful=3, failed=1, still_open=2, response_ms=(5, 7))
    return Told(run_started(), msgspec.structs.replace(some, **{"media": media(), **fields}))


def all_samples(run: Told) -> dict[tuple[str, tuple[str, ...]], Any]:
    """Every figure's samples, by its name and labels."""
    found = {}
    for figure in FIGURES:
        for labels, value in figure.samples(run):
            assert (figure.name, labels) not in found
            assert len(labels) == len(figure.labels)
            assert isinstance(value, Histogram) == (figure.kind is Kind.HISTOGRAM)
            found[figure.name, labels] = value
    return found


def changed(run: Told) -> set[str]:
    """The names of the figures that are others than those of `told()`."""
    before, after = all_samples(told()), all_samples(run)
    return {name for name, labels in before.keys() | after.keys() if before.get((name, labels)) != after.get((name, labels))}


def marked(value: object) -> Any:
    """Another value of the same type."""
    if isinstance(value, dict):
        return dict.fromkeys({**value} or {"one": 0}, MARK)
    return MARK


@pytest.mark.parametrize("field", sorted(set(Counters.__struct_fields__) - NOT_TOLD))
def test_every_counter_is_told(field: str) -> None:
    counters = told().snapshot.counters
    changes = {field: marked(getattr(counters, field))}
    assert len(changed(told(counters=msgspec.structs.replace(counters, **changes)))) == 1


@pytest.mark.parametrize("field", sorted(NOT_TOLD))
def test_what_is_said_not_to_be_told_is_not(field: str) -> None:
    counters = told().snapshot.counters
    changes = {field: marked(getattr(counters, field))}
    assert changed(told(counters=msgspec.structs.replace(counters, **changes))) == set()


@pytest.mark.parametrize("field", StepCounts.__struct_fields__)
def test_every_count_of_a_step_is_told(field: str) -> None:
    first, *others = told().snapshot.steps
    assert changed(told(steps=(msgspec.structs.replace(first, **{field: MARK}), *others))) == {f"step_{field}"}


@pytest.mark.parametrize("field", MediaCounters.__struct_fields__)
def test_every_counter_of_media_is_told(field: str) -> None:
    numbers = media()
    counters = msgspec.structs.replace(numbers.counters, **{field: MARK})
    assert len(changed(told(media=msgspec.structs.replace(numbers, counters=counters)))) == 1


@pytest.mark.parametrize("field", [name for name in MediaNumbers.__struct_fields__ if name != "counters"])
def test_every_histogram_of_media_is_told(field: str) -> None:
    samples = Samples()
    samples.pending.append(MARK)
    assert len(changed(told(media=msgspec.structs.replace(media(), **{field: samples.take()})))) == 1


@pytest.mark.parametrize("field", ["response_times", "response_times_from_due", "call_length", "lateness"])
def test_every_histogram_is_told(field: str) -> None:
    samples = Samples()
    samples.pending.append(MARK)
    other = samples.take()
    assert len(changed(told(**{field: {"1": other} if field.startswith("response") else other}))) == 1


@pytest.mark.parametrize(
    ("field", "value", "name"),
    [
        ("elapsed_ns", MARK, "run_elapsed_seconds"),
        ("state", RunState.PAUSED, "run_state"),
        ("target_rate", 77.5, "target_calls_per_second"),
        ("users", 5, "target_users"),
        ("call_limit", 77, "calls_open_limit"),
        ("verdict", Verdict(reasons=("late",)), "trustworthy"),
    ],
)
def test_how_the_run_goes_is_told(field: str, value: object, name: str) -> None:
    assert changed(told(**{field: value})) == {name}


def test_queues_are_told() -> None:
    run = told(queues={"event log": QueueCounts(offered=9, written=5, dropped=4)})
    samples = all_samples(run)
    assert [samples[f"queue_{what}", ("event log",)] for what in ("offered", "written", "dropped")] == [9, 5, 4]


def test_failed_calls_are_the_sum_of_their_classes_which_are_all_there_from_the_beginning() -> None:
    values = {labels: value for (name, labels), value in all_samples(told()).items() if name == "calls_failed"}
    assert {label for (label,) in values} == set(Failure)
    assert sum(values.values()) == told().snapshot.counters.failed == 1


def test_a_run_without_media_has_no_figures_of_it() -> None:
    assert not any(name.startswith("media_") for name, _ in all_samples(told(media=None)))


def test_however_large_a_scenario_there_are_so_many_samples_only() -> None:
    many = 5000
    started = run_started()
    scenario = msgspec.structs.replace(started.scenario, steps=started.scenario.steps[:1] * many)
    run = told()
    full: Snapshot = msgspec.structs.replace(
        run.snapshot,
        steps=(StepCounts(),) * many,
        response_times={str(number): Histogram() for number in range(many)},
        response_times_from_due={str(number): Histogram() for number in range(many)},
        counters=msgspec.structs.replace(run.snapshot.counters, scenario=dict.fromkeys(map(str, range(many)), 1)),
        queues=dict.fromkeys(map(str, range(many)), QueueCounts()),
    )
    of_each: dict[str, int] = {}
    for name, _ in all_samples(Told(msgspec.structs.replace(started, scenario=scenario), full)):
        of_each[name] = of_each.get(name, 0) + 1
    assert of_each["response_time_seconds"] == of_each["response_time_from_due_seconds"] == MOST_TIMERS
    assert of_each["step_messages"] == of_each["scenario_counts"] == of_each["queue_dropped"] == MOST_OF_A_KIND
    assert max(of_each.values()) == MOST_OF_A_KIND


def test_names_units_and_texts_are_as_they_should_be() -> None:
    names = [figure.name for figure in FIGURES]
    assert len(set(names)) == len(names)
    for figure in FIGURES:
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", figure.name)
        assert figure.name.endswith(figure.unit)
        assert figure.unit in UNITS
        assert not figure.help[0].islower()
        assert figure.help.endswith(".")
        assert bool(figure.bounds) == (figure.kind is Kind.HISTOGRAM)
        assert figure.kind is not Kind.COUNTER or not figure.name.endswith("total")
