# SPDX-License-Identifier: AGPL-3.0-or-later
"""The figures of a run as metrics: names, units, kinds and values."""

from __future__ import annotations

import re
from typing import Any

import msgspec
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality
from opentelemetry.sdk.resources import Resource

from engine.export.figures import FIGURES, Kind, Told
from engine.export.otel.points import metrics_of, name_of, unit_of
from engine.messages import Snapshot
from tests.engine.report.examples import SECOND, STARTED_UNIX_NS, media, run_started, snapshot
from tests.otlp import Collector, points, value

NOW = snapshot(elapsed_s=7, successful=3, failed=2, still_open=1, response_ms=(10, 20, 30))


def metrics(now: Snapshot = NOW) -> dict[str, Any]:
    """As they are on the wire."""
    collector = Collector()
    collector.requests["metrics"] = [encode_metrics(metrics_of(Told(run_started(), now), Resource({})))]
    return collector.metrics()


def test_names_are_dotted_below_ours_and_units_stand_apart() -> None:
    for figure in FIGURES:
        assert re.fullmatch(r"gossipper\.[a-z][a-z0-9_]*", name_of(figure))
        assert not re.search(r"_(seconds|bytes|ratio|total|per_second)$", name_of(figure))
        assert re.fullmatch(r"s|By|1|\{[a-z]+\}(/s)?", unit_of(figure))
    names = [name_of(figure) for figure in FIGURES]
    assert len(set(names)) == len(names)


def test_calls_are_counted() -> None:
    told = metrics()
    calls = told["gossipper.calls"]
    assert calls.unit == "{call}"
    assert calls.sum.is_monotonic
    assert calls.sum.aggregation_temporality == AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
    assert (value(calls, "outgoing"), value(calls, "incoming")) == (6, 0)
    assert value(told["gossipper.calls_failed"], "FailedUnexpectedMessage") == 2
    assert value(told["gossipper.calls_open"]) == 1
    assert told["gossipper.calls_open"].WhichOneof("data") == "gauge"
    [point] = told["gossipper.calls_successful"].sum.data_points
    assert (point.start_time_unix_nano, point.time_unix_nano) == (STARTED_UNIX_NS, STARTED_UNIX_NS + 7 * SECOND)


def test_times_are_histograms_of_seconds_with_exact_sums_and_extremes() -> None:
    times = metrics()["gossipper.response_time"]
    assert times.unit == "s"
    assert times.exponential_histogram.aggregation_temporality == AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
    point = points(times)["1",]
    assert (point.count, point.sum, point.min, point.max) == (3, 0.06, 0.01, 0.03)
    assert sum(point.positive.bucket_counts) + point.zero_count == 3


def test_a_rate_is_told_by_the_second() -> None:
    rate = metrics()["gossipper.target_calls"]
    assert (rate.unit, value(rate)) == ("{call}/s", 5)


def test_what_a_run_has_nothing_of_is_not_there() -> None:
    assert not any(name.startswith("gossipper.media") for name in metrics())
    told = metrics(msgspec.structs.replace(NOW, media=media()))
    assert value(told["gossipper.media_packets_sent"]) == 2000
    assert told["gossipper.media_loss"].unit == "1"
    [loss] = told["gossipper.media_loss"].exponential_histogram.data_points
    assert (loss.count, loss.max) == (2, 0.01)


def test_what_only_says_who_it_is_is_no_metric() -> None:
    info = {name_of(figure) for figure in FIGURES if figure.kind is Kind.INFO}
    assert info
    assert not info & set(metrics())
