# SPDX-License-Identifier: AGPL-3.0-or-later
"""Calls that their scenario stops, and those that it stops the run with. As in SIPp nobody is told."""

from __future__ import annotations

import pytest

from engine.messages import Failure
from engine.scenario.program import RunAborted
from tests.engine.call.virtual import UAC_CALL, World

RINGING = '<recv response="180" optional="true"/>'


def world(action: str, step: str = '<recv response="180" optional="true">{}</recv>') -> World:
    """A call that has been rung, and whose scenario then did this."""
    actions = f'<action><exec {action}/><log message="after"/></action>'
    one = World(UAC_CALL.replace(RINGING, step.format(actions)))
    one.begin()
    one.answer(180)
    return one


def test_a_call_that_is_stopped_has_failed_and_its_peer_is_not_told() -> None:
    stopped = world('int_cmd="stop_call"')
    assert stopped.failures == {Failure.CALL_REJECTED: 1}
    assert list(stopped.counters.reasons) == ["stop_call in step 3 (200)"]
    assert (stopped.methods, stopped.logs, stopped.call.is_over) == (["INVITE"], [], True)


def test_a_step_that_has_received_nothing_stops_no_call() -> None:
    going_on = World(f'<nop><action><exec int_cmd="stop_call"/><log message="after"/></action></nop>{UAC_CALL}')
    going_on.begin()
    assert (going_on.methods, going_on.logs, going_on.counters.failed) == (["INVITE"], [], 0)
    going_on.answer(200)
    assert going_on.methods == ["INVITE", "ACK"]


@pytest.mark.parametrize("step", ['<recv response="180">{}</recv>', '<recv response="180"/><nop>{}</nop>'])
def test_the_run_that_is_stopped_at_once_goes_no_step_further(step: str) -> None:
    with pytest.raises(RunAborted):
        world('int_cmd="stop_now"', step)


def test_the_run_that_ends_gracefully_lets_the_call_go_on() -> None:
    ending = world('int_cmd="stop_gracefully"')
    assert ending.logs == ["end of the run", "after"]
    ending.answer(200)
    assert ending.methods == ["INVITE", "ACK"]


def test_a_command_of_the_shell_is_handed_on_and_the_call_goes_on() -> None:
    ran = world('command="echo [call_number]"')
    assert ran.logs == ["$ echo 1", "after"]
