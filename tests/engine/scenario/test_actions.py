# SPDX-License-Identifier: AGPL-3.0-or-later
"""What actions do to a call. The values are those that SIPp 3.6.1 has."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from engine.messages import Failure
from engine.scenario.variables import Value
from tests.engine.scenario.helpers import OPTIONS, Call, message, problems_of, program_of

RECEIVED = message(
    "SIP/2.0 200 OK and fine",
    "CSeq: 7 OPTIONS",
    "X-A: one two",
    "X-B:   sp  \t",
    "x-a: three",
    "X-E:",
    "X-A: four\r\n five",
    body="v=0\r\ns=abcd x\r\n",
)


def run(
    actions: str, *names: str, call: Call | None = None, start: Mapping[str, Value] | None = None
) -> tuple[dict[str, Value], Call]:
    """Run actions on `RECEIVED`, variables having the values of `start`; the values of all variables by name."""
    program = program_of(
        OPTIONS + f'<recv response="200"><action>{actions}</action></recv><Reference variables="{",".join(names)}"/>'
    )
    call = call or Call(message=RECEIVED.data)
    call.variables = [(start or {}).get(name) for name in program.variables]
    for action in program.steps[1].actions:
        action(call)
    return dict(zip(program.variables, call.variables, strict=True)), call


def find(attributes: str) -> Value:
    return run(f'<ereg {attributes} assign_to="v"/>', "v")[0]["v"]


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ('regexp="fine"', b"fine"),
        ('regexp="f(in)e" search_in="msg"', b"fine"),
        ('regexp="nothing" search_in="msg"', None),
        ('regexp=".*" search_in="body"', b"v=0\r\ns=abcd x\r\n"),
        ('regexp="^v=." search_in="body"', b"v=0"),
        ('regexp="^s=." search_in="body"', None),
        ('regexp=".*" search_in="hdr" header="X-A:"', b" one two"),
        ('regexp=".*" search_in="hdr" header="X-A"', b": one two"),
        ('regexp=".*" search_in="hdr" header="X-A: "', b"one two"),
        ('regexp=".*" search_in="hdr" header="x-a:"', b" three"),
        ('regexp=".*" search_in="hdr" header="X-A:" occurrence="2"', b" four"),
        ('regexp=".*" search_in="hdr" header="X-A:" occurence="2"', b" four"),
        ('regexp=".*" search_in="hdr" header="X-A:" occurrence="2" case_indep="true"', b" three"),
        ('regexp=".*" search_in="hdr" header="X-A:" occurrence="4" case_indep="true"', b""),
        ('regexp=".*" search_in="hdr" header="X-A:" occurrence="0"', b" one two"),
        ('regexp=".*" search_in="hdr" header="X-A:" occurrence="x"', b" one two"),
        ('regexp=".*" search_in="hdr" header="X-B:"', b"   sp  \t"),
        ('regexp=".*" search_in="hdr" header="X-None:"', b""),
        ('regexp=".*" search_in="hdr" header="two"', b""),
        ('regexp=".*" search_in="hdr" header="SIP/2.0"', b""),
        ('regexp=".*" search_in="hdr" header="SIP/2.0" start_line="true"', b" 200 OK and fine"),
        ('regexp=".*" search_in="hdr" header="s="', b"abcd x"),
        ('regexp="ONE" search_in="hdr" header="X-A:" case_indep="true"', None),
    ],
)
def test_where_an_expression_is_searched(attributes: str, expected: Value) -> None:
    assert find(attributes) == expected


def test_groups_go_to_variables_in_order() -> None:
    values, _ = run('<ereg regexp="X-A: (.)(.)(zz)?" search_in="msg" assign_to="all,a,b,c,d"/>', "all", "a", "b", "c", "d")
    assert values == {"all": b"X-A: on", "a": b"o", "b": b"n", "c": None, "d": None}


def test_what_does_not_match_leaves_its_variables() -> None:
    set_v = '<assignstr assign_to="v" value="old"/><assignstr assign_to="w" value="old"/>'
    values, _ = run(set_v + '<ereg regexp="nothing" assign_to="v,w"/>', "v", "w")
    assert values == {"v": b"old", "w": b"old"}
    values, _ = run(set_v + '<ereg regexp="(zz)?fine" assign_to="v,w"/>', "v", "w")
    assert values == {"v": b"fine", "w": b"old"}


def test_a_variable_can_be_searched() -> None:
    values, _ = run(
        '<ereg regexp="o.e" assign_to="v"/><ereg regexp="n(e)" search_in="var" variable="v" assign_to="w,x"/>'
        '<ereg regexp="a*" search_in="var" variable="unset" assign_to="y"/>',
        *"vwxy",
        "unset",
    )
    assert (values["w"], values["x"], values["y"]) == (b"ne", b"e", b"")


@pytest.mark.parametrize(
    ("attributes", "failure"),
    [
        ('regexp="nothing" check_it="true"', Failure.REGEXP_DOES_NOT_MATCH),
        ('regexp="nothing" search_in="hdr" header="X-A:" check_it="true"', Failure.REGEXP_DOES_NOT_MATCH),
        ('regexp=".*" search_in="hdr" header="X-None:" check_it="true"', Failure.REGEXP_HEADER_NOT_FOUND),
        ('regexp=".*" search_in="hdr" header="X-E:" check_it="true"', Failure.REGEXP_HEADER_NOT_FOUND),
        ('regexp="fine" check_it_inverse="true"', Failure.REGEXP_SHOULD_NOT_MATCH),
        ('regexp=".*" search_in="hdr" header="X-None:" check_it_inverse="true"', Failure.REGEXP_SHOULD_NOT_MATCH),
        ('regexp="one" search_in="hdr" header="X-None:" check_it_inverse="true"', None),
        ('regexp="nothing" check_it_inverse="1"', None),
        ('regexp="fine" check_it="true"', None),
        ('regexp="nothing" check_it="false"', None),
    ],
)
def test_checks_fail_the_call(attributes: str, failure: Failure | None) -> None:
    _, call = run(f'<ereg {attributes} assign_to="v"/>', "v")
    assert [kind for kind, _ in call.failures] == ([failure] if failure else [])


def test_a_failed_check_says_what_was_not_found() -> None:
    _, call = run('<ereg regexp="a" search_in="hdr" header="X-None:" check_it="true" assign_to="v"/>', "v")
    assert call.failures[0][1] == "ereg 'a': header X-None: not found"


def test_a_match_that_should_not_be_is_kept() -> None:
    values, _ = run('<ereg regexp="fine" check_it_inverse="true" assign_to="v"/>', "v")
    assert values["v"] == b"fine"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a[call_number]b", b"a7b"),
        ("[last_CSeq:]", b"CSeq: 1 BYE"),
        ("[last_None:]x", b"x"),
        ("[branch] [msg_index]", b"z9hG4bK-4242-7-0 -2"),
        (r"a\nb", b"a\r\nb"),
        (r"a\r\nb", b"a\r\r\nb"),
        (r"\\x5b\x41", b"[A"),
        ("&lt;&quot;", b'<"'),
        ("", b""),
    ],
)
def test_assignstr(value: str, expected: bytes) -> None:
    before = Call(message=RECEIVED.data, last=message("BYE sip:x SIP/2.0", "CSeq: 1 BYE"))
    values, _ = run(f'<assignstr assign_to="v" value="{value}"/>', "v", call=before)
    assert values["v"] == expected


def test_log() -> None:
    call = Call(number=9)
    run(r'<log message="call [call_number]\nline é"/>'.encode().decode("latin-1"), call=call)
    assert call.logs == ["call 9\nline é"]


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
        ('<ereg assign_to="v"/>', "ereg needs regexp="),
        ('<ereg regexp="a"/>', "ereg needs assign_to="),
        ('<ereg regexp="a" assign_to="v,"/>', "'v,' is no list of variables"),
        ('<ereg regexp="(a" assign_to="v"/>', "'(a' is no regular expression: ( without )"),
        ('<ereg regexp="a" search_in="head" assign_to="v"/>', 'search_in="head" is not known'),
        ('<ereg regexp="a" search_in="hdr" assign_to="v"/>', "ereg needs header="),
        ('<ereg regexp="a" search_in="var" assign_to="v"/>', "ereg needs variable="),
        ('<ereg regexp="a" check_it="yes" assign_to="v"/>', 'check_it="yes" is neither true nor false'),
        ('<ereg regexp="a" check_it="true" check_it_inverse="true" assign_to="v"/>', "both check_it and check_it_inverse"),
        ('<assignstr value="a"/>', "assignstr needs assign_to="),
        ('<assignstr assign_to="v"/>', "assignstr needs value="),
        ('<assignstr assign_to="v,w" value="a"/>', "'v,w' is not the name of one variable"),
        ('<assignstr assign_to="$v" value="a"/>', "'$v' is not the name of one variable"),
        ("<log/>", "log needs message="),
        ('<test variable="v" value="1" assign_to="w"/>', "test needs compare="),
        ('<test variable="v" compare="equals" value="1" assign_to="w"/>', "did you mean equal?"),
        ('<test compare="equal" value="1" assign_to="w"/>', "test needs variable="),
        ('<test variable="v" compare="equal" assign_to="w"/>', "test needs value= or variable2="),
        ('<test variable="v" compare="equal" value="1" variable2="v" assign_to="w"/>', "both value and variable2"),
        ('<test variable="v" compare="equal" value="x" assign_to="w"/>', 'value="x" is no number'),
        ('<test variable="v" compare="equal" value="1"/>', "test needs assign_to="),
    ],
)
def test_what_is_no_action(action: str, expected: str) -> None:
    found = problems_of(f"{OPTIONS}<nop><action>\n{action}</action></nop>")
    assert any(expected in problem and problem.startswith("s.xml:9: ") for problem in found)
