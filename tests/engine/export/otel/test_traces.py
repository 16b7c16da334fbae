# SPDX-License-Identifier: AGPL-3.0-or-later
"""Followed calls at a collector, over both protocols; and what becomes of them when it does not take them."""

from __future__ import annotations

import contextlib
import socket
import ssl
from functools import partial
from pathlib import Path

import pytest
import trio

from engine.export.otel import delivery, traces
from engine.export.otel.traces import OtelTraces
from tests.certificates import Lab
from tests.engine.export.otel.calls import traced
from tests.engine.export.otel.running import PROTOCOLS, at_work, collector_of, counts_of, surroundings, until
from tests.otlp import Says

GRPC_CODES = {"away": "UNAVAILABLE", "refused": "INVALID_ARGUMENT"}
HTTP_CODES = {"away": "503", "refused": "400"}
CODES = {"grpc": GRPC_CODES, "http": HTTP_CODES}


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_calls_arrive_as_spans(protocol: str) -> None:
    told: list[str] = []
    with collector_of(protocol) as collector:
        async with at_work(OtelTraces(surroundings(collector.endpoint, protocol, told))) as sink:
            for number in range(1, 121):
                sink.take(traced(number))
    assert sink.counts == {"otel traces": counts_of(120, 120)}
    assert len(collector.spans) == 120 * 3
    assert len({span.trace_id for span in collector.spans}) == 120
    assert told == []


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_headers_and_the_resource_go_with_them(protocol: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=blue,x-key=old")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=lab,site=there")
    options = {"log_otel_headers": ("X-Key = secret=1",), "log_attributes": ("site=here",)}
    with collector_of(protocol) as collector:
        async with at_work(OtelTraces(surroundings(collector.endpoint, protocol, [], **options))) as sink:
            sink.take(traced())
    [headers] = collector.headers
    assert (headers["x-tenant"], headers["x-key"]) == ("blue", "secret=1")
    [resource] = collector.resources("traces")
    assert (resource["service.name"], resource["gossipper.role"]) == ("gossipper", "client")
    assert (resource["deployment.environment.name"], resource["site"]) == ("lab", "here")
    assert resource["process.pid"] == 4242


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_a_collector_with_tls_is_verified(protocol: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:

    lab = Lab(tmp_path)
    if protocol == "grpc":
        how = {"credentials": (Path(lab["server.key"]), Path(lab["server.pem"]))}
    else:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(lab["server.pem"], lab["server.key"])
        how = {"context": context}
    with collector_of(protocol, **how) as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_CERTIFICATE", lab["ca.pem"])
        asked = surroundings(collector.endpoint, protocol, [], log_otel_insecure=False)
        async with at_work(OtelTraces(asked)) as sink:
            sink.take(traced())
        assert sink.counts == {"otel traces": counts_of(1, 1)}
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_CERTIFICATE", lab["other-ca.pem"])
        told: list[str] = []
        asked = surroundings(collector.endpoint, protocol, told, log_otel_insecure=False)
        async with at_work(OtelTraces(asked)) as sink:
            sink.take(traced())
        assert sink.counts == {"otel traces": counts_of(1, 0)}
        [line] = told
        assert "its certificate is not trusted" in line


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_one_that_is_not_there_is_told_of_once(protocol: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        endpoint = f"127.0.0.1:{taken.getsockname()[1]}"
        told: list[str] = []
        async with at_work(OtelTraces(surroundings(endpoint, protocol, told))) as sink:
            sink.take(traced())
            await until(lambda: len(told) == 1)
            sink.take(traced())
            await trio.sleep(1)
    assert sink.counts == {"otel traces": counts_of(2, 0)}
    assert told == [f"OpenTelemetry at {endpoint}: Connection refused; what is for it waits, and is dropped when too much does"]


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_one_that_comes_later_gets_all_that_waited(protocol: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    told: list[str] = []
    async with at_work(OtelTraces(surroundings(f"127.0.0.1:{port}", protocol, told))) as sink:
        sink.take(traced(1))
        await until(lambda: len(told) == 1)
        sink.take(traced(2))
        with collector_of(protocol, port=port) as collector:
            await until(lambda: sink.counts["otel traces"].written == 2)
    assert len(collector.spans) == 6
    assert len(told) == 1


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_one_that_is_busy_is_asked_again(protocol: str) -> None:
    told: list[str] = []
    with collector_of(protocol) as collector:
        answers = iter([Says(CODES[protocol]["away"], "not now")])
        collector.says = lambda signal: next(answers, Says())
        async with at_work(OtelTraces(surroundings(collector.endpoint, protocol, told))) as sink:
            sink.take(traced())
            await until(lambda: len(collector.attempts) == 2)
    assert sink.counts == {"otel traces": counts_of(1, 1)}
    assert len(collector.spans) == 3
    [line] = told
    assert "not now" in line


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_what_it_refuses_is_dropped_and_told_of_once(protocol: str) -> None:
    told: list[str] = []
    with collector_of(protocol) as collector:
        collector.says = lambda signal: Says(CODES[protocol]["refused"], "no such key")
        async with at_work(OtelTraces(surroundings(collector.endpoint, protocol, told))) as sink:
            for number in (1, 2):
                sink.take(traced(number))
                await until(lambda: len(collector.attempts) == number)  # noqa: B023
    assert sink.counts == {"otel traces": counts_of(2, 0)}
    [line] = told
    assert line.startswith(f"OpenTelemetry at {collector.endpoint} does not take traces, which are dropped: ")
    assert line.endswith("no such key")


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_what_it_rejects_of_a_batch_is_dropped(protocol: str) -> None:
    told: list[str] = []
    with collector_of(protocol) as collector:
        collector.says = lambda signal: Says(rejected=2, message="spans too old")
        async with at_work(OtelTraces(surroundings(collector.endpoint, protocol, told))) as sink:
            for number in range(5):
                sink.take(traced(number))
    assert sink.counts == {"otel traces": counts_of(5, 3)}
    assert told == [f"OpenTelemetry at {collector.endpoint} does not take traces, which are dropped: spans too old"]


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_what_it_only_remarks_upon_is_told_of(protocol: str) -> None:
    told: list[str] = []
    with collector_of(protocol) as collector:
        collector.says = lambda signal: Says(message="use gzip")
        async with at_work(OtelTraces(surroundings(collector.endpoint, protocol, told))) as sink:
            sink.take(traced())
    assert sink.counts == {"otel traces": counts_of(1, 1)}
    assert told == [f"OpenTelemetry at {collector.endpoint} says of traces: use gzip"]


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_one_that_says_nothing_costs_no_more_than_the_time_that_there_is(
    protocol: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "SILENT_S", 0.2)
    told: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"127.0.0.1:{silent.getsockname()[1]}"
        with trio.fail_after(10):
            async with at_work(OtelTraces(surroundings(endpoint, protocol, told)), within_s=0.5) as sink:
                sink.take(traced())
                await until(lambda: len(told) == 1)
                sink.take(traced())
    assert sink.counts == {"otel traces": counts_of(2, 0)}
    assert told == [f"OpenTelemetry at {endpoint}: it does not answer; what is for it waits, and is dropped when too much does"]


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_one_that_was_not_heard_before_the_end_is_told_of(protocol: str) -> None:
    told: list[str] = []
    with collector_of(protocol) as collector:
        collector.hangs.clear()
        async with at_work(OtelTraces(surroundings(collector.endpoint, protocol, told)), within_s=0.3) as sink:
            sink.take(traced())
            await until(lambda: len(collector.attempts) == 1)
    assert sink.counts == {"otel traces": counts_of(1, 0)}
    assert len(told) == 1


async def test_what_does_not_fit_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traces, "MOST_WAITING", 10)
    with collector_of("grpc") as collector:
        collector.hangs.clear()
        async with at_work(OtelTraces(surroundings(collector.endpoint, "grpc", []))) as sink:
            sink.take(traced(0))
            await until(lambda: len(collector.attempts) == 1)
            for number in range(1, 30):
                sink.take(traced(number))
            assert sink.counts["otel traces"].dropped == 20
            collector.hangs.set()
    assert sink.counts == {"otel traces": counts_of(30, 10)}


@pytest.mark.parametrize("body", [b"\xff\xff\xff\xff", b"\x0a", b"x" * 1_000_000])
async def test_whatever_it_answers_with_a_good_status_it_has_taken(body: bytes) -> None:
    with collector_of("http") as collector:
        collector.says = lambda signal: Says(body=body)
        async with at_work(OtelTraces(surroundings(collector.endpoint, "http", []))) as sink:
            sink.take(traced())
    assert sink.counts == {"otel traces": counts_of(1, 1)}


async def test_a_redirection_is_not_followed() -> None:
    told: list[str] = []
    with collector_of("http") as collector:
        collector.says = lambda signal: Says("307")
        async with at_work(OtelTraces(surroundings(collector.endpoint, "http", told))) as sink:
            sink.take(traced())
    assert sink.counts == {"otel traces": counts_of(1, 0)}
    assert "HTTP 307" in told[0]


async def test_a_path_of_the_endpoint_is_kept() -> None:
    with collector_of("http", prefix="/otlp") as collector:
        asked = surroundings(f"http://{collector.endpoint}/otlp/", "http", [], log_otel_insecure=False)
        async with at_work(OtelTraces(asked)) as sink:
            sink.take(traced())
    assert sink.counts == {"otel traces": counts_of(1, 1)}


ANSWERS = {
    "nothing": b"",
    "zeros": b"\0" * 100,
    "SIP": b"SIP/2.0 200 OK\r\n\r\n",
    "half an answer": b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\nx",
    "a header without an end": b"HTTP/1.1 200 OK\r\n" + b"A" * 100_000,
}


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
async def test_who_is_no_collector_is_told_of_once(protocol: str, answer: bytes) -> None:
    async def babble(stream: trio.SocketStream) -> None:
        with contextlib.suppress(trio.BrokenResourceError):
            await stream.receive_some(1000)
            await stream.send_all(answer)
            await stream.aclose()

    told: list[str] = []
    async with trio.open_nursery() as nursery:
        (listener,) = await nursery.start(partial(trio.serve_tcp, babble, 0, host="127.0.0.1"))
        endpoint = f"127.0.0.1:{listener.socket.getsockname()[1]}"
        async with at_work(OtelTraces(surroundings(endpoint, protocol, told)), within_s=2) as sink:
            sink.take(traced())
            await until(lambda: bool(told))
        nursery.cancel_scope.cancel()
    assert sink.counts == {"otel traces": counts_of(1, 0)}
    [line] = told
    assert line.startswith(f"OpenTelemetry at {endpoint}: ")
    assert len(line) < 350


async def test_one_that_answers_by_drops_costs_no_more_than_the_time_that_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "SILENT_S", 0.3)

    async def drip(stream: trio.SocketStream) -> None:
        with contextlib.suppress(trio.BrokenResourceError):
            await stream.send_all(b"HTTP/1.1 200 OK\r\n")
            while True:
                await stream.send_all(b"A: b\r\n")
                await trio.sleep(0.05)

    told: list[str] = []
    async with trio.open_nursery() as nursery:
        (listener,) = await nursery.start(partial(trio.serve_tcp, drip, 0, host="127.0.0.1"))
        endpoint = f"127.0.0.1:{listener.socket.getsockname()[1]}"
        with trio.fail_after(10):
            async with at_work(OtelTraces(surroundings(endpoint, "http", told)), within_s=0.5) as sink:
                sink.take(traced())
                await until(lambda: bool(told))
        nursery.cancel_scope.cancel()
    assert sink.counts == {"otel traces": counts_of(1, 0)}
    assert len(told) == 1


@pytest.mark.parametrize(
    ("there", "asked", "insecure", "words"),
    [
        ("grpc", "http", True, "what answers is no HTTP (OTLP/gRPC is -log_otel_proto grpc)"),
        ("http", "grpc", True, "what answers is no gRPC (OTLP/HTTP is -log_otel_proto http)"),
        ("grpc", "grpc", False, "it has no TLS (-log_otel_insecure goes without)"),
        ("http", "http", False, "it has no TLS (-log_otel_insecure goes without)"),
    ],
)
async def test_what_people_mistake_is_told_in_words(there: str, asked: str, insecure: bool, words: str) -> None:
    told: list[str] = []
    with collector_of(there) as collector:
        around = surroundings(collector.endpoint, asked, told, log_otel_insecure=insecure)
        async with at_work(OtelTraces(around), within_s=2) as sink:
            sink.take(traced())
            await until(lambda: bool(told))
    assert sink.counts == {"otel traces": counts_of(1, 0)}
    assert told == [f"OpenTelemetry at {collector.endpoint}: {words}; what is for it waits, and is dropped when too much does"]


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_a_name_that_nobody_knows_is_told(protocol: str) -> None:
    told: list[str] = []
    async with at_work(OtelTraces(surroundings("nobody.invalid", protocol, told)), within_s=2) as sink:
        sink.take(traced())
        await until(lambda: bool(told))
    assert "not known" in told[0] or "name resolution" in told[0] or "resolving" in told[0]


@pytest.mark.parametrize(("protocol", "code", "wait"), [("grpc", "RESOURCE_EXHAUSTED", "0a020801"), ("http", "429", "1")])
async def test_one_that_says_how_long_to_wait_is_asked_then(protocol: str, code: str, wait: str) -> None:
    """Of gRPC it is a RetryInfo with a Duration of one second."""
    with collector_of(protocol) as collector:
        answers = iter([Says(code, wait=wait)])
        collector.says = lambda signal: next(answers, Says())
        async with at_work(OtelTraces(surroundings(collector.endpoint, protocol, []))) as sink:
            sink.take(traced())
            await until(lambda: len(collector.attempts) == 1)
            with trio.move_on_after(0.8):
                await until(lambda: len(collector.attempts) == 2)
            assert len(collector.attempts) == 1
            await until(lambda: len(collector.attempts) == 2)
    assert sink.counts == {"otel traces": counts_of(1, 1)}


async def test_one_that_is_exhausted_and_does_not_say_for_how_long_has_refused() -> None:
    with collector_of("grpc") as collector:
        collector.says = lambda signal: Says("RESOURCE_EXHAUSTED", "message larger than max")
        async with at_work(OtelTraces(surroundings(collector.endpoint, "grpc", []))) as sink:
            sink.take(traced())
    assert collector.attempts == ["traces"]
    assert sink.counts == {"otel traces": counts_of(1, 0)}


TOO_LATE = "Mon, 01 Jan 99999999999999999999 00:00:00 GMT"


@pytest.mark.parametrize("wait", ["soon", "-5", "nan", "inf", "Fri, 99 Xyz 2026", "Fri, 31 Dec 1999 23:59:59 GMT", TOO_LATE])
async def test_a_wait_that_is_none_is_not_heeded(wait: str) -> None:
    with collector_of("http") as collector:
        answers = iter([Says("503", wait=wait)])
        collector.says = lambda signal: next(answers, Says())
        async with at_work(OtelTraces(surroundings(collector.endpoint, "http", []))) as sink:
            sink.take(traced())
            await until(lambda: len(collector.attempts) == 2)
    assert sink.counts == {"otel traces": counts_of(1, 1)}
