# SPDX-License-Identifier: AGPL-3.0-or-later
"""A sink for OpenTelemetry at work, and collectors of both kinds for it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, TypeVar

import trio

from engine.export.log_output import LogOutput
from engine.export.sink import Sink, Surroundings
from engine.messages import QueueCounts
from tests.engine.export.conservation import conserved
from tests.engine.report.examples import run_started
from tests.otlp import Collector, grpc_collector, http_collector

LIMIT_S = 20
"""For what ought to take a moment."""
PROTOCOLS = ("grpc", "http")

Exports = TypeVar("Exports", Sink, LogOutput)


def collector_of(protocol: str, **how: Any) -> contextlib.AbstractContextManager[Collector]:
    """A collector that speaks this."""
    collector = Collector()
    kind: Callable[..., Iterator[Collector]] = grpc_collector if protocol == "grpc" else http_collector
    return contextlib.contextmanager(kind)(collector, **how)


def surroundings(endpoint: str, protocol: str, told: list[str], **options: Any) -> Surroundings:
    """Those of a sink that sends there, without TLS."""
    asked = {"log_otel_endpoint": endpoint, "log_otel_protocol": protocol, "log_otel_insecure": True, **options}
    return Surroundings(started=run_started(**asked), warn=told.append)


@contextlib.asynccontextmanager
async def at_work(sink: Exports, within_s: float = LIMIT_S) -> AsyncIterator[Exports]:
    """The sink is opened, writes, is closed, has no more than so long then, and has accounted for all in the end."""
    await sink.open()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(sink.write)
        yield sink
        sink.close()
        nursery.cancel_scope.deadline = trio.current_time() + within_s
    sink.abandon()
    conserved(sink.counts)


async def until(holds: Callable[[], bool]) -> None:
    """Wait for it."""
    with trio.fail_after(LIMIT_S):
        while not holds():  # noqa: ASYNC110
            await trio.sleep(0.005)


def counts_of(offered: int, written: int) -> QueueCounts:
    """The counts of a queue where what is not written is dropped."""
    return QueueCounts(offered=offered, written=written, dropped=offered - written)
