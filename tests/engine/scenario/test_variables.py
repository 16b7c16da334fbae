# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whose a variable is: the call's, the user's, the run's."""

from __future__ import annotations

import pytest

from engine.scenario.load import load_scenario
from engine.scenario.program import Program
from engine.scenario.variables import Memory, Value, is_set
from tests.engine.scenario.helpers import OPTIONS, Call, problems_of, program_of, scenario_bytes

SETS = '<nop><action><assignstr assign_to="{}" value="[call_number]"/><log message="[${}]"/></action></nop>'


def call_of(program: Program, number: int = 1, user: int = 0) -> Call:
    """A call as the table of calls makes it."""
    call = Call(number=number, user=user, variables=[None] * len(program.variables))
    if program.user_memory is not None:
        call.user_variables = program.user_memory.of_user(user)
    return call


def act(program: Program, call: Call, action: int) -> str:
    """Run one action of step 1; the last line that the call has logged."""
    program.steps[1].actions[action](call)
    return call.logs[-1] if call.logs else ""


def test_a_variable_of_the_call_is_its_own() -> None:
    program = program_of(OPTIONS + SETS.format("v", "v"))
    act(program, call_of(program), 0)
    assert act(program, call_of(program), 1) == ""


def test_a_global_variable_is_the_same_for_all_calls_wherever_it_is_declared() -> None:
    for before, after in (("<Global variables='v'/>", ""), ("", "<Global variables='v'/>")):
        program = program_of(before + OPTIONS + SETS.format("v", "v") + after)
        act(program, call_of(program, number=5), 0)
        assert act(program, call_of(program, number=6), 1) == "5"
        assert program.variables == ()


def test_a_user_variable_is_shared_by_the_calls_of_its_user() -> None:
    program = program_of("<User variables='v'/>" + OPTIONS + SETS.format("v", "v"))
    act(program, call_of(program, number=5, user=1), 0)
    act(program, call_of(program, number=6, user=2), 0)
    assert act(program, call_of(program, user=1), 1) == "5"
    assert act(program, call_of(program, user=2), 1) == "6"
    assert act(program, call_of(program, user=3), 1) == ""


def test_without_users_each_call_has_its_own_user_variables() -> None:
    program = program_of("<User variables='v'/>" + OPTIONS + SETS.format("v", "v"))
    act(program, call_of(program), 0)
    assert act(program, call_of(program), 1) == ""


def test_what_is_declared_as_both_is_global() -> None:
    body = "<User variables='v, w'/><Global variables='v'/>" + OPTIONS + SETS.format("v", "w")
    scenario = load_scenario("s.xml", scenario_bytes(body))
    assert (scenario.variables, scenario.global_variables, scenario.user_variables) == ((), ("v",), ("w",))


def test_a_declaration_counts_as_a_use() -> None:
    once = '<nop><action><log message="[$v]"/></action></nop>'
    assert problems_of(OPTIONS + once) != []
    assert problems_of("<Global variables='v'/>" + OPTIONS + once) == []
    assert problems_of("<User variables='v'/>" + OPTIONS + once) == []


def test_a_variable_that_only_a_default_message_names_is_no_mistake() -> None:
    message = '<DefaultMessage id="bye"><![CDATA[BYE sip:x SIP/2.0\nX: [$v]\n\n]]></DefaultMessage>'
    assert problems_of(OPTIONS + message) == []


def test_a_global_variable_begins_with_its_preset() -> None:
    program = program_of("<Global variables='v'/>" + OPTIONS + SETS.format("v", "v"), memory=Memory({"v": b"5", "w": b"6"}))
    assert act(program, call_of(program), 1) == "5"


def test_scenarios_that_share_a_memory_share_globals_by_name() -> None:
    memory = Memory()
    first = program_of("<Global variables='a, v'/>" + OPTIONS + SETS.format("v", "a"), memory=memory)
    second = program_of("<Global variables='v'/>" + OPTIONS + SETS.format("v", "v"), memory=memory)
    act(first, call_of(first, number=9), 0)
    assert act(second, call_of(second), 1) == "9"


@pytest.mark.parametrize(
    ("value", "expected"),
    [(None, False), (False, False), (0.0, False), (-0.0, False), (True, True), (1.5, True), (b"", True), (b"0", True)],
)
def test_what_counts_as_set(value: Value, expected: bool) -> None:
    assert is_set(value) is expected
