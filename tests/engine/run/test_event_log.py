# SPDX-License-Identifier: AGPL-3.0-or-later
"""The event log of real runs: what it says is what the summary says, and who does not read it costs no call."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import trio

from engine.messages import Outcome, QueueCounts
from tests.engine.export.conservation import conserved
from tests.engine.run.runs import LIMIT_S, call, engine_with_server
from tests.engine.scenario.helpers import OPTIONS
from tests.programs import ROOT, free_port

TO_FILE = "event log to file"


def read(path: Path) -> list[dict[str, Any]]:
    """The events in a file."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def of_kind(events: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    """The attributes of those of one kind, with what is said in words."""
    return [{**event["attributes"], "msg": event["msg"], "level": event["level"]} for event in events if event["kind"] == kind]


@pytest.mark.parametrize(("in_process", "workers"), [(True, 1), (False, 2)])
async def test_a_run_that_goes_well(tmp_path: Path, in_process: bool, workers: int) -> None:
    path = tmp_path / "events"
    async with engine_with_server(in_process=in_process) as (bus, server):
        run = await call(bus, server.port, max_calls=50, workers=workers, log_json_file=str(path))
        summary = await run.finish()
    conserved(summary.queues)
    events = read(path)
    assert summary.queues[TO_FILE] == QueueCounts(offered=len(events), written=len(events))
    kinds = Counter(event["kind"] for event in events)
    sent = sum(step.counts.messages for step in summary.steps if step.kind == "send")
    received = sum(step.counts.messages for step in summary.steps if step.kind == "recv")
    assert (kinds["sip.send"], kinds["sip.recv"]) == (sent, received) == (150, 150)
    assert kinds["call.started"] == kinds["call.ended"] == summary.counters.successful == 50
    assert sorted(each["call_num"] for each in of_kind(events, "call.ended")) == list(range(1, 51))
    assert {each["result"] for each in of_kind(events, "call.ended")} == {"success"}
    assert min(events, key=lambda event: event["time"])["kind"] == "engine.started"
    assert max(events, key=lambda event: event["time"])["kind"] == "engine.stopped"
    [ended] = of_kind(events, "engine.stopped")
    assert (ended["successful"], ended["dropped_logs"], ended["outcome"]) == (50, 0, "passed")


async def test_what_goes_wrong_and_what_a_scenario_says(tmp_path: Path) -> None:
    path, scenario = tmp_path / "events", tmp_path / "waits.xml"
    logs = '<log message="call [call_number]" level="warn" name="begun" attr.who="[service]"/><warning message="careful"/>'
    steps = f'<nop><action>{logs}</action></nop>{OPTIONS}<recv response="200" timeout="100"/>'
    scenario.write_text(f'<scenario name="waits">{steps}</scenario>')
    async with engine_with_server() as (bus, _):
        run = await call(
            bus, free_port(), scenario_file=str(scenario), max_calls=3, log_json_file=str(path), log_samples=("timeout=2",)
        )
        summary = await run.finish()
    conserved(summary.queues)
    assert (summary.outcome, summary.counters.failed) == (Outcome.FAILED, 3)
    events = read(path)
    said = of_kind(events, "action.log")
    assert [(each["msg"], each["level"]) for each in said[:2]] == [("call 1", "warn"), ("careful", "warn")]
    assert (said[0]["name"], said[0]["who"], said[0]["call_num"]) == ("begun", "service", 1)
    assert [(each["expected"], each["timeout_ms"], each["source"]) for each in of_kind(events, "timeout")] == [
        ("step 2 (200)", 100, "recv")
    ] * 2
    ended, errors = of_kind(events, "call.ended"), of_kind(events, "error")
    assert {(each["result"], each["failure"]) for each in ended} == {("timeout", "FailedTimeoutOnRecv")}
    assert [each["call_id"] for each in errors] == [each["call_id"] for each in ended]
    assert {each["level"] for each in errors} == {"error"}


async def test_only_what_matters(tmp_path: Path) -> None:
    path = tmp_path / "events"
    async with engine_with_server() as (bus, server):
        run = await call(bus, server.port, max_calls=5, log_json_file=str(path), log_level="error")
        summary = await run.finish()
    assert read(path) == []
    assert summary.queues[TO_FILE] == QueueCounts()


async def program(port: int, *arguments: str, stderr: int) -> subprocess.CompletedProcess[bytes]:
    """The program as a user runs it, whose standard error goes there."""
    command = [sys.executable, "-m", "gossipper_tui", "sipp", "-sn", "uac", f"127.0.0.1:{port}", "-i", "127.0.0.1", "-nostdin"]
    with trio.fail_after(LIMIT_S):
        return await trio.run_process([*command, *arguments], cwd=ROOT, capture_stdout=True, stderr=stderr, check=False)


async def test_standard_error_gets_the_events_and_standard_output_what_it_always_gets(tmp_path: Path) -> None:
    path = tmp_path / "stderr"
    async with engine_with_server() as (_, server):
        with path.open("wb") as file:
            done = await program(server.port, "-m", "20", "-r", "200", "-log_stdout", stderr=file.fileno())
    assert done.returncode == 0, done.stdout
    assert Counter(event["kind"] for event in read(path))["call.ended"] == 20
    assert b"call.ended" not in done.stdout


async def test_standard_error_that_nobody_reads_costs_events_and_no_calls() -> None:
    reading, writing = os.pipe()
    async with engine_with_server() as (_, server):
        arguments = ["-m", "200", "-r", "500", "-log_stdout", "-log_buffer_size", "50"]
        done = await program(server.port, *arguments, stderr=writing)
    os.close(reading)
    os.close(writing)
    assert done.returncode == 0, done.stdout
    assert b"200 ok" in done.stdout
    assert b"event log to stderr dropped" in done.stdout
