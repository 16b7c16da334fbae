# SPDX-License-Identifier: AGPL-3.0-or-later
"""The figures of a run (`engine.export.figures`) as metrics of OpenTelemetry: what they are called there, and their points.

Names are `gossipper.` and the figure's, without its unit, which is a field of its own in UCUM (`s`, `By`, `1`, `{call}`). A
collector that turns them into Prometheus's names makes those that `-metrics` has. What a figure of kind `info` says stands in
the resource. Points are cumulative from the start of the run.
"""

from __future__ import annotations

from typing import Final

from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Buckets,
    ExponentialHistogram,
    ExponentialHistogramDataPoint,
    Gauge,
    Metric,
    MetricsData,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)
from opentelemetry.sdk.resources import Resource

from engine.export.figures import FIGURES, Figure, Kind, Told
from engine.export.otel.exponential import exponential_of
from engine.export.otel.identity import SCOPE
from engine.messages import Histogram

PREFIX: Final = "gossipper."
_PER_SECOND: Final = "_per_second"
_UNITS: Final = {"seconds": "s", "bytes": "By", "ratio": "1"}
_THINGS: Final = (
    "calls", "messages", "packets", "requests", "legs", "streams", "digits", "recordings", "checks", "warnings", "errors",
    "retransmissions", "users", "workers", "gaps",
)  # fmt: skip
"""Words in names that say what is counted."""
_CUMULATIVE: Final = AggregationTemporality.CUMULATIVE
_NOTHING: Final = Buckets(0, ())


def name_of(figure: Figure) -> str:
    """What a figure is called."""
    return PREFIX + figure.name.removesuffix(_PER_SECOND).removesuffix(f"_{figure.unit}" if figure.unit else "")


def unit_of(figure: Figure) -> str:
    """Its unit."""
    if figure.unit:
        return _UNITS[figure.unit]
    thing = next((f"{{{thing.removesuffix('s')}}}" for thing in _THINGS if thing in figure.name.split("_")), "1")
    return f"{thing}/s" if figure.name.endswith(_PER_SECOND) else thing


def metrics_of(told: Told, resource: Resource) -> MetricsData:
    """All that there is to be told at the time of a snapshot."""
    metrics = [metric for figure in FIGURES if (metric := _metric(figure, told)) is not None]
    return MetricsData([ResourceMetrics(resource, [ScopeMetrics(SCOPE, metrics, "")], "")])


def _metric(figure: Figure, told: Told) -> Metric | None:
    """None for what the run has nothing of, and for what is no figure."""
    samples = figure.samples(told) if figure.kind is not Kind.INFO else []
    if not samples:
        return None
    start = told.started.started_unix_ns
    now = start + told.snapshot.elapsed_ns
    data: Gauge | Sum | ExponentialHistogram
    if figure.kind is Kind.HISTOGRAM:
        points = [
            _histogram(dict(zip(figure.labels, labels, strict=True)), value, figure.scale, start, now)
            for labels, value in samples
            if isinstance(value, Histogram)
        ]
        data = ExponentialHistogram(points, _CUMULATIVE)
    else:
        numbers = [
            NumberDataPoint(dict(zip(figure.labels, labels, strict=True)), start, now, value)
            for labels, value in samples
            if not isinstance(value, Histogram)
        ]
        data = Sum(numbers, _CUMULATIVE, is_monotonic=True) if figure.kind is Kind.COUNTER else Gauge(numbers)
    return Metric(name_of(figure), figure.help, unit_of(figure), data)


def _histogram(
    attributes: dict[str, str], histogram: Histogram, scale: int, start: int, now: int
) -> ExponentialHistogramDataPoint:
    buckets = exponential_of(histogram, scale)
    return ExponentialHistogramDataPoint(
        attributes=attributes,
        start_time_unix_nano=start,
        time_unix_nano=now,
        count=histogram.count,
        sum=histogram.sum_ns / scale,
        scale=buckets.scale,
        zero_count=buckets.zeros,
        positive=Buckets(buckets.offset, buckets.counts),
        negative=_NOTHING,
        flags=0,
        min=histogram.min_ns / scale,
        max=histogram.max_ns / scale,
    )
