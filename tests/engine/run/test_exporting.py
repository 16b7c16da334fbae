# SPDX-License-Identifier: AGPL-3.0-or-later
"""A run and its exporter: what was recorded is written when the run has ended, and whatever becomes of the exporter, the run
goes on, says so once, ends in time, and accounts for all."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trio

from engine import open_engine
from engine.bus import Bus
from engine.errors import BindError, ExportError
from engine.messages import Outcome, QueueCounts, StopRun
from engine.options import RunConfig
from engine.run import commands, exporting, patience
from engine.run.links import ShardLink, start_child, start_in_process
from engine.shard.following.records import LAST_SENDS_S
from engine.shard.protocol import ShardPlan
from tests.engine.export.conservation import conserved
from tests.engine.export.recording import ended, frame
from tests.engine.export.test_call_records import read_lines
from tests.engine.run.runs import ENDLESS_MS, LIMIT_S, Watched, call, children, engine_with_server, serve
from tests.engine.transport.sides import no_more_files

CALLS = "call records"
RECORDS = "records"


def exporters() -> set[int]:
    """The process ids of exporters that are children of this process."""
    return children(b"engine.export")


async def test_a_run_that_exports_nothing_has_no_exporter() -> None:
    async with engine_with_server() as (bus, server):
        run = await call(bus, server.port, max_calls=3)
        assert exporters() == set()
        assert (await run.finish()).queues == {}


@pytest.mark.parametrize(("in_process", "workers"), [(True, 1), (False, 1), (False, 2)])
async def test_what_is_recorded_is_written_when_the_run_has_ended(tmp_path: Path, in_process: bool, workers: int) -> None:
    path = tmp_path / "calls"
    async with engine_with_server(in_process=in_process) as (bus, server):
        run = await call(bus, server.port, max_calls=50, workers=workers, call_records=str(path))
        assert len(exporters()) == 1
        summary = await run.finish()
        assert exporters() == set()
    assert summary.outcome is Outcome.PASSED
    assert "dropped" not in str(summary.verdict)
    assert summary.queues == run.snapshots[-1].queues
    conserved(summary.queues)
    assert summary.queues[CALLS] == summary.queues[RECORDS] == QueueCounts(offered=50, written=50)
    lines = read_lines(path)
    assert sorted(line["call_number"] for line in lines) == list(range(1, 51))
    assert all(line["success"] and line["messages_sent"] == line["messages_received"] == 3 for line in lines)


async def test_calls_are_followed_by_their_records_while_the_run_goes_on(tmp_path: Path) -> None:
    async with engine_with_server() as (bus, server):
        run = await call(bus, server.port, rate=20.0, call_records=str(tmp_path / "calls"))
        await run.until(lambda snapshot: snapshot.queues.get(CALLS, QueueCounts()).written >= 10)
        await bus.call(StopRun(run=run.name))
        summary = await run.finish()
    conserved(summary.queues)
    assert summary.queues[CALLS].written == summary.counters.successful >= 10


async def test_a_file_that_cannot_be_written_keeps_the_run_from_starting(tmp_path: Path) -> None:
    async with engine_with_server() as (bus, server):
        with pytest.raises(ExportError, match=r"no/calls: cannot be written: No such file or directory"):
            await call(bus, server.port, call_records=str(tmp_path / "no" / "calls"))
        assert exporters() == set()


async def test_an_exporter_that_cannot_be_started_keeps_the_run_from_starting(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async with engine_with_server() as (bus, server):
        broken = tmp_path / "python"
        broken.write_text("#!/bin/sh\necho 'the interpreter is broken' >&2\nexit 3\n")
        broken.chmod(0o755)
        monkeypatch.setattr("sys.executable", str(broken))
        with pytest.raises(ExportError, match=r"^the exporter did not start: the interpreter is broken$"):
            await call(bus, server.port, call_records="/dev/null")
        monkeypatch.setattr("sys.executable", str(tmp_path / "none"))
        with pytest.raises(ExportError, match=r"^the exporter cannot be started: No such file or directory"):
            await call(bus, server.port, call_records="/dev/null")


@pytest.mark.parametrize("free", range(8))
async def test_without_descriptors_nothing_is_started_and_nothing_left_open(free: int) -> None:
    before = os.listdir("/proc/self/fd")
    async with trio.open_nursery() as nursery:
        with (
            no_more_files(but=free),
            pytest.raises(ExportError, match="cannot be started: Too many open files; see"),
        ):
            await exporting.start_exporter(RunConfig(call_records="/dev/null", workers=2), nursery, has_stderr=False)
        assert os.listdir("/proc/self/fd") == before


async def test_a_run_that_cannot_start_leaves_neither_an_exporter_nor_its_sockets(tmp_path: Path) -> None:
    async with engine_with_server() as (bus, server):
        before = len(os.listdir("/proc/self/fd"))
        with pytest.raises(BindError):
            await call(bus, server.port, local_port=server.port, call_records=str(tmp_path / "calls"), workers=1)
        assert exporters() == set()
        assert len(os.listdir("/proc/self/fd")) == before


async def test_an_exporter_that_hangs_at_once_keeps_the_run_from_starting(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(exporting, "OPEN_S", 0.3)
    monkeypatch.setattr(exporting, "LAST_WORD_S", 0.2)
    async with engine_with_server() as (bus, server):
        hanging = tmp_path / "python"
        hanging.write_text("#!/bin/sh\nkill -STOP $$\n")
        hanging.chmod(0o755)
        monkeypatch.setattr("sys.executable", str(hanging))
        with trio.fail_after(LIMIT_S), pytest.raises(ExportError, match=r"^the exporter did not start within 0\.3 s$"):
            await call(bus, server.port, call_records="/dev/null")


async def long_run(bus: Bus, server: Watched, **options: Any) -> Watched:
    """Two calls that stay open."""
    run = await call(bus, server.port, users=2, pause_ms=ENDLESS_MS, call_records="/dev/null", **options)
    await run.until(lambda snapshot: snapshot.counters.open == 2)
    return run


def of_the_exporter(run: Watched) -> list[str]:
    """The warnings that tell of the exporter."""
    return [text for text in run.warnings if text.startswith("the exporter ")]


async def stopped(bus: Bus, run: Watched) -> float:
    """Stop the run at once and read it to its end; how long that took, in seconds."""
    began_s = trio.current_time()
    await bus.call(StopRun(run=run.name, now=True))
    summary = await run.finish()
    assert summary.outcome is Outcome.STOPPED
    assert summary.counters.open == 2
    assert exporters() == set()
    conserved(summary.queues)
    return trio.current_time() - began_s


@pytest.mark.parametrize("in_process", [True, False])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
async def test_calls_go_on_when_their_exporter_is_killed_and_what_is_not_known_to_be_written_is_dropped(
    tmp_path: Path, number: signal.Signals, in_process: bool
) -> None:
    async with engine_with_server(in_process=in_process) as (bus, server):
        run = await call(bus, server.port, rate=100.0, max_calls=350, call_records=str(tmp_path / "calls"))
        await run.until(lambda snapshot: snapshot.queues.get(CALLS, QueueCounts()).written >= 20)
        os.kill(*exporters(), number)
        summary = await run.finish()
    assert (summary.outcome, summary.counters.successful) == (Outcome.PASSED, 350)
    assert run.warnings == [f"the exporter has ended: killed by {number.name}; what it has not written is dropped"]
    conserved(summary.queues)
    records, calls = summary.queues[RECORDS], summary.queues[CALLS]
    assert records.offered == 350
    assert 20 <= calls.written <= calls.offered <= records.written < 350
    assert f"records dropped {records.dropped} of 350" in str(summary.verdict)
    assert any(snapshot.queues[RECORDS].dropped for snapshot in run.snapshots[:-1])


async def test_an_exporter_that_stops_costs_one_warning_and_no_more_time_than_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "SILENT_S", 0.5)
    monkeypatch.setattr(exporting, "COMPLETE_S", 0.5)
    monkeypatch.setattr(exporting, "LAST_WORD_S", 0.5)
    async with engine_with_server() as (bus, server):
        run = await long_run(bus, server)
        os.kill(*exporters(), signal.SIGSTOP)
        await run.until(lambda snapshot: of_the_exporter(run))
        assert await stopped(bus, run) < LIMIT_S / 2
    assert of_the_exporter(run) == ["the exporter has said nothing for 0.5 s; what it does not take is dropped"]


async def test_an_exporter_that_stops_at_the_very_end_is_told_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "COMPLETE_S", 0.3)
    monkeypatch.setattr(exporting, "LAST_WORD_S", 0.3)
    async with engine_with_server() as (bus, server):
        run = await long_run(bus, server)
        os.kill(*exporters(), signal.SIGSTOP)
        await stopped(bus, run)
    assert run.warnings == ["the exporter did not end within 0.3 s; what it has not written is dropped"]


async def test_the_time_that_an_exporter_takes_is_none_of_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "COMPLETE_S", 1.0)
    monkeypatch.setattr(exporting, "LAST_WORD_S", 1.0)
    async with engine_with_server() as (bus, server):
        run = await long_run(bus, server)
        os.kill(*exporters(), signal.SIGSTOP)
        elapsed_ns = run.snapshots[-1].elapsed_ns
        began_s = trio.current_time()
        await stopped(bus, run)
        took_ns = (trio.current_time() - began_s) * 1e9
    assert took_ns > 2e9
    assert run.snapshots[-1].elapsed_ns - elapsed_ns < took_ns - 1e9


@pytest.mark.parametrize("in_process", [True, False])
async def test_records_that_nobody_takes_any_more_are_no_time_of_the_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, in_process: bool
) -> None:
    monkeypatch.setattr(exporting, "COMPLETE_S", 0.3)
    monkeypatch.setattr(exporting, "LAST_WORD_S", 0.3)
    monkeypatch.setattr(exporting, "RECORDS_BUFFER_BYTES", 1)  # the kernel makes some thousands of it
    async with engine_with_server(in_process=in_process) as (bus, server):
        run = await call(bus, server.port, rate=200.0, max_calls=200, call_records=str(tmp_path / "calls"))
        os.kill(*exporters(), signal.SIGSTOP)
        summary = await run.finish()
    assert summary.outcome is Outcome.PASSED
    conserved(summary.queues)
    assert summary.queues[RECORDS].offered == 200
    assert summary.queues[RECORDS].dropped > 0
    assert summary.elapsed_s < 1 + LAST_SENDS_S / 2


async def test_the_engine_closes_in_mid_run_and_with_it_the_exporter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "LAST_WORD_S", 0.2)
    with trio.fail_after(LIMIT_S):
        async with open_engine() as bus:
            await long_run(bus, await serve(bus))
            os.kill(*exporters(), signal.SIGSTOP)
        assert exporters() == set()


class Recorders:
    """Shards that record what the test says: it has a hand on each shard's end of the socket."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ends: list[socket.socket] = []
        monkeypatch.setattr(commands, "start_in_process", self._taking(start_in_process))
        monkeypatch.setattr(commands, "start_child", self._taking(start_child))

    def _taking(self, start: Callable[..., Any]) -> Callable[..., Any]:
        async def take(plan: ShardPlan, nursery: trio.Nursery) -> ShardLink:
            if plan.records_fd is not None:
                assert plan.recorded == ("CallEnded",)
                self.ends.append(socket.socket(fileno=os.dup(plan.records_fd)))
            return await start(plan, nursery)  # type: ignore[no-any-return]

        return take

    def close(self) -> None:
        for end in self.ends:
            end.close()


