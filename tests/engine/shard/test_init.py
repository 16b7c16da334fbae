# SPDX-License-Identifier: AGPL-3.0-or-later
"""The <init> of a scenario: run once before the first call, as a call that nobody hears of."""

from __future__ import annotations

import time

from engine.call import CallContext
from engine.scenario.compile import compile_program
from engine.scenario.load import load_scenario
from engine.scenario.program import RunFacts
from engine.shard.calls import CallTable
from engine.shard.init import run_init
from engine.shard.protocol import LoggedText, Warned
from engine.stats.meter import Meter
from tests.engine.scenario.helpers import OPTIONS, Call, scenario_bytes
from tests.engine.shard.test_calls import Switchboard

LOGS_V = '<nop><action><log message="[$v] [call_number] [call_id]"/></action></nop>'
SETS_V = '<nop><action><assignstr assign_to="v" value="set"/></action></nop>'


async def after_init(body: str) -> tuple[CallContext, list[str]]:
    """Run the init of a scenario with this body; what it has said."""
    facts = RunFacts(local_ip="127.0.0.1", local_port=5060)
    program = compile_program(load_scenario("test.xml", scenario_bytes(body)), facts)
    board = Switchboard(OPTIONS)
    context = CallContext(program=program, meter=Meter(steps=len(program.steps)), host=board.table)
    await run_init(context, 1)
    board.poller.close()
    return context, [note.text for note in board.notes.take() if isinstance(note, (Warned, LoggedText))]


def logged(context: CallContext, call: Call) -> list[str]:
    """What the actions of the last step write for a call."""
    for action in context.program.steps[-1].actions:
        action(call)
    return call.logs


async def test_what_it_assigns_to_globals_stays() -> None:
    context, said = await after_init(f'<Global variables="v"/><init>{SETS_V}{LOGS_V}</init>{OPTIONS}{LOGS_V}')
    assert said == ["set 1 ///main-init"]
    assert logged(context, Call(number=2)) == ["set 2 7-4242@127.0.0.2"]
    assert context.meter.counters.created == 0


async def test_other_variables_are_its_own() -> None:
    for scope in ("", '<User variables="v"/>'):
        context, said = await after_init(f"{scope}<init>{SETS_V}{LOGS_V}</init>{OPTIONS}{LOGS_V}")
        assert said == ["set 1 ///main-init"]
        assert logged(context, Call(number=2, variables=[None], user_variables=[None])) == [" 2 7-4242@127.0.0.2"]


async def test_its_labels_are_its_own_and_jumps_and_pauses_work() -> None:
    skipped = '<nop><action><log message="never"/></action></nop>'
    init = f'<init><nop next="end"/>{skipped}<label id="end"/><pause milliseconds="20"/>{LOGS_V}</init>'
    began_ns = time.monotonic_ns()
    _, said = await after_init(f'{init}<label id="end"/>{OPTIONS}<nop next="end"/>{SETS_V}')
    assert said == [" 1 ///main-init"]
    assert time.monotonic_ns() - began_ns >= 20_000_000


async def test_what_fails_in_it_is_a_warning() -> None:
    check = '<nop><action><ereg regexp="x" search_in="msg" check_it="true" assign_to="v"/></action></nop>'
    _, said = await after_init(f"<init>{check}</init>{OPTIONS}{LOGS_V}")
    assert said == ["<init> has failed: ereg 'x' does not match in step 0 (nop)"]


async def test_an_error_in_it_ends_the_run_before_it_begins() -> None:
    context, _ = await after_init(f'<init><nop><action><error message="not today"/></action></nop></init>{OPTIONS}')
    assert isinstance(context.host, CallTable)
    assert (context.host.failure, context.host.closing) == ("not today", True)
