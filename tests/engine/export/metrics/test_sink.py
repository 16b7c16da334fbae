# SPDX-License-Identifier: AGPL-3.0-or-later
"""The newest figures are at /metrics from the first snapshot to the end of the run."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio
import trio.testing

from engine.errors import BindError
from engine.export.metrics import sink as module
from engine.export.metrics.sink import Metrics
from tests.engine.export.metrics.scraping import OPENLY, ask, get, key, scrape
from tests.engine.export.recording import surroundings
from tests.engine.report.examples import snapshot
from tests.programs import free_port


@asynccontextmanager
async def opened() -> AsyncIterator[tuple[Metrics, int]]:
    """A sink that serves, and its port; closed at the end."""
    port = free_port()
    sink = Metrics(surroundings([], metrics=f"127.0.0.1:{port}"))
    await sink.open()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(sink.write)
        yield sink, port
        sink.close()
    sink.abandon()


async def test_the_newest_snapshot_is_served_in_both_formats() -> None:
    async with opened() as (sink, port):
        for successful in (3, 8):
            sink.take(snapshot(elapsed_s=1, successful=successful))
            for accept in ("", OPENLY):
                assert (await scrape(port, accept))[key("calls_successful_total")] == successful
    assert sink.counts == {}


async def test_before_the_first_snapshot_there_is_nothing_yet() -> None:
    async with opened() as (_, port):
        status, headers, body = await ask(port, get())
    assert (status, body) == (503, b"the run has told nothing yet\n")
    assert headers["retry-after"] == "1"


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        ("/", "GET", 404),
        ("/metrics/", "GET", 404),
        ("/metrics", "POST", 405),
        ("/metrics?a=b", "GET", 200),
        ("/x", "POST", 404),
    ],
)
async def test_nothing_else_is_served(path: str, method: str, status: int) -> None:
    async with opened() as (sink, port):
        sink.take(snapshot(elapsed_s=1))
        told, headers, body = await ask(port, get(path, method=method))
    assert told == status
    assert status == 200 or body.startswith(b"what is served here is ")
    assert (headers.get("allow") == "GET, HEAD") == (status == 405)


async def test_a_snapshot_is_written_once_however_many_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    written = 0
    exposed = module.exposed

    def count(*arguments: object) -> bytes:
        nonlocal written
        written += 1
        return exposed(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "exposed", count)
    async with opened() as (sink, port):
        for _ in range(2):
            sink.take(snapshot(elapsed_s=1))
            for _ in range(5):
                await scrape(port, "")
                await scrape(port, OPENLY)
    assert written == 4


async def test_when_the_run_is_over_nobody_listens() -> None:
    async with opened() as (sink, port):
        sink.take(snapshot(elapsed_s=1))
        waiting = await trio.open_tcp_stream("127.0.0.1", port)
        await waiting.send_all(get()[:5])
        await trio.testing.wait_all_tasks_blocked(0.02)
    with pytest.raises(OSError, match=r"failed$"):
        await trio.open_tcp_stream("127.0.0.1", port)
    with trio.fail_after(1):
        assert await waiting.receive_some() == b""


async def test_a_port_that_another_has_is_told() -> None:
    async with opened() as (_, port):
        with pytest.raises(BindError, match=rf"^-metrics 127\.0\.0\.1:{port}: Address already in use; choose another"):
            await Metrics(surroundings([], metrics=f"127.0.0.1:{port}")).open()
