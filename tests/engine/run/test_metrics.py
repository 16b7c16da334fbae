# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is scraped of a run is what its summary says; who scrapes badly costs the run nothing."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest
import trio

from engine import open_engine
from engine.bus import Bus
from engine.errors import ExportError, OptionError
from engine.messages import Failure, PauseTraffic, Percentiles, Snapshot, StopRun, Summary
from tests.engine.export.conservation import conserved
from tests.engine.export.metrics.scraping import OPENLY, Key, ask, get, key, over, scrape
from tests.engine.run.runs import LIMIT_S, Watched, call, engine_with_server, serve
from tests.programs import free_port

CALLS = 8


def is_at_rest(snapshot: Snapshot) -> bool:
    return snapshot.state == "paused" and not snapshot.counters.open


async def scraped_at_rest(bus: Bus, run: Watched, port: int) -> dict[Key, float]:
    """Let a run make so many calls and pause it; what is scraped when they are over, and nothing happens any more."""
    await run.until(lambda snapshot: snapshot.counters.created >= CALLS)
    await bus.call(PauseTraffic(run=run.name))
    last, created = await run.until(is_at_rest), -1
    while last.counters.created != created:  # a worker may have begun calls that its run knew nothing of when it paused
        created = last.counters.created
        last = await run.until(is_at_rest)
    with trio.fail_after(LIMIT_S):
        while True:
            samples = await scrape(port)
            if samples[key("run_elapsed_seconds")] > last.elapsed_ns / 1e9:
                return samples
            await trio.sleep(0.05)


async def stopped(bus: Bus, run: Watched) -> Summary:
    await bus.call(StopRun(run=run.name, now=True))
    return await run.finish()


def says_the_same(samples: Mapping[Key, float], summary: Summary) -> None:
    """The last scrape and the summary have the same numbers."""
    counters = summary.counters
    assert over(samples, "calls_total") == {"incoming": counters.incoming, "outgoing": counters.outgoing}
    assert samples[key("calls_successful_total")] == counters.successful
    failures = over(samples, "calls_failed_total")
    assert {name: number for name, number in failures.items() if number} == counters.failures
    assert sum(failures.values()) == counters.failed
    assert samples[key("calls_open")] == counters.open == 0
    assert samples[key("retransmissions_total")] == counters.retransmissions
    assert samples[key("calls_late_total")] == counters.late_starts
    for index, step in enumerate(summary.steps):
        labels = {"step": str(index), "kind": step.kind, "label": step.label}
        assert samples[key("step_messages_total", **labels)] == step.counts.messages
    for timer, times in summary.response_times.items():
        measured_the_same(samples, "response_time_seconds", times, timer=timer)
    measured_the_same(samples, "call_length_seconds", summary.call_length)
    measured_the_same(samples, "call_lateness_seconds", summary.lateness)


def measured_the_same(samples: Mapping[Key, float], name: str, times: Percentiles, **labels: str) -> None:
    assert samples[key(f"{name}_count", **labels)] == times.count
    assert samples[key(f"{name}_bucket", le="+Inf", **labels)] == times.count
    assert samples[key(f"{name}_sum", **labels)] == pytest.approx(times.count * times.mean_ms / 1000)


@pytest.mark.parametrize("in_process", [True, False])
async def test_the_last_scrape_of_a_run_says_what_its_summary_says(tmp_path: Path, in_process: bool) -> None:
    port = free_port()
    async with engine_with_server(in_process=in_process) as (bus, server):
        calls = str(tmp_path / "calls")
        run = await call(bus, server.port, rate=50.0, metrics=f"127.0.0.1:{port}", call_records=calls)
        samples = await scraped_at_rest(bus, run, port)
        summary = await stopped(bus, run)
    says_the_same(samples, summary)
    assert summary.counters.successful >= CALLS
    assert summary.response_times["1"].count >= CALLS
    conserved(summary.queues)
    for name, counts in summary.queues.items():
        assert samples[key("queue_offered_total", queue=name)] <= counts.offered
        assert samples[key("queue_dropped_total", queue=name)] == counts.dropped == 0


async def test_media_and_failures_are_scraped_as_the_summary_has_them() -> None:
    port = free_port()
    async with open_engine() as bus:
        server = await serve(bus)  # which answers and says nothing
        run = await call(bus, server.port, scenario_name="stream_uac", rate=20.0, metrics=f"127.0.0.1:{port}")
        samples = await scraped_at_rest(bus, run, port)
        summary = await stopped(bus, run)
    says_the_same(samples, summary)
    assert set(summary.counters.failures) == {Failure.RTP_CHECK}
    assert summary.media is not None
    counters = summary.media.counters
    assert samples[key("media_packets_sent_total")] == counters.packets_sent > 0
    assert samples[key("media_sent_bytes_total")] == counters.octets_sent
    assert samples[key("media_checks_failed_total")] == counters.checks_failed >= CALLS
    assert samples[key("media_packets_lost")] == counters.lost
    measured_the_same(samples, "media_lateness_seconds", summary.media.lateness)
    assert samples[key("media_mos_count")] == summary.media.mos.count


async def test_a_port_that_another_has_keeps_the_run_from_starting() -> None:
    async with engine_with_server() as (bus, server):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            place = f"127.0.0.1:{taken.getsockname()[1]}"
            with pytest.raises(ExportError, match=rf"^-metrics {place}: Address already in use; choose another"):
                await call(bus, server.port, metrics=place)


@pytest.mark.parametrize("place", ["a:b", "127.0.0.1:0", "127.0.0.1:65536", ":9464", "[::1"])
async def test_what_is_no_place_to_serve_at_is_found_before_anything_is_started(place: str) -> None:
    async with engine_with_server() as (bus, server):
        with pytest.raises(OptionError, match=r"^-metrics: '.*' is not host, host:port or"):
            await call(bus, server.port, metrics=place)


async def test_who_scrapes_badly_costs_the_run_nothing() -> None:
    port = free_port()
    async with engine_with_server() as (bus, server):
        run = await call(bus, server.port, rate=100.0, metrics=f"127.0.0.1:{port}")
        await run.until(lambda snapshot: snapshot.sequence >= 1)
        with ExitStack() as crowd:
            for request in (b"", get()[:20], b"\xff" * 5000, get() * 50):
                for _ in range(50):
                    rude = crowd.enter_context(socket.create_connection(("127.0.0.1", port)))
                    rude.setblocking(False)
                    rude.send(request)
                    await trio.sleep(0.002)
            assert (await ask(port, get(accept=OPENLY)))[0] == 200
            await bus.call(StopRun(run=run.name))
            summary = await run.finish()
    assert summary.counters.successful == summary.counters.created > 0
    assert [text for text in run.warnings if "metrics" in text] == []
