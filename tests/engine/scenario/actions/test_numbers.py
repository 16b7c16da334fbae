# SPDX-License-Identifier: AGPL-3.0-or-later
"""Actions on numbers. The values are those that SIPp 3.6.1 has."""

from __future__ import annotations

import math
from random import Random

import pytest

from engine.messages import Failure
from engine.scenario.values import text_of
from engine.scenario.variables import Value
from tests.engine.scenario.actions.running import problems_of_action, run


@pytest.mark.parametrize(
    ("value", "expected", "written"),
    [
        ("1.5", 1.5, b"1.500000"),
        ("-3", -3.0, b"-3.000000"),
        ("1e20", 1e20, b"100000000000000000000.000000"),
        ("0.0000001", 1e-7, b"0.000000"),
        ("0", 0.0, b""),
        ("", 0.0, b""),
        ("1e-400", 0.0, b""),
        ("0x10", 16.0, b"16.000000"),
        (" 12", 12.0, b"12.000000"),
        ("inf", math.inf, b"inf"),
        ("-1e400", -math.inf, b"-inf"),
    ],
)
def test_assign(value: str, expected: float, written: bytes) -> None:
    values, _ = run(f'<assign assign_to="v" value="{value}"/>', "v")
    assert values["v"] == expected
    assert text_of(values["v"]) == written


@pytest.mark.parametrize(("value", "expected"), [(1.5, 1.5), (b"12.5", 0.0), (True, 0.0), (None, 0.0)])
def test_what_is_no_number_is_assigned_as_0(value: Value, expected: float) -> None:
    values, _ = run('<assign assign_to="v" variable="w"/>', "v", "w", start={"w": value})
    assert values["v"] == expected
    assert type(values["v"]) is float


@pytest.mark.parametrize(
    ("action", "start", "expected"),
    [
        ('<add assign_to="v" value="2"/>', 1.5, 3.5),
        ('<add assign_to="v" value="2"/>', None, 2.0),
        ('<add assign_to="v" value="2"/>', b"5", 2.0),
        ('<add assign_to="v" value="2"/>', True, 2.0),
        ('<add assign_to="v" variable="v"/>', 3.0, 6.0),
        ('<subtract assign_to="v" value="2"/>', 1.5, -0.5),
        ('<subtract assign_to="v" variable="v"/>', 3.0, 0.0),
        ('<multiply assign_to="v" value="2"/>', 1.5, 3.0),
        ('<multiply assign_to="v" variable="v"/>', 3.0, 9.0),
        ('<multiply assign_to="v" value="1e300"/>', 1e300, math.inf),
        ('<divide assign_to="v" value="5"/>', -4.0, -0.8),
        ('<divide assign_to="v" value="1e-320"/>', 16.0, math.inf),
        ('<divide assign_to="v" variable="v"/>', 7.0, 1.0),
    ],
)
def test_calculations(action: str, start: Value, expected: float) -> None:
    assert run(action, "v", start={"v": start})[0]["v"] == expected


@pytest.mark.parametrize(("value", "expected"), [(2.0, 3.0), (b"2", 1.0), (True, 1.0), (None, 1.0)])
def test_what_is_no_number_is_added_as_0(value: Value, expected: float) -> None:
    assert run('<add assign_to="v" variable="w"/>', "v", "w", start={"v": 1.0, "w": value})[0]["v"] == expected


@pytest.mark.parametrize("value", [0.0, None, b"5"])
def test_division_by_a_variable_that_is_0_is_warned_of(value: Value) -> None:
    action = '<divide assign_to="v" variable="w"/><assignstr assign_to="after" value="yes"/>'
    values, call = run(action, "v", "w", "after", start={"v": 1.5, "w": value})
    assert (values["v"], values["after"], call.failures) == (1.5, b"yes", [])
    assert call.warnings == ["divide: $w is 0; $v stays as it is"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"12", 12.0),
        (b"-5", -5.0),
        (b"+7", 7.0),
        (b"1e3", 1000.0),
        (b"0x1F", 31.0),
        (b".5", 0.5),
        (b"5.", 5.0),
        (b"\t12", 12.0),
        (b"inf", math.inf),
        (b"1e400", math.inf),
        (b"", 0.0),
        (3.5, 3.5),
        (0.0, 0.0),
        (True, 1.0),
        (False, 0.0),
    ],
)
def test_todouble(text: Value, expected: float) -> None:
    values, call = run('<todouble assign_to="v" variable="w"/>', "v", "w", start={"v": 77.0, "w": text})
    assert (values["v"], call.warnings) == (expected, [])
    assert type(values["v"]) is float


@pytest.mark.parametrize("text", [b"12.5x", b"x", b" 12 ", b" ", b"1,5", b"1_0", b"1" * 60_000 + b"x", b"\x1b[2J"])
def test_text_that_is_no_number_leaves_the_variable_as_it_is(text: bytes) -> None:
    values, call = run('<todouble assign_to="v" variable="w"/>', "v", "w", start={"v": 77.0, "w": text})
    assert (values["v"], call.failures) == (77.0, [])
    assert len(call.warnings) == 1
    assert call.warnings[0].startswith("todouble: $w is no number: '")
    assert call.warnings[0].isprintable()
    assert len(call.warnings[0]) < 200


def test_todouble_of_nothing_says_so() -> None:
    values, call = run('<todouble assign_to="v" variable="w"/>', "v", "w")
    assert (values["v"], call.warnings) == (None, ["todouble: $w is not set"])


