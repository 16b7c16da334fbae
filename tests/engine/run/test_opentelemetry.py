# SPDX-License-Identifier: AGPL-3.0-or-later
"""A run and an OpenTelemetry collector: what it was told at the end is what the summary says, and a bad one costs no call."""

from __future__ import annotations

import socket
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Status

from engine.errors import GossipperError
from engine.messages import Outcome, Percentiles, QueueCounts, Summary
from tests.engine.export.conservation import conserved
from tests.engine.export.otel.running import PROTOCOLS, collector_of
from tests.engine.run.runs import call, engine_with_server, serve
from tests.engine.run.test_following import FUSSY
from tests.otlp import Collector, Says, points, value

QUEUES = ("otel logs", "otel metrics", "otel traces")


def asked(collector: Collector, protocol: str) -> dict[str, Any]:
    return {"log_otel_endpoint": collector.endpoint, "log_otel_protocol": protocol, "log_otel_insecure": True}


def same(point: Any, told: Percentiles) -> None:
    """A histogram of seconds, and what the summary says of it in milliseconds."""
    assert point.count == told.count == point.zero_count + sum(point.positive.bucket_counts)
    assert (point.min * 1000, point.max * 1000) == pytest.approx((told.min_ms, told.max_ms), abs=0.001)
    assert point.sum / max(1, point.count) * 1000 == pytest.approx(told.mean_ms, abs=0.001)


def assert_metrics_are(collector: Collector, summary: Summary) -> None:
    """The last that was sent says what the summary does."""
    told, counters = collector.metrics(), summary.counters
    assert value(told["gossipper.calls"], "outgoing") == counters.outgoing
    assert value(told["gossipper.calls_successful"]) == counters.successful
    assert sum(point.as_int for point in points(told["gossipper.calls_failed"]).values()) == counters.failed
    assert value(told["gossipper.calls_open"]) == counters.open == 0
    assert value(told["gossipper.retransmissions"]) == counters.retransmissions
    for failure, count in counters.failures.items():
        assert value(told["gossipper.calls_failed"], failure) == count
    for index, step in enumerate(summary.steps):
        assert value(told["gossipper.step_messages"], str(index), step.kind, step.label) == step.counts.messages
        assert value(told["gossipper.step_unexpected"], str(index), step.kind, step.label) == step.counts.unexpected
    for name, times in summary.response_times.items():
        same(points(told["gossipper.response_time"])[name,], times)
        same(points(told["gossipper.response_time_from_due"])[name,], summary.response_times_from_due[name])
    same(points(told["gossipper.call_length"])[()], summary.call_length)
    same(points(told["gossipper.call_lateness"])[()], summary.lateness)
    assert value(told["gossipper.trustworthy"]) in (0, 1)


@pytest.mark.parametrize(("protocol", "in_process", "workers"), [("grpc", True, 1), ("http", False, 2)])
async def test_what_a_collector_was_told_is_what_the_summary_says(protocol: str, in_process: bool, workers: int) -> None:
    with collector_of(protocol) as collector:
        async with engine_with_server(in_process=in_process) as (bus, server):
            run = await call(bus, server.port, max_calls=40, workers=workers, follow=("every=4",), **asked(collector, protocol))
            summary = await run.finish()
    assert summary.outcome is Outcome.PASSED
    conserved(summary.queues)
    events = Counter(record.event_name for record in collector.logs)
    assert events == {
        "engine.started": 1,
        "call.started": 40,
        "sip.send": 120,
        "sip.recv": 120,
        "rtd": 40,
        "call.ended": 40,
        "engine.stopped": 1,
    }
    assert summary.queues["otel logs"] == QueueCounts(offered=362, written=362)
    assert_metrics_are(collector, summary)
    assert summary.queues["otel metrics"].written == len(collector.requests["metrics"]) >= 1
    assert summary.queues["otel traces"] == QueueCounts(offered=10, written=10)
    assert Counter(span.name for span in collector.spans) == {"outgoing call": 10, "INVITE": 10, "BYE": 10}
    calls = {span.trace_id for span in collector.spans}
    assert calls <= {record.trace_id for record in collector.logs}


