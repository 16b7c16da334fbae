# SPDX-License-Identifier: AGPL-3.0-or-later
"""Shards in child processes: one merged result, and whatever becomes of a child, nothing hangs and nothing is left."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import trio

from engine import open_engine
from engine.errors import CommandError, ShardDied
from engine.messages import Outcome, PauseTraffic, SetLimit, StopRun
from engine.options import RunConfig
from engine.pipe import PipeReceiver, PipeSender
from engine.run import links, patience
from engine.scenario.library import read_source
from engine.shard.protocol import AnyFromShard, AnyToShard, Go, Ready, Report, ShardPlan
from engine.transport import Addresses
from tests.engine.run.runs import ENDLESS_MS, LIMIT_S, call, children, engine_with_server, serve
from tests.engine.transport.sides import no_more_files
from tests.programs import free_port


async def test_two_workers_have_one_result() -> None:
    async with engine_with_server() as (bus, server):
        run = await call(bus, server.port, workers=2, max_calls=101)
        assert (run.started.workers, len(children())) == (2, 2)
        summary = await run.finish()
        await server.until(lambda snapshot: snapshot.counters.successful == 101)
        assert children() == set()
    assert (summary.outcome, summary.counters.outgoing, summary.counters.successful) == (Outcome.PASSED, 101, 101)
    assert summary.steps[0].counts.messages == summary.call_length.count == summary.lateness.count == 101


async def test_the_log_of_two_workers_is_whole(tmp_path: Path) -> None:
    log = tmp_path / "log"
    async with engine_with_server() as (bus, server):
        run = await call(bus, server.port, workers=2, max_calls=60, trace_messages=True, message_file=str(log))
        await run.finish()
    text = log.read_bytes()
    assert (text.count(b"UDP message sent"), text.count(b"UDP message received")) == (180, 180)
    assert text.count(b"CSeq: 1 INVITE") == 180


async def test_snapshots_go_on_when_one_worker_has_made_its_calls() -> None:
    async with engine_with_server() as (bus, server):
        run = await call(bus, server.port, workers=2, max_calls=1, pause_ms=ENDLESS_MS)
        first = await run.until(lambda snapshot: snapshot.counters.open == 1)
        await run.until(lambda snapshot: snapshot.sequence >= first.sequence + 2)
        await bus.call(StopRun(run=run.name, now=True))
        assert (await run.finish()).counters.open == 1


async def test_fewer_open_calls_than_workers_are_refused() -> None:
    async with engine_with_server() as (bus, server):
        run = await call(bus, server.port, workers=2)
        with pytest.raises(CommandError, match="-l: 2 workers need at least as many"):
            await bus.call(SetLimit(run=run.name, call_limit=1))


@pytest.mark.parametrize("free", range(6))
async def test_without_descriptors_a_worker_is_not_started_and_says_what_to_do(free: int) -> None:
    name, xml = read_source("uac")
    plan = ShardPlan(config=RunConfig(), scenario=name, xml=xml, addresses=Addresses(local_ip="127.0.0.1"), index=1, pid=7)
    before = os.listdir("/proc/self/fd")
    async with trio.open_nursery() as nursery:
        with no_more_files(but=free), pytest.raises(ShardDied, match="worker 2 cannot be started: Too many open files; see"):
            await links.start_child(plan, nursery)
        assert os.listdir("/proc/self/fd") == before


@pytest.mark.parametrize(
    ("workers", "number", "named"), [(1, signal.SIGKILL, "SIGKILL"), (2, signal.SIGKILL, "SIGKILL"), (1, 40, "signal 40")]
)
async def test_a_child_that_is_killed_fails_the_run_and_its_calls_are_lost(workers: int, number: int, named: str) -> None:
    async with open_engine(in_process=False) as bus:
        server = await serve(bus)
        servers = children()
        run = await call(bus, server.port, workers=workers, users=2 * workers, pause_ms=ENDLESS_MS)
        await run.until(lambda snapshot: snapshot.counters.open == 2 * workers)
        os.kill(min(children() - servers), number)
        summary = await run.finish()
        assert children() == servers
        await bus.call(StopRun(run=server.name, now=True))
        await server.finish()
    assert (summary.outcome, summary.exit_code) == (Outcome.FAILED, 1)
    assert summary.error.startswith("worker ")
    assert summary.error.endswith(f" died: killed by {named}")
    assert (summary.counters.lost_with_shard, summary.counters.open) == (2, 2 * workers - 2)
    assert not summary.trustworthy


async def test_the_engine_closes_in_mid_run() -> None:
    with trio.fail_after(LIMIT_S):
        async with open_engine(in_process=False) as bus:
            server = await serve(bus)
            run = await call(bus, server.port, workers=2, users=4, pause_ms=ENDLESS_MS)
            await run.until(lambda snapshot: snapshot.counters.open == 4)
            assert len(children()) == 3
        assert children() == set()


async def test_a_child_that_does_not_leave_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(links, "LEAVE_S", 0.1)
    with trio.fail_after(LIMIT_S):
        async with open_engine(in_process=False) as bus:
            await serve(bus)
            (child,) = children()
            os.kill(child, signal.SIGSTOP)
        assert children() == set()


@pytest.fixture
def hung(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that waits for less long than real ones."""
    monkeypatch.setattr(patience, "SILENT_S", 0.5)
    monkeypatch.setattr(patience, "HUNG_S", 2.0)
    monkeypatch.setattr(patience, "STOPPING_S", 1.0)
    monkeypatch.setattr(links, "LEAVE_S", 0.2)


