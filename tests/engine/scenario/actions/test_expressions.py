# SPDX-License-Identifier: AGPL-3.0-or-later
"""What `ereg` finds and where. The values are those that SIPp 3.6.1 has."""

from __future__ import annotations

import pytest

from engine.messages import Failure
from engine.scenario.variables import Value
from tests.engine.scenario.actions.running import problems_of_action, run
from tests.engine.scenario.helpers import Call, message


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
        ('regexp=".*" search_in="hdr" header="SIP/2.0"', b" 200 OK and fine"),
        ('regexp=".*" search_in="hdr" header="one"', b" two"),
        ('regexp=".*" search_in="hdr" header="A:"', b" one two"),
        ('regexp=".*" search_in="hdr" header="A:" start_line="true"', b""),
        ('regexp=".*" search_in="hdr" header="X-A:" start_line="true" occurrence="2"', b" four"),
        ('regexp=".*" search_in="hdr" header="X-A:" start_line="true" occurrence="3"', b""),
        ('regexp=".*" search_in="hdr" header="abc"', b"d x"),
        ('regexp=".*" search_in="hdr" header="s=" start_line="1"', b"abcd x"),
        ('regexp=".*" search_in="hdr" header="X-A:" occurrence=" 2"', b" four"),
        ('regexp=".*" search_in="hdr" header="X-A:" occurrence="1.5"', b" one two"),
        ('regexp=".*" search_in="hdr" header="X-A:" occurrence="-1"', b" one two"),
        ('regexp=".*" search_in="hdr" header="X-A:" occurrence=""', b" one two"),
        ('regexp=".*" search_in="hdr" header="X-A:" occurrence="2" occurence="1"', b" four"),
        ('regexp=".*" search_in="hdr" header="X-A:" occurrence="99999999999"', b""),
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


def test_folded_headers_are_searched_in_their_first_line() -> None:
    assert run('<ereg regexp=".*" search_in="hdr" header="X-A:" occurrence="2" assign_to="v"/>', "v")[0]["v"] == b" four"


@pytest.mark.parametrize(
    ("occurrence", "expected"),
    [(1, b"aa1"), (2, b"a1"), (3, b"1"), (4, None)],
)
def test_occurrences_may_overlap(occurrence: int, expected: Value) -> None:
    call = Call(message=message("SIP/2.0 200 OK", "X-Q: aaaa1").data)
    action = f'<ereg regexp=".+" search_in="hdr" header="aa" occurrence="{occurrence}" assign_to="v"/>'
    assert run(action, "v", call=call)[0]["v"] == expected


@pytest.mark.parametrize("body", ["v=0\rz=1\r\n", "v=0\nz=1\r\n", "v=0"])
def test_a_line_ends_with_any_line_end(body: str) -> None:
    call = Call(message=message("SIP/2.0 200 OK", body=body).data)
    assert run('<ereg regexp=".*" search_in="hdr" header="v=" assign_to="v"/>', "v", call=call)[0]["v"] == b"0"


@pytest.mark.parametrize(
    ("attributes", "failure", "expected"),
    [
        ('regexp=".*" check_it="true"', None, b""),
        ('regexp="x" check_it="true"', Failure.REGEXP_DOES_NOT_MATCH, None),
        ('regexp=".*" check_it_inverse="true"', Failure.REGEXP_SHOULD_NOT_MATCH, b""),
        ('regexp="x" check_it_inverse="true"', None, None),
    ],
)
def test_an_empty_body_is_searched_too(attributes: str, failure: Failure | None, expected: Value) -> None:
    call = Call(message=message("SIP/2.0 200 OK").data)
    values, call = run(f'<ereg {attributes} search_in="body" assign_to="v"/>', "v", call=call)
    assert ([kind for kind, _ in call.failures], values["v"]) == ([failure] if failure else [], expected)


@pytest.mark.parametrize("value", [5.0, 0.0, True, None])
def test_what_is_no_string_is_searched_as_an_empty_one(value: Value) -> None:
    action = '<ereg regexp="(5|true)*" search_in="var" variable="w" assign_to="v"/>'
    assert run(action, "v", "w", start={"w": value})[0]["v"] == b""


def test_a_variable_may_take_what_was_found_in_it() -> None:
    action = '<ereg regexp="b(c)d" search_in="var" variable="v" assign_to="v,w"/>'
    assert run(action, "v", "w", start={"v": b"abcdef"})[0] == {"v": b"bcd", "w": b"c"}


def test_keywords_mean_nothing_in_an_expression() -> None:
    assert find('regexp="[call_number]"') == b"a"


def test_a_search_that_never_ends_is_given_up_and_fails_the_call() -> None:
    call = Call(message=message("SIP/2.0 200 OK", "X-A: " + "a" * 60 + "b").data)
    _, call = run('<ereg regexp="X-A: (a|aa)+$" assign_to="v"/>', "v", call=call)
    assert [kind for kind, _ in call.failures] == [Failure.REGEXP_DOES_NOT_MATCH]
    assert "takes too long" in call.failures[0][1]


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
        ('<ereg regexp="a" search_in="hdr" header="" assign_to="v"/>', "ereg needs header="),
        ('<ereg regexp="a" assign_to="$v"/>', "'$v' is no list of variables"),
        ('<ereg regexp="a" assign_to="v, w"/>', "variable $ w is used only here"),
    ],
)
def test_what_is_no_action(action: str, expected: str) -> None:
    found = problems_of_action(action)
    assert any(expected in problem and problem.startswith("s.xml:9: ") for problem in found)