@pytest.mark.parametrize("workers", [1, 2])
async def test_every_shard_has_a_socket_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, workers: int) -> None:
    recorders = Recorders(monkeypatch)
    path = tmp_path / "calls"
    async with engine_with_server() as (bus, server):
        run = await call(bus, server.port, workers=workers, users=2, pause_ms=ENDLESS_MS, call_records=str(path))
        for number, end in enumerate(recorders.ends):
            end.sendall(frame([ended(1000 + number, reason="by the test")]))
        await run.until(lambda snapshot: snapshot.queues.get(CALLS, QueueCounts()).written >= workers)
        await bus.call(StopRun(run=run.name, now=True))
        summary = await run.finish()
    recorders.close()
    conserved(summary.queues)
    by_the_test = [line["call_number"] for line in read_lines(path) if line["error"] == "by the test"]
    assert sorted(by_the_test) == list(range(1000, 1000 + workers))


async def test_a_shard_may_write_more_than_a_socket_takes_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    recorders = Recorders(monkeypatch)
    async with engine_with_server() as (bus, server):
        run = await long_run(bus, server)
        (end,) = recorders.ends
        one, other = socket.socketpair()
        with one, other:
            size = end.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)
            assert size > one.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)
        await stopped(bus, run)
    recorders.close()
