# SPDX-License-Identifier: AGPL-3.0-or-later
"""The figures as Prometheus has them: families of metrics, and their two text formats.

Names begin with `gossipper_`; counters end in `_total`, units are seconds, bytes and ratios. A family that the run has nothing
of is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from prometheus_client import generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, InfoMetricFamily, Metric
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from engine.export.figures import FIGURES, Figure, Kind, Told
from engine.export.figures.bounds import counts_up_to
from engine.export.figures.figure import Sample
from engine.messages import Histogram

PREFIX: Final = "gossipper_"
LONGEST_LABEL: Final = 200
"""Characters of a label's value: a scenario may call a step by a whole text."""
_ENDINGS: Final[Mapping[Kind, tuple[str, ...]]] = {
    Kind.COUNTER: ("_total",),
    Kind.GAUGE: ("",),
    Kind.HISTOGRAM: ("_bucket", "_count", "_sum"),
    Kind.INFO: ("_info",),
}


@dataclass(frozen=True, slots=True)
class Format:
    """A format, and what it is called in HTTP."""

    content_type: str
    write: Callable[[Collector], bytes]


TEXT: Final = Format("text/plain; version=0.0.4; charset=utf-8", generate_latest)
OPENMETRICS: Final = Format(CONTENT_TYPE_LATEST, generate_openmetrics)
_OPENMETRICS_TYPE: Final = "application/openmetrics-text"
_TEXT_TYPES: Final = ("text/plain", "text/*", "*/*")


def format_for(accept: str) -> Format:
    """What somebody with this `Accept` is served: OpenMetrics where he names it and prefers no text, else text."""
    wanted = dict(map(_preference, accept.split(",")))
    openly = wanted.get(_OPENMETRICS_TYPE, 0.0)
    return OPENMETRICS if openly > 0 and all(openly >= wanted.get(kind, 0.0) for kind in _TEXT_TYPES) else TEXT


def _preference(text: str) -> tuple[str, float]:
    """A media range and its quality (RFC 9110 section 12.4.2)."""
    kind, *parameters = (part.strip().lower() for part in text.split(";"))
    quality = next((part[2:] for part in parameters if part.startswith("q=")), "1")
    try:
        return kind, float(quality)
    except ValueError:
        return kind, 0.0


def sample_names(figure: Figure) -> tuple[str, ...]:
    """The names under which a figure is served."""
    return tuple(PREFIX + figure.name + ending for ending in _ENDINGS[figure.kind])


class Families(Collector):
    """The metrics of what a run has told."""

    def __init__(self, told: Told) -> None:
        self._told = told

    def collect(self) -> Iterator[Metric]:
        """All families that have samples."""
        for figure in FIGURES:
            if samples := figure.samples(self._told):
                yield _FAMILIES[figure.kind](figure, samples)


def exposed(told: Told, form: Format) -> bytes:
    """What is served."""
    return form.write(Families(told))


def _counter(figure: Figure, samples: Sequence[Sample]) -> Metric:
    family = CounterMetricFamily(PREFIX + figure.name, figure.help, labels=figure.labels, unit=figure.unit)
    for labels, value in samples:
        family.add_metric(_values(labels), _number(value))
    return family


def _gauge(figure: Figure, samples: Sequence[Sample]) -> Metric:
    family = GaugeMetricFamily(PREFIX + figure.name, figure.help, labels=figure.labels, unit=figure.unit)
    for labels, value in samples:
        family.add_metric(_values(labels), _number(value))
    return family


def _info(figure: Figure, samples: Sequence[Sample]) -> Metric:
    family = InfoMetricFamily(PREFIX + figure.name, figure.help)
    for labels, _ in samples:
        family.add_metric([], dict(zip(figure.labels, _values(labels), strict=True)))
    return family


def _histogram(figure: Figure, samples: Sequence[Sample]) -> Metric:
    family = HistogramMetricFamily(PREFIX + figure.name, figure.help, labels=figure.labels, unit=figure.unit)
    limits = [*map(floatToGoString, figure.bounds), "+Inf"]
    for labels, value in samples:
        if isinstance(value, Histogram):
            counts = counts_up_to(value, figure.bounds, figure.scale)
            family.add_metric(_values(labels), list(zip(limits, counts, strict=True)), value.sum_ns / figure.scale)
    return family


_FAMILIES: Final[Mapping[Kind, Callable[[Figure, Sequence[Sample]], Metric]]] = {
    Kind.COUNTER: _counter,
    Kind.GAUGE: _gauge,
    Kind.HISTOGRAM: _histogram,
    Kind.INFO: _info,
}


def _number(value: float | Histogram) -> float:
    return value if isinstance(value, (int, float)) else value.count


def _values(labels: Sequence[str]) -> list[str]:
    """Values of labels as they can be written: of what is no text (a file's name may be any bytes) the rest."""
    return [label[:LONGEST_LABEL].encode("utf-8", "replace").decode("utf-8") for label in labels]