async def test_failed_calls_are_spans_with_an_error_and_its_reason(tmp_path: Path) -> None:
    peer = tmp_path / "peer.xml"
    peer.write_text(FUSSY.replace("[$answer]", "500"))
    with collector_of("grpc") as collector:
        async with engine_with_server() as (bus, _):
            failing = await serve(bus, scenario_name="", scenario_file=str(peer))
            run = await call(bus, failing.port, max_calls=6, follow=("failed",), **asked(collector, "grpc"))
            summary = await run.finish()
    assert summary.counters.failed == 6
    assert_metrics_are(collector, summary)
    whole = [span for span in collector.spans if span.name == "outgoing call"]
    assert [(span.status.code, span.status.message) for span in whole] == [
        (Status.STATUS_CODE_ERROR, "unexpected 500 in step 8 (200)")
    ] * 6
    byes = [span for span in collector.spans if span.name == "BYE" and span.status.code == Status.STATUS_CODE_ERROR]
    # The second BYE ends the dialog of a call that has failed; nobody waits for its answer.
    assert Counter(span.status.message for span in byes) == {"500 OK": 6, "no final response": 6}
    assert {span.parent_span_id for span in byes} == {span.span_id for span in whole}
    failures = [record for record in collector.logs if record.event_name == "error"]
    assert {record.trace_id for record in failures} == {span.trace_id for span in whole}


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_a_collector_that_says_nothing_costs_no_call(protocol: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        collector = Collector(endpoint=f"127.0.0.1:{silent.getsockname()[1]}")
        async with engine_with_server() as (bus, server):
            run = await call(bus, server.port, max_calls=40, follow=("every=1",), **asked(collector, protocol))
            summary = await run.finish()
    assert (summary.outcome, summary.counters.successful) == (Outcome.PASSED, 40)
    conserved(summary.queues)
    for name in QUEUES:
        assert summary.queues[name].written == 0
        assert any(f"{name} dropped" in reason for reason in summary.verdict.reasons)
    assert [text for text in run.warnings if "OpenTelemetry" in text] == [
        f"OpenTelemetry at {collector.endpoint}: it does not answer; what is for it waits, and is dropped when too much does"
    ]


async def test_a_collector_that_is_not_there_is_told_of_once() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        collector = Collector(endpoint=f"127.0.0.1:{nobody.getsockname()[1]}")
        async with engine_with_server() as (bus, server):
            run = await call(bus, server.port, max_calls=40, follow=("every=1",), **asked(collector, "grpc"))
            summary = await run.finish()
    assert summary.counters.successful == 40
    conserved(summary.queues)
    assert [text for text in run.warnings if "OpenTelemetry" in text] == [
        f"OpenTelemetry at {collector.endpoint}: Connection refused; what is for it waits, and is dropped when too much does"
    ]


async def test_one_that_refuses_is_told_of_by_signal() -> None:
    with collector_of("http") as collector:
        collector.says = lambda signal: Says("401", "who are you?")
        async with engine_with_server() as (bus, server):
            run = await call(bus, server.port, max_calls=5, follow=("every=1",), **asked(collector, "http"))
            summary = await run.finish()
    conserved(summary.queues)
    told = sorted(text for text in run.warnings if "OpenTelemetry" in text)
    assert [text.partition(" does not take ")[2].partition(",")[0] for text in told] == ["logs", "metrics", "traces"]
    assert all(text.endswith("HTTP 401 Unauthorized who are you?") for text in told)


async def test_variables_choose_the_signals(monkeypatch: pytest.MonkeyPatch) -> None:
    with collector_of("grpc") as collector:
        monkeypatch.setenv("OTEL_TRACES_EXPORTER", "otlp")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://{collector.endpoint}")
        monkeypatch.setenv("OTEL_SERVICE_NAME", "nightly")
        async with engine_with_server() as (bus, server):
            run = await call(bus, server.port, max_calls=2, follow=("every=1",))
            summary = await run.finish()
    assert [name for name in QUEUES if name in summary.queues] == ["otel traces"]
    assert {resource["service.name"] for resource in collector.resources("traces")} == {"nightly"}
    assert collector.attempts == ["traces"] * len(collector.attempts)


async def test_what_the_sdk_cannot_read_keeps_the_run_from_starting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "soon")
    async with engine_with_server() as (bus, server):
        with pytest.raises(GossipperError, match="could not convert string to float: 'soon'"):
            await call(bus, server.port, **asked(Collector(endpoint="127.0.0.1:1"), "grpc"))