@pytest.mark.usefixtures("hung")
async def test_a_worker_that_hangs_is_reported_and_killed_and_its_calls_are_lost() -> None:
    async with engine_with_server() as (bus, server):
        run = await call(bus, server.port, workers=2, users=4, pause_ms=ENDLESS_MS)
        await run.until(lambda snapshot: snapshot.counters.open == 4)
        os.kill(max(children()), signal.SIGSTOP)
        summary = await run.finish()
        assert children() == set()
    assert "worker 2 has said nothing for 0.5 s" in run.warnings
    assert (summary.outcome, summary.exit_code) == (Outcome.FAILED, 1)
    assert summary.error == "worker 2 died: killed: it had said nothing for 2 s"
    assert (summary.counters.lost_with_shard, summary.counters.open) == (2, 2)


@pytest.mark.usefixtures("hung")
async def test_snapshots_go_on_without_a_worker_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "HUNG_S", 60.0)
    async with engine_with_server() as (bus, server):
        run = await call(bus, server.port, workers=2, users=4, pause_ms=ENDLESS_MS)
        await run.until(lambda snapshot: snapshot.counters.open == 4)
        os.kill(max(children()), signal.SIGSTOP)
        await run.until(lambda snapshot: run.warnings)
        told = run.snapshots[-1].sequence
        assert (await run.until(lambda snapshot: snapshot.sequence >= told + 2)).counters.open == 4


async def test_a_worker_that_is_only_slow_is_not_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "SILENT_S", 0.3)
    async with engine_with_server() as (bus, server):
        run = await call(bus, server.port, workers=2, users=2, pause_ms=600, max_calls=4)
        await run.until(lambda snapshot: snapshot.counters.open == 2)
        slow = max(children())
        os.kill(slow, signal.SIGSTOP)
        await run.until(lambda snapshot: run.warnings)
        os.kill(slow, signal.SIGCONT)
        summary = await run.finish()
    assert "worker 2 has said nothing for 0.3 s" in run.warnings
    assert (summary.outcome, summary.counters.successful, summary.counters.lost_with_shard) == (Outcome.PASSED, 4, 0)


@pytest.mark.usefixtures("hung")
async def test_a_run_time_limit_ends_a_run_whose_worker_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "HUNG_S", 60.0)
    async with engine_with_server() as (bus, server):
        run = await call(bus, server.port, workers=2, users=4, pause_ms=ENDLESS_MS, run_timeout_ms=1500, timeout_error=True)
        await run.until(lambda snapshot: snapshot.counters.open == 4)
        os.kill(max(children()), signal.SIGSTOP)
        summary = await run.finish()
        assert children() == set()
    assert summary.error == "-timeout: the run was ended after 1.5 s"
    assert (summary.counters.lost_with_shard, summary.counters.open) == (2, 2)


@pytest.mark.usefixtures("hung")
async def test_a_worker_that_does_not_read_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "HUNG_S", 60.0)
    monkeypatch.setattr(links, "MOST_UNREAD", 1000)
    async with engine_with_server() as (bus, server):
        run = await call(bus, server.port, workers=2, call_limit=2)
        os.kill(max(children()), signal.SIGSTOP)
        for limit in range(4000):
            await bus.call(SetLimit(run=run.name, call_limit=2 + limit % 2))
        await bus.call(StopRun(run=run.name, now=True))
        summary = await run.finish()
        assert children() == set()
    assert summary.error == "worker 2 died: killed: it was told to stop and said nothing for 1 s"


