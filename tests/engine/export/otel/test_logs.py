# SPDX-License-Identifier: AGPL-3.0-or-later
"""The event log at a collector, over both protocols."""

from __future__ import annotations

from typing import Any

import pytest
import trio

from engine.export.json_lines import LineMaker
from engine.export.log_events import Level, LogEvent, LogKind
from engine.export.log_output import LogContext
from engine.export.otel.identity import Identity
from engine.export.otel.logs import MOST_AT_ONCE, OtelLogs
from engine.export.sink import Surroundings
from tests.engine.export.otel.running import PROTOCOLS, at_work, collector_of, counts_of, surroundings, until
from tests.engine.report.examples import run_started
from tests.otlp import Says, attributes

WHEN = 1_795_377_600_123_456_789


def output(around: Surroundings) -> OtelLogs:
    return OtelLogs(LogContext(around, {}, LineMaker({})))


def event(number: int = 7, level: Level = Level.INFO, **others: Any) -> LogEvent:
    told: dict[str, Any] = {"call_id": f"{number}@here", "call_num": number, "sip.status": 200, "late_ms": 0.5, **others}
    return LogEvent(WHEN, level, LogKind.SIP_RECV, "received 200 OK", told)


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_events_arrive_as_log_records(protocol: str) -> None:
    with collector_of(protocol) as collector:
        async with at_work(output(surroundings(collector.endpoint, protocol, []))) as logs:
            logs.take(event())
            logs.take(event(level=Level.WARN))
            logs.take(event(level=Level.ERROR))
    assert logs.counts == counts_of(3, 3)
    first, *others = collector.logs
    assert (first.time_unix_nano, first.event_name, first.body.string_value) == (WHEN, "sip.recv", "received 200 OK")
    assert first.observed_time_unix_nano > 0
    assert attributes(first.attributes) == {"call_id": "7@here", "call_num": 7, "sip.status": 200, "late_ms": 0.5}
    assert [(each.severity_text, each.severity_number) for each in (first, *others)] == [
        ("info", 9),
        ("warn", 13),
        ("error", 17),
    ]
    [resource] = {tuple(sorted(resource.items())) for resource in collector.resources("logs")}
    assert dict(resource)["service.name"] == "gossipper"


async def test_an_event_of_a_call_has_the_ids_of_its_trace() -> None:
    with collector_of("grpc") as collector:
        async with at_work(output(surroundings(collector.endpoint, "grpc", []))) as logs:
            logs.take(event(7))
            logs.take(event(7, scenario="incoming"))
            logs.take(LogEvent(WHEN, Level.INFO, LogKind.ENGINE_STARTED, "run 1 started", {}))
    main, incoming, started = collector.logs
    ids = Identity(run_started(), {}, {}).call("main", 7, "7@here")
    assert (int.from_bytes(main.trace_id), int.from_bytes(main.span_id)) == ids
    assert incoming.trace_id != main.trace_id
    assert started.trace_id == b""


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_many_go_in_few_requests(protocol: str) -> None:
    with collector_of(protocol) as collector:
        async with at_work(output(surroundings(collector.endpoint, protocol, []))) as logs:
            for number in range(3 * MOST_AT_ONCE):
                logs.take(event(number))
    assert logs.counts == counts_of(3 * MOST_AT_ONCE, 3 * MOST_AT_ONCE)
    assert [each for record in collector.logs for each in [attributes(record.attributes)["call_num"]]] == [
        *range(3 * MOST_AT_ONCE)
    ]
    assert len(collector.requests["logs"]) <= 5


async def test_few_are_gathered() -> None:
    with collector_of("grpc") as collector:
        async with at_work(output(surroundings(collector.endpoint, "grpc", []))) as logs:
            for number in range(20):
                logs.take(event(number))
                await trio.sleep(0.01)
    assert len(collector.logs) == 20
    assert len(collector.requests["logs"]) <= 3


async def test_the_newest_are_dropped_where_too_many_wait() -> None:
    with collector_of("grpc") as collector:
        collector.hangs.clear()
        async with at_work(output(surroundings(collector.endpoint, "grpc", [], log_buffer_size=100))) as logs:
            logs.take(event(0))
            await until(lambda: bool(collector.attempts))
            for number in range(1, 500):
                logs.take(event(number))
            assert logs.counts.dropped == 400
            collector.hangs.set()
    assert logs.counts == counts_of(500, 100)
    assert len(collector.logs) == 100


async def test_what_is_rejected_is_dropped_to_the_record() -> None:
    with collector_of("http") as collector:
        collector.says = lambda signal: Says(rejected=3)
        async with at_work(output(surroundings(collector.endpoint, "http", []))) as logs:
            for number in range(10):
                logs.take(event(number))
    assert logs.counts == counts_of(10, 7)


async def test_a_collector_that_rejects_more_than_it_got_is_not_believed() -> None:
    with collector_of("http") as collector:
        collector.says = lambda signal: Says(rejected=300)
        async with at_work(output(surroundings(collector.endpoint, "http", []))) as logs:
            logs.take(event())
    assert logs.counts == counts_of(1, 0)


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_compression_is_the_variables(protocol: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip")
    with collector_of(protocol) as collector:
        async with at_work(output(surroundings(collector.endpoint, protocol, []))) as logs:
            logs.take(event())
    assert len(collector.logs) == 1
    if protocol == "http":
        assert collector.headers[0]["content-encoding"] == "gzip"
