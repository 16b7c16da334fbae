# SPDX-License-Identifier: AGPL-3.0-or-later
"""The sink of the event log: what comes goes to all its outputs, and each counts for itself."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio

from engine.export import line_outputs
from engine.export.event_log import EventLog
from engine.export.log_outputs import OUTPUTS, outputs_of
from engine.options import RunConfig
from tests.engine.export.conservation import conserved
from tests.engine.export.examples import call_ended, call_started, finished, message, request, started, surroundings


def read(path: Path) -> list[dict[str, Any]]:
    return [msgspec.json.decode(line) for line in path.read_bytes().splitlines()]


def test_outputs_are_those_that_are_asked_for() -> None:
    assert outputs_of(RunConfig()) == ()
    assert len(outputs_of(RunConfig(log_to_stderr=True))) == len(outputs_of(RunConfig(log_json_file="x"))) == 1
    assert set(outputs_of(RunConfig(log_to_stderr=True, log_json_file="x"))) <= set(OUTPUTS)


async def test_a_run_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "log"
    log = EventLog(surroundings(log_json_file=str(path), log_attributes=("site=lab",)))
    await log.open()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(log.write)
        for item in (started(), call_started(), message(request("OPTIONS"), sent=True), call_ended(), finished()):
            log.take(item)
        log.close()
    log.abandon()
    conserved(log.counts)
    said = read(path)
    assert [each["kind"] for each in said] == ["engine.started", "call.started", "sip.send", "call.ended", "engine.stopped"]
    assert {each["resource"]["site"] for each in said} == {"lab"}
    assert log.counts["event log to file"].written == 5


async def test_one_output_that_hangs_costs_the_other_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    monkeypatch.setattr(line_outputs, "STDERR", writing)
    path = tmp_path / "log"
    log = EventLog(surroundings(log_json_file=str(path), log_to_stderr=True, log_buffer_size=2000))
    await log.open()
    with trio.move_on_after(0.5):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(log.write)
            for number in range(5000):
                log.take(call_started(call=number))
                if number % 100 == 0:
                    await trio.sleep(0.001)
            log.take(finished())
            log.close()
    log.abandon()
    conserved(log.counts)
    said = read(path)
    assert len(said) == 5001
    assert log.counts["event log to file"].dropped == 0
    hung = log.counts["event log to stderr"]
    assert hung.offered == 5001
    assert 0 < said[-1]["attributes"]["dropped_logs"] < hung.dropped
    os.close(reading)
    os.close(writing)


async def test_what_cannot_be_opened_is_raised(tmp_path: Path) -> None:
    log = EventLog(surroundings(log_json_file=str(tmp_path)))
    with pytest.raises(Exception, match="cannot be written: Is a directory"):
        await log.open()
    log.abandon()
    conserved(log.counts)