def test_todouble_in_place() -> None:
    values, _ = run('<todouble assign_to="v" variable="v"/><add assign_to="v" value="1"/>', "v", start={"v": b"42"})
    assert values["v"] == 43.0


def test_sample_draws_from_the_chance_of_the_run() -> None:
    action = '<sample assign_to="v" distribution="uniform" min="5" max="6"/>'
    drawn = [run(action, "v", random=Random(3))[0]["v"] for _ in range(2)]
    assert drawn == [5.0 + Random(3).random()] * 2


def test_a_sample_may_be_negative() -> None:
    assert run('<sample assign_to="v" distribution="fixed" value="-2.5"/>', "v")[0]["v"] == -2.5


@pytest.mark.parametrize(
    ("value", "compare", "other", "expected"),
    [
        (5.0, "equal", "5", True),
        (5.0, "not_equal", "5", False),
        (5.5, "greater_than", "5.25", True),
        (5.0, "less_than", "-1", False),
        (5.0, "greater_than_equal", "5", True),
        (5.0, "less_than_equal", "4e0", False),
        (b"5", "equal", "5", False),
        (b"5", "equal", "0", True),
        (True, "equal", "1", False),
        (None, "equal", "0", True),
        (None, "less_than", "", False),
    ],
)
def test_test(value: Value, compare: str, other: str, expected: bool) -> None:
    action = f'<test variable="v" compare="{compare}" value="{other}" assign_to="w"/>'
    values, _ = run(action, "v", "w", start={"v": value})
    assert values == {"v": value, "w": expected}


@pytest.mark.parametrize(("left", "right", "expected"), [(1.0, 2.0, True), (2.0, 1.0, False), (None, b"9", False)])
def test_two_variables_are_compared(left: Value, right: Value, expected: bool) -> None:
    action = '<test variable="a" variable2="b" compare="less_than" assign_to="r"/>'
    assert run(action, *"abr", start={"a": left, "b": right})[0]["r"] is expected


@pytest.mark.parametrize(
    ("attributes", "failure", "result"),
    [
        ('value="1" check_it="true" assign_to="w"', Failure.TEST_DOES_NOT_MATCH, None),
        ('value="0" check_it_inverse="true" assign_to="w"', Failure.TEST_SHOULD_NOT_MATCH, None),
        ('value="0" check_it="true" assign_to="w"', None, True),
        ('value="1" check_it_inverse="true" assign_to="w"', None, False),
    ],
)
def test_checked_tests(attributes: str, failure: Failure | None, result: bool | None) -> None:
    values, call = run(f'<test variable="v" compare="equal" {attributes}/>', "v", "w")
    assert ([kind for kind, _ in call.failures], values["w"]) == ([failure] if failure else [], result)


def test_a_test_that_only_checks_needs_no_variable_for_its_result() -> None:
    _, call = run('<test variable="v" compare="equal" value="1" check_it="true"/>', "v")
    assert [kind for kind, _ in call.failures] == [Failure.TEST_DOES_NOT_MATCH]


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ('<test variable="v" value="1" assign_to="w"/>', "test needs compare="),
        ('<test variable="v" compare="equals" value="1" assign_to="w"/>', "did you mean equal?"),
        ('<test compare="equal" value="1" assign_to="w"/>', "test needs variable="),
        ('<test variable="v" compare="equal" assign_to="w"/>', "test needs value= or variable2="),
        ('<test variable="v" compare="equal" value="1" variable2="v" assign_to="w"/>', "both value and variable2"),
        ('<test variable="v" compare="equal" value="x" assign_to="w"/>', 'value="x" is no number'),
        ('<test variable="v" compare="equal" value="1"/>', "test needs assign_to="),
        ('<assign assign_to="v" value="x"/>', 'value="x" is no number'),
        ('<assign assign_to="v" value="[call_number]"/>', 'value="[call_number]" is no number'),
        ('<assign assign_to="v" value="1_0"/>', 'value="1_0" is no number'),
        ('<assign assign_to="v" value="12 "/>', 'value="12 " is no number'),
        ('<assign assign_to="v"/>', "assign needs value= or variable="),
        ('<add assign_to="v"/>', "add needs value= or variable="),
        ('<add value="1"/>', "add needs assign_to="),
        ('<add assign_to="v" value="1" variable="v"/>', "both value and variable"),
        ('<multiply assign_to="v,w" value="1"/>', "'v,w' is not the name of one variable"),
        ('<divide assign_to="v" value="0"/>', "divide by 0"),
        ('<divide assign_to="v" value=""/>', "divide by 0"),
        ('<todouble assign_to="v" value="1"/>', "todouble needs variable="),
        ('<sample assign_to="v"/>', "sample needs distribution="),
        ('<sample distribution="fixed" value="1"/>', "sample needs assign_to="),
        ('<sample assign_to="v" distribution="norma"/>', "did you mean normal?"),
        ('<sample assign_to="v" distribution="normal" mean="1"/>', 'distribution="normal" needs stdev='),
        ('<sample assign_to="v" normal="true" mean="1" stdev="1"/>', "sample needs distribution="),
    ],
)
def test_what_is_no_action(action: str, expected: str) -> None:
    found = problems_of_action(action)
    assert any(expected in problem and problem.startswith("s.xml:9: ") for problem in found)


def test_the_number_0_is_written_as_nothing_wherever_it_comes_from() -> None:
    values, _ = run(
        '<assign assign_to="v" value="1"/><subtract assign_to="v" value="1"/><assignstr assign_to="w" value="[$v]"/>', "v", "w"
    )
    assert values == {"v": 0.0, "w": b""}