async def test_children_that_hang_before_they_are_ready_keep_the_run_from_starting(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    hanging = tmp_path / "python"
    hanging.write_text("#!/bin/sh\nkill -STOP $$\n")
    hanging.chmod(0o755)
    scenario = tmp_path / "long.xml"
    scenario.write_text(f"<scenario><!--{'long ' * 100_000}--><recv request='INVITE'/></scenario>")
    monkeypatch.setattr("sys.executable", str(hanging))
    monkeypatch.setattr(patience, "START_S", 0.5)
    monkeypatch.setattr(links, "LEAVE_S", 0.1)
    async with open_engine(in_process=False) as bus:
        with trio.fail_after(LIMIT_S), pytest.raises(ShardDied, match=r"worker 1 did not start within 0\.5 s"):
            await serve(bus, scenario_file=str(scenario), scenario_name="")
        assert children() == set()


async def test_a_child_that_hangs_after_its_last_word_is_killed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import atexit, os, signal\natexit.register(os.kill, os.getpid(), signal.SIGSTOP)\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(links, "LEAVE_S", 0.5)
    async with engine_with_server() as (bus, server):
        run = await call(bus, server.port, workers=2, max_calls=4)
        summary = await run.finish()
    assert children() == set()
    assert (summary.outcome, summary.counters.successful) == (Outcome.PASSED, 4)


def shard_process(pipe: socket.socket) -> subprocess.Popen[bytes]:
    """A child that belongs to no run."""
    with pipe:
        return subprocess.Popen([sys.executable, "-m", "engine.shard", str(pipe.fileno())], pass_fds=[pipe.fileno()])


async def test_a_child_that_was_stopped_while_its_run_went_ends_when_it_goes_on() -> None:
    ours, theirs = socket.socketpair()
    stream = trio.SocketStream(trio.socket.from_stdlib_socket(ours))
    sender: PipeSender[AnyToShard] = PipeSender(stream)
    receiver: PipeReceiver[AnyFromShard] = PipeReceiver(stream, AnyFromShard)
    name, xml = read_source("uac")
    here = Addresses(local_ip="127.0.0.1", bind_ip="127.0.0.1", local_port=0, remote_ip="127.0.0.1", remote_port=free_port())
    with shard_process(theirs) as child, trio.fail_after(LIMIT_S):
        await sender.send(ShardPlan(config=RunConfig(users=5), scenario=name, xml=xml, addresses=here, pid=7))
        assert isinstance(await receiver.receive(), Ready)
        await sender.send(Go(start_ns=time.monotonic_ns()))
        assert isinstance(await receiver.receive(), Report)
        child.send_signal(signal.SIGSTOP)
        await stream.aclose()
        child.send_signal(signal.SIGCONT)
        assert await trio.to_thread.run_sync(child.wait, LIMIT_S) == 1


async def test_a_child_that_cannot_start_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho 'the interpreter is broken' >&2\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(broken))
    async with open_engine(in_process=False) as bus:
        with trio.fail_after(LIMIT_S), pytest.raises(ShardDied, match="worker 1 did not start: the interpreter is broken"):
            await serve(bus)


async def test_a_mistake_of_ours_in_this_process_ends_the_run_and_not_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    async with engine_with_server() as (bus, server):
        run = await call(bus, server.port, users=2, pause_ms=ENDLESS_MS)
        await run.until(lambda snapshot: snapshot.counters.open == 2)

        def explode(pacer: object, now_ns: int) -> None:
            raise ZeroDivisionError("on purpose")

        monkeypatch.setattr("engine.shard.pacing.UserPacer.pause", explode)
        await bus.call(PauseTraffic(run=run.name))
        summary = await run.finish()
        assert summary.outcome is Outcome.FAILED
        assert summary.error == "worker 1 died: internal error: ZeroDivisionError: on purpose"
        assert (await (await call(bus, server.port, max_calls=3)).finish()).outcome is Outcome.PASSED


async def test_long_calls_in_children_can_be_reported(tmp_path: Path) -> None:
    async with open_engine(in_process=False) as bus:
        server = await serve(bus)
        run = await call(bus, server.port, users=60, pause_ms=600, max_calls=120)
        summary = await run.finish()
    assert (summary.outcome, summary.counters.successful) == (Outcome.PASSED, 120)
