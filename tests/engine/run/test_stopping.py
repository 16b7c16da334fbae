# SPDX-License-Identifier: AGPL-3.0-or-later
"""A scenario that ends its run, and commands that it has run: in all workers, with the right outcome."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.messages import Outcome
from tests.engine.run.runs import ENDLESS_MS, call, engine_with_server

SCENARIO = Path(__file__).parents[3] / "scenarios" / "uac.xml"
ANSWERED = '<recv response="200" rtd="true"/>'


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    return tmp_path / "stops.xml"


def write(scenario: Path, action: str, step: str = '<recv response="200" rtd="true"><action>{}</action></recv>') -> str:
    """Our caller, which does this when it is answered; its path."""
    text = SCENARIO.read_text()
    assert ANSWERED in text
    scenario.write_text(text.replace(ANSWERED, step.format(action)))
    return str(scenario)


@pytest.mark.parametrize("workers", [1, 2])
async def test_a_scenario_may_end_its_run_at_once(scenario: Path, workers: int) -> None:
    path = write(scenario, '<exec int_cmd="stop_now"/>')
    async with engine_with_server() as (bus, server):
        run = await call(bus, server.port, scenario_file=path, workers=workers, pause_ms=ENDLESS_MS)
        summary = await run.finish()
    assert (summary.outcome, summary.exit_code) == (Outcome.STOPPED, 97)
    assert summary.counters.open >= 1
    assert "the scenario has ended the run (stop_now)" in run.warnings


async def test_a_scenario_may_end_its_run_when_its_calls_have_ended(scenario: Path) -> None:
    path = write(scenario, '<exec int_cmd="stop_gracefully"/>')
    async with engine_with_server() as (bus, server):
        run = await call(bus, server.port, scenario_file=path, rate=20.0)
        summary = await run.finish()
    assert (summary.outcome, summary.exit_code, summary.counters.open) == (Outcome.PASSED, 0, 0)
    assert "the scenario has ended the run (stop_gracefully)" in run.warnings


async def test_calls_that_are_stopped_fail_the_run(scenario: Path) -> None:
    path = write(scenario, '<exec int_cmd="stop_call"/>')
    async with engine_with_server() as (bus, server):
        summary = await (await call(bus, server.port, scenario_file=path, max_calls=3)).finish()
    assert (summary.outcome, summary.counters.failed) == (Outcome.FAILED, 3)
    assert summary.counters.reasons == {"stop_call in step 4 (200)": 3}


@pytest.mark.parametrize("workers", [1, 2])
async def test_commands_are_run_and_what_fails_is_a_warning(scenario: Path, tmp_path: Path, workers: int) -> None:
    path = write(scenario, f'<exec command="echo [call_number] >>{tmp_path}/ran"/><exec command="exit [call_number]"/>')
    async with engine_with_server() as (bus, server):
        run = await call(bus, server.port, scenario_file=path, max_calls=4, workers=workers)
        summary = await run.finish()
    assert summary.outcome is Outcome.PASSED
    assert sorted((tmp_path / "ran").read_text().split()) == ["1", "2", "3", "4"]
    assert sorted(run.warnings) == [f"command 'exit [call_number]': exit status {number}" for number in (1, 2, 3, 4)]
    assert summary.counters.warnings == 4


async def test_commands_of_init_are_run_before_the_first_call(scenario: Path, tmp_path: Path) -> None:
    command = f'<exec command="touch {tmp_path}/began"/>'
    path = write(scenario, "", f"{ANSWERED}<init><nop><action>{command}</action></nop><pause milliseconds='50'/></init>")
    async with engine_with_server() as (bus, server):
        run = await call(bus, server.port, scenario_file=path, max_calls=1)
        summary = await run.finish()
    assert summary.outcome is Outcome.PASSED
    assert (tmp_path / "began").exists()
