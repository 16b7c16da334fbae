# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a figure is: its name and what it says, and how it is read from what a run tells of itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

from engine.messages import Histogram, RunStarted, Snapshot

NS_PER_SECOND: Final = 1_000_000_000
MOST_OF_A_KIND: Final = 100
"""Steps, counters and queues of a run that are told apart: so many values a label may have, however large the scenario."""
MOST_TIMERS: Final = 20
"""The same of its response times, each of which is a histogram."""


class Kind(StrEnum):
    """What becomes of a figure with time."""

    COUNTER = "counter"
    """It only grows."""
    GAUGE = "gauge"
    HISTOGRAM = "histogram"
    INFO = "info"
    """Always 1: its labels say it."""


@dataclass(frozen=True, slots=True)
class Told:
    """What figures are read from."""

    started: RunStarted
    snapshot: Snapshot


Labels: TypeAlias = "tuple[str, ...]"
Value: TypeAlias = "int | float | Histogram"
Sample: TypeAlias = "tuple[Labels, Value]"
"""The values of a figure's labels, and what it is for these."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure. `name` is in words that an underscore joins, and ends in the unit where it has one.

    `read` gives a sample for each set of values that the labels have; none where the run has nothing of it. `scale`: so many of
    what is held are one of what is told. `bounds` are those of a histogram, in what is told, ascending.
    """

    name: str
    kind: Kind
    help: str
    read: Callable[[Told], Iterable[Sample]]
    labels: Labels = ()
    unit: str = ""
    scale: int = 1
    bounds: tuple[float, ...] = ()

    def samples(self, told: Told) -> list[Sample]:
        """What this run has of it; but for histograms in the unit of the figure."""
        return [
            (labels, value if isinstance(value, Histogram) or self.scale == 1 else value / self.scale)
            for labels, value in self.read(told)
        ]


def alone(value: Callable[[Told], Value | None]) -> Callable[[Told], Iterable[Sample]]:
    """Reads one value without labels; none where it is None."""

    def read(told: Told) -> Iterable[Sample]:
        found = value(told)
        return [] if found is None else [((), found)]

    return read


def one_each(values: Callable[[Told], Mapping[str, int] | Mapping[str, Histogram]]) -> Callable[[Told], Iterable[Sample]]:
    """Reads a value for each of what a mapping names."""
    return lambda told: [((name,), value) for name, value in values(told).items()]
