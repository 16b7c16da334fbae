# SPDX-License-Identifier: AGPL-3.0-or-later
"""How runs end, in this process: each outcome with its exit code, and the files that tell of it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec
import pytest

from engine import open_engine
from engine.bus.recorded import LineReader
from engine.messages import Failure, Outcome, RunFinished, RunStarted, Snapshot, StopRun, Summary
from engine.messages.events import EXIT_CODES
from engine.run import run as run_module
from engine.scenario.library import read_source
from tests.engine.run.runs import ENDLESS_MS, call, engine_with_server, serve
from tests.programs import free_port

UAC = read_source("uac")[1].decode()


async def test_a_run_passes_and_both_sides_agree() -> None:
    async with engine_with_server() as (bus, server):
        summary = await (await call(bus, server.port, max_calls=50)).finish()
        await server.until(lambda snapshot: snapshot.counters.successful == 50)
        await bus.call(StopRun(run=server.name, now=True))
        answered = await server.finish()
    assert (summary.outcome, summary.exit_code, summary.error) == (Outcome.PASSED, 0, "")
    assert (summary.counters.outgoing, summary.counters.successful) == (50, 50)
    assert (answered.counters.incoming, answered.counters.successful) == (50, 50)
    assert (answered.outcome, answered.exit_code) == (Outcome.STOPPED, 97)


async def test_calls_that_fail_fail_the_run() -> None:
    async with open_engine() as bus:
        summary = await (await call(bus, free_port(), max_calls=3, recv_timeout_ms=50)).finish()
    assert (summary.outcome, summary.exit_code) == (Outcome.FAILED, 1)
    assert summary.counters.failures == {Failure.TIMEOUT_ON_RECV: 3}
    assert summary.counters.reasons == {"timeout in step 4 (200)": 3}


@pytest.mark.parametrize(
    ("timeout_error", "outcome", "told"),
    [(False, Outcome.NO_CALLS, ""), (True, Outcome.ERROR, "-timeout: the run was ended after 0.05 s")],
)
async def test_the_time_is_up(timeout_error: bool, outcome: Outcome, told: str) -> None:
    async with engine_with_server() as (bus, server):
        run = await call(bus, server.port, run_timeout_ms=50, timeout_error=timeout_error, users=1, pause_ms=ENDLESS_MS)
        summary = await run.finish()
    assert (summary.outcome, summary.exit_code, summary.error) == (outcome, EXIT_CODES[outcome], told)
    assert (summary.counters.open, summary.counters.failed) == (1, 0)


async def test_a_server_that_closes_its_connection_is_an_error() -> None:
    async with open_engine() as bus:
        server = await serve(bus, transport="t1")
        run = await call(bus, server.port, transport="t1", users=3, pause_ms=ENDLESS_MS)
        await run.until(lambda snapshot: snapshot.counters.open == 3)
        await bus.call(StopRun(run=server.name, now=True))
        summary = await run.finish()
    assert (summary.outcome, summary.exit_code) == (Outcome.ERROR, 255)
    assert summary.error.startswith("the TCP connection to 127.0.0.1 port ")
    assert summary.counters.failures == {Failure.TCP_CLOSED: 3}


async def test_an_error_action_ends_the_run_and_every_worker(tmp_path: Path) -> None:
    scenario = tmp_path / "aborts.xml"
    error = '<nop><action><error message="call [call_number] is too much"/></action></nop>'
    scenario.write_text(UAC.replace("<pause/>", error, 1))
    async with engine_with_server(in_process=False) as (bus, server):
        run = await call(bus, server.port, scenario_file=str(scenario), workers=2, pause_ms=ENDLESS_MS)
        summary = await run.finish()
    assert (summary.outcome, summary.exit_code) == (Outcome.ERROR, 255)
    assert summary.error in ("call 1 is too much", "call 2 is too much")
    assert summary.counters.fatal_errors in (1, 2)
    assert (summary.counters.successful, summary.counters.failed) == (0, 0)


async def test_the_summary_is_written(tmp_path: Path) -> None:
    async with engine_with_server() as (bus, server):
        path = tmp_path / "summary.json"
        summary = await (await call(bus, server.port, max_calls=5, summary_json=str(path))).finish()
    assert msgspec.json.decode(path.read_bytes(), type=Summary) == summary


async def test_a_summary_that_cannot_be_written_is_an_error() -> None:
    async with engine_with_server() as (bus, server):
        summary = await (await call(bus, server.port, max_calls=5, summary_json="no/where/summary.json")).finish()
    assert (summary.outcome, summary.exit_code) == (Outcome.ERROR, 255)
    assert summary.error == "no/where/summary.json: cannot be written: No such file or directory"
    assert summary.counters.successful == 5


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"trace_statistics": True, "statistics_file": "/dev/full"}, "/dev/full: cannot be written: No space left on device"),
        ({"trace_messages": True, "message_file": "/dev/full"}, "/dev/full: cannot be written: No space left on device"),
        ({"events_file": "/dev/full"}, "/dev/full: events are not recorded: No space left on device"),
        ({"events_file": "no/where.jsonl"}, "no/where.jsonl: events are not recorded: No such file or directory"),
    ],
)
async def test_a_full_disk_is_a_warning_and_the_run_goes_on(options: dict[str, Any], told: str) -> None:
    async with engine_with_server() as (bus, server):
        run = await call(bus, server.port, max_calls=20, **options)
        summary = await run.finish()
    assert (summary.outcome, summary.counters.successful) == (Outcome.PASSED, 20)
    assert run.warnings == [told]


async def test_the_events_are_recorded_from_the_start_to_the_end(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    async with engine_with_server() as (bus, server):
        run = await call(bus, server.port, max_calls=20, events_file=str(path))
        summary = await run.finish()
    reader = LineReader()
    events = [reader.read(line)[1] for line in path.read_bytes().splitlines()]
    assert [type(event) for event in events] == [RunStarted, *[Snapshot] * len(run.snapshots), RunFinished]
    assert events[0] == run.started
    assert events[-2:] == [run.snapshots[-1], RunFinished(run=run.name, summary=summary)]


async def test_the_table_has_a_row_for_the_end(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    async with engine_with_server() as (bus, server):
        await (await call(bus, server.port, max_calls=20, trace_statistics=True, statistics_file=str(path))).finish()
    header, *rows = (line.split(";") for line in path.read_text().splitlines())
    assert rows[-1][header.index("SuccessfulCall(C)")] == "20"


async def test_what_a_scenario_logs_is_told(tmp_path: Path) -> None:
    scenario = tmp_path / "talks.xml"
    scenario.write_text(
        '<scenario name="talks"><nop><action><log message="call [call_number] speaks"/></action></nop>'
        "<send><![CDATA[OPTIONS sip:a@[remote_ip]:[remote_port] SIP/2.0\nCall-ID: [call_id]\nCSeq: 1 OPTIONS\n\n]]></send>"
        "</scenario>"
    )
    async with engine_with_server() as (bus, server):
        run = await call(bus, server.port, scenario_file=str(scenario), max_calls=2)
        summary = await run.finish()
    assert (summary.outcome, run.logged) == (Outcome.PASSED, ["call 1 speaks", "call 2 speaks"])


async def test_two_runs_after_each_other_are_not_taken_for_each_other() -> None:
    async with engine_with_server() as (bus, server):
        runs = [await call(bus, server.port, max_calls=10) for _ in range(2)]
        assert [(await run.finish()).counters.successful for run in runs] == [10, 10]
        assert len({run.started.pid for run in (server, *runs)}) == 3


async def test_a_summary_that_nobody_reads_does_not_hold_up_the_end(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(run_module, "SUMMARY_WRITE_S", 0.2)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    async with engine_with_server() as (bus, server):
        summary = await (await call(bus, server.port, max_calls=5, summary_json=str(pipe))).finish()
    os.close(os.open(pipe, os.O_RDONLY | os.O_NONBLOCK))
    assert (summary.outcome, summary.counters.successful) == (Outcome.ERROR, 5)
    assert summary.error == f"{pipe}: could not be written within 0.2 s"
