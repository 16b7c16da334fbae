# SPDX-License-Identifier: AGPL-3.0-or-later
"""Figures at a collector, over both protocols: when they are sent, and that the last are those of the end."""

from __future__ import annotations

import pytest

from engine.export.otel import metrics
from engine.export.otel.metrics import OtelMetrics
from engine.messages import RunState
from tests.engine.export.otel.running import PROTOCOLS, at_work, collector_of, counts_of, surroundings, until
from tests.engine.report.examples import snapshot
from tests.otlp import Says, value


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_they_are_sent_every_five_seconds_and_at_the_end(protocol: str) -> None:
    with collector_of(protocol) as collector:
        async with at_work(OtelMetrics(surroundings(collector.endpoint, protocol, []))) as sink:
            for quarter in range(53):
                sink.take(snapshot(elapsed_s=quarter / 4, successful=quarter))
            sink.take(snapshot(elapsed_s=13.1, successful=60, state=RunState.FINISHED))
    assert sink.counts == {"otel metrics": counts_of(3, 3)}
    told = [value(collector.metrics(index)["gossipper.calls_successful"]) for index in range(3)]
    assert told == [20, 40, 60]
    assert {resource["service.instance.id"] for resource in collector.resources("metrics")} != {""}


async def test_a_short_run_is_told_at_its_end() -> None:
    with collector_of("grpc") as collector:
        async with at_work(OtelMetrics(surroundings(collector.endpoint, "grpc", []))) as sink:
            sink.take(snapshot(elapsed_s=0.3, successful=1, state=RunState.FINISHED))
    assert value(collector.metrics()["gossipper.calls_successful"]) == 1


async def test_those_that_waited_follow_with_their_own_times() -> None:
    with collector_of("grpc") as collector:
        says = iter([Says("UNAVAILABLE")])
        collector.says = lambda signal: next(says, Says())
        async with at_work(OtelMetrics(surroundings(collector.endpoint, "grpc", []))) as sink:
            for second in (5, 10, 15):
                sink.take(snapshot(elapsed_s=second, successful=second))
            await until(lambda: len(collector.requests["metrics"]) == 3)
    times = [collector.metrics(index)["gossipper.workers"].gauge.data_points[0].time_unix_nano for index in range(3)]
    assert [time - times[0] for time in times] == [0, 5_000_000_000, 10_000_000_000]


async def test_points_that_are_rejected_are_a_loss() -> None:
    told: list[str] = []
    with collector_of("grpc") as collector:
        collector.says = lambda signal: Says(rejected=40, message="out of order")
        async with at_work(OtelMetrics(surroundings(collector.endpoint, "grpc", told))) as sink:
            sink.take(snapshot(elapsed_s=5, successful=1))
    assert sink.counts == {"otel metrics": counts_of(1, 0)}
    assert told == [f"OpenTelemetry at {collector.endpoint} does not take metrics, which are dropped: out of order"]


async def test_no_more_wait_than_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "MOST_WAITING", 2)
    with collector_of("grpc") as collector:
        collector.hangs.clear()
        async with at_work(OtelMetrics(surroundings(collector.endpoint, "grpc", []))) as sink:
            for second in (5, 10, 15, 20):
                sink.take(snapshot(elapsed_s=second))
            collector.hangs.set()
    assert sink.counts == {"otel metrics": counts_of(4, 2)}
