# SPDX-License-Identifier: AGPL-3.0-or-later
"""Each diagnostic in a scenario that has what it finds, with its place, and not in one that nearly has."""
# ruff: noqa: E501 - a case is a line

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.messages import ProblemCode
from engine.scenario.describe import describe, describe_scenario
from engine.scenario.load import read_scenario
from tests.engine.scenario.diagnostics.helpers import ACK, BYE, INVITE, OPTIONS, diagnosed, found, place, request
from tests.engine.scenario.helpers import no_hang, scenario_bytes

ROOT = Path(__file__).parents[4]


def actions(text: str, attributes: str = "") -> str:
    return f"<nop {attributes}><action>\n{text}\n</action></nop>\n"


HAS = {
    ProblemCode.UNUSED_LABEL: {
        "no next": (OPTIONS + '  <label id="lost"/><nop/>', "<label"),
        "another next": (OPTIONS + '<nop next="a"/> <label id="b"/><label id="a"/>', '<label id="b"'),
        "at the end": (OPTIONS + ' <label id="end"/>', "<label"),
        "in init": ('<init>\n <nop/><label id="x"/><nop/></init>' + OPTIONS, "<label"),
    },
    ProblemCode.UNREACHABLE_STEP: {
        "behind a next": ('<nop next="on"/>\n  <pause/><nop/><label id="on"/>' + OPTIONS, "<pause"),
        "behind a recv with next": (OPTIONS + '<recv response="200" next="end"/>\n <nop/><label id="end"/>', "<nop"),
        "only from what is never reached": ('<nop next="a"/><label id="b"/><pause/><nop next="b"/><label id="a"/>' + OPTIONS, "<pause"),
        "a jump in a recv": ('<nop next="a"/><pause/><label id="a"/><recv request="INVITE"/>', "<pause"),
        "a chance of one": ('<nop next="a" chance="1"/><pause/><label id="a"/>' + OPTIONS, "<pause"),
        "in init": ('<init><nop next="x"/><pause/><label id="x"/><nop/></init>' + OPTIONS, "<pause"),
    },
    ProblemCode.UNSET_VARIABLE: {
        "never set": (OPTIONS + actions('<log message="$v: [$v]"/><log message="[$v]"/>'), "[$v]"),
        "set afterwards": (OPTIONS + actions('<log message="[$v]"/><assign assign_to="v" value="1"/>'), "[$v]"),
        "set on another way": (
            actions('<assign assign_to="t" value="1"/>', 'next="other" test="t"')
            + actions('<assign assign_to="v" value="1"/>', 'next="end"') + '<label id="other"/>' + actions('<log message="[$v]"/>')
            + '<label id="end"/>' + OPTIONS, "[$v]"),
        "as an operand": (OPTIONS + actions('<assign assign_to="b" value="1"/>\n<add assign_to="b" variable="v"/><assign assign_to="v" value="2"/>'), "<add"),
        "in a message": ("<send><![CDATA[\n  OPTIONS sip:x SIP/2.0\n  A: [$v]\n\n]]></send>" + actions('<assign assign_to="v" value="1"/>'), "[$v]"),
        "as a test": ('<nop next="a" test="v"/>' + actions('<assign assign_to="v" value="1"/>') + '<label id="a"/>' + OPTIONS, 'test="v"'),
        "as a condition": ('<nop condexec="v"/>' + actions('<assign assign_to="v" value="1"/>') + OPTIONS, "condexec"),
        "as a pause": ('<pause variable="v"/>' + actions('<assign assign_to="v" value="1"/>') + OPTIONS, "variable"),
    },
    ProblemCode.MISSING_LENGTH: {
        "none": ("<send><![CDATA[\n  OPTIONS sip:x SIP/2.0\n  A: 1\n\n  body\n]]></send>", "OPTIONS"),
        "among headers of the request": ("<send><![CDATA[\n  SIP/2.0 200 OK\n  [last_Via:]\n  [routes]\n  [last_CSeq:]\n\n  body\n]]></send>", "SIP/2.0 200"),
        "in the body": ("<send><![CDATA[\n  OPTIONS sip:x SIP/2.0\n  A: 1\n\n  Content-Length: 4\n]]></send>", "OPTIONS"),
    },
    ProblemCode.WRONG_LENGTH: {
        "another number": ("<send><![CDATA[\n  OPTIONS sip:x SIP/2.0\n  Content-Length:  3\n\n  body\n]]></send>", "3\n"),
        "compact": ("<send><![CDATA[  OPTIONS sip:x SIP/2.0\nl:7\n\nbody\n]]></send>", "7\n"),
        "at least": ("<send><![CDATA[\n  OPTIONS sip:x SIP/2.0\n  Content-Length: 0\n\n  a[call_id]\n]]></send>", "0\n\n"),
    },
    ProblemCode.UNACKNOWLEDGED_INVITE: {
        "no ack": (INVITE + '<recv response="180" optional="true"/>\n  <recv response="200"/>' + BYE, '<recv response="200"'),
        "ack of the next": (INVITE + ' <recv response="200"/>' + INVITE + '<recv response="200"/>' + ACK, "<recv"),
        "ack before": (ACK + INVITE + '<recv response="202,200"/>', "<recv"),
        "optional": (INVITE + '<recv response="200" optional="true" next="end"/><recv response="486"/>' + ACK + '<label id="end"/>', "<recv"),
    },
    ProblemCode.RECV_NEVER_MATCHES: {
        "the same code": (OPTIONS + '<recv response="180" optional="true"/>\n <recv response="180"/>', '<recv response="180"/>'),
        "all of a list": (OPTIONS + '<recv response="180,183" optional="true"/>\n <recv response="183"/>', '<recv response="183"/>'),
        "an expression for responses": (OPTIONS + '<recv response="1.." regexp_match="true" optional="true"/><recv response="180"/>', '<recv response="180"'),
        "the same method": ('<recv request="BYE" optional="true"/><recv request="BYE"/>', '<recv request="BYE"/>'),
        "an expression for all": ('<recv request=".*" regexp_match="true" optional="true"/><recv request="BYE"/>', '<recv request="BYE"/>'),
        "an expression": ('<recv request="^B" regexp_match="true" optional="true"/><recv request="BYE"/>', '<recv request="BYE"/>'),
        "the same expression": (
            '<recv request="^B" regexp_match="true" optional="true"/><recv request="^B"  regexp_match="true"/>', '<recv request="^B"  '),
        "any transaction": (
            request("INVITE", 'start_txn="t"') + '<recv response="200" optional="true"/><recv response="200" response_txn="t"/>'
            + request("ACK", 'ack_txn="t"'), '<recv response="200" response_txn'),
    },
    ProblemCode.RESPONSE_BEFORE_REQUEST: {
        "at the start": ('<recv response="200"/>' + OPTIONS, "<recv"),
        "behind a response": ('<recv request="INVITE"/>' + request("SIP/2.0 200 OK").replace(" sip:x SIP/2.0", "") + '<recv response="200"/>', '<recv response'),
        "behind an ack": ('<recv request="INVITE"/>' + ACK + ' <recv response="200"/>', "<recv response"),
    },
    ProblemCode.JUMP_IN_RECV: {
        "a jump": ('<recv request="BYE"><action>\n  <jump value="1"/></action></recv><nop/>', "<jump"),
    },
}  # fmt: skip

HAS_NOT = {
    ProblemCode.UNUSED_LABEL: {
        "next": OPTIONS + '<nop next="a"/><label id="a"/>',
        "ontimeout": OPTIONS + '<recv response="200" timeout="1" ontimeout="a"/><label id="a"/><nop/>',
        "_unexp.main": OPTIONS + '<recv response="200" next="end"/><label id="_unexp.main"/><recv request="BYE"/><label id="end"/>',
    },
    ProblemCode.UNREACHABLE_STEP: {
        "a test": OPTIONS + actions('<assign assign_to="t" value="1"/>', 'next="a" test="t"') + '<pause/><label id="a"/>',
        "a chance": OPTIONS + '<nop next="a" chance="0.5"/><pause/><label id="a"/>',
        "no chance": OPTIONS + '<nop next="a" chance="0"/><pause/><label id="a"/>',
        "an optional": OPTIONS + '<recv response="100" optional="true" next="a"/><recv response="200"/><label id="a"/>',
        "a timeout": OPTIONS + '<recv response="200" next="end" ontimeout="b"/><label id="b"/><nop/><label id="end"/>',
        "a timeout of a send": request("OPTIONS", 'ontimeout="b"') + '<nop next="end"/><label id="b"/><nop/><label id="end"/>',
        "a jump to a variable": OPTIONS + actions('<assign assign_to="v" value="3"/><jump variable="v"/>', 'next="end"')
        + '<nop/><nop/><label id="end"/>',
        "behind a restored pause": OPTIONS + actions('<pauserestore value="3"/>', 'next="a"') + '<label id="a"/><nop next="b" chance="0.5"/><nop next="end"/><label id="b"/><label id="end"/>',
        "open to the end": OPTIONS + '<recv request="INFO" optional="global" next="b"/><recv response="200" next="end"/>'
        '<label id="b"/><nop/><label id="end"/>',
    },
    ProblemCode.UNSET_VARIABLE: {
        "set before": OPTIONS + actions('<assign assign_to="v" value="1"/><log message="[$v]"/>'),
        "set on one way": actions('<assign assign_to="t" value="1"/>', 'next="a" test="t"') + actions('<assign assign_to="v" value="1"/>')
        + '<label id="a"/>' + actions('<log message="[$v]"/>') + OPTIONS,
        "set in a circle": '<label id="a"/>' + OPTIONS + actions('<log message="[$v]"/><assign assign_to="v" value="1"/>')
        + '<nop next="a" test="v"/>',
        "counts": OPTIONS + actions('<add assign_to="v" value="1"/><log message="[$v]"/>'),
        "global": '<Global variables="v"/>' + OPTIONS + actions('<log message="[$v]"/>'),
        "user": '<User variables="v"/>' + OPTIONS + actions('<log message="[$v]"/>'),
        "vouched for": '<Reference variables="v"/>' + OPTIONS + actions('<log message="[$v][$v]"/>'),
        "a match": '<recv request="BYE"><action><ereg regexp="a(.)" search_in="msg" assign_to="v,w"/></action></recv>'
        + actions('<log message="[$v][$w]"/>'),
        "an optional set later in the run": OPTIONS + '<recv response="100" optional="true"><action><log message="[$v]"/></action></recv>'
        '<recv response="180" optional="true"><action><ereg regexp="a" search_in="msg" assign_to="v"/></action></recv>'
        '<recv response="200"/>',
        "unexpected": OPTIONS + '<recv response="200" next="end"/><label id="_unexp.main"/><recv request="BYE"/>'
        + actions('<log message="[$_unexp.retaddr] [$v]"/><jump variable="_unexp.retaddr"/>') + '<label id="end"/>'
        + actions('<assign assign_to="v" value="1"/>'),
    },
    ProblemCode.MISSING_LENGTH: {
        "no body": "<send><![CDATA[\n  OPTIONS sip:x SIP/2.0\n  A: 1\n\n\n]]></send>",
        "len": "<send><![CDATA[\n  OPTIONS sip:x SIP/2.0\n  content-length : [len]\n\n  body\n]]></send>",
        "compact": "<send><![CDATA[\n  OPTIONS sip:x SIP/2.0\n  l:[len]\n\n  body\n]]></send>",
        "a header of the request": "<send><![CDATA[\n  SIP/2.0 200 OK\n  [last_Via:]\n  [last_content-length:]\n\n  body\n]]></send>",
        "a header that a keyword makes": "<send><![CDATA[\n  OPTIONS sip:x SIP/2.0\n  [field0]\n\n  body\n]]></send>",
    },
    ProblemCode.WRONG_LENGTH: {
        "the right number": "<send><![CDATA[\n  OPTIONS sip:x SIP/2.0\n  Content-Length: 6\n\n  body\n]]></send>",
        "with keywords": "<send><![CDATA[\n  OPTIONS sip:x SIP/2.0\n  Content-Length: 60\n\n  body [call_id]\n]]></send>",
        "escapes": r"<send><![CDATA[" + "\n  OPTIONS sip:x SIP/2.0\n  Content-Length: 3\n\n  \\x41\n]]></send>",
        "headers that may vanish": "<send><![CDATA[\nOPTIONS sip:x SIP/2.0\n[last_Via:]\n[last_To:]\nContent-Length: 6\n\nbody\n]]></send>",
    },
    ProblemCode.UNACKNOWLEDGED_INVITE: {
        "ack": INVITE + '<recv response="200"/>' + ACK,
        "ack on one way": INVITE + '<recv response="200" next="a" chance="0.5"/><nop next="end"/><label id="a"/>' + ACK + '<label id="end"/>',
        "of another request": INVITE + '<recv response="183"/>' + request("PRACK") + '<recv response="200"/>',
        "of no INVITE": INVITE + '<recv response="486"/>' + ACK + OPTIONS + '<recv response="200"/>',
        "refused": INVITE + '<recv response="404"/>',
    },
    ProblemCode.RECV_NEVER_MATCHES: {
        "another code": OPTIONS + '<recv response="180" optional="true"/><recv response="183"/>',
        "some of a list": OPTIONS + '<recv response="180" optional="true"/><recv response="180,183"/>',
        "another run": OPTIONS + '<recv response="180"/><recv response="180" optional="true"/><recv response="200"/>',
        "an expression for fewer": OPTIONS + '<recv response="18." regexp_match="true" optional="true"/><recv response="1.." regexp_match="true"/>',
        "an expression for others": '<recv request="^C" regexp_match="true" optional="true"/><recv request="BYE"/>',
        "a response and a request": OPTIONS + '<recv request=".*" regexp_match="true" optional="true"/><recv response="200"/>',
        "a way between": OPTIONS + '<nop next="b" chance="0.5"/><recv response="180" optional="true"/><label id="b"/><recv response="180"/>',
        "passed over": OPTIONS + actions('<assign assign_to="v" value="1"/>')
        + '<recv response="180" optional="true" condexec="v"/><recv response="180"/>',
        "two transactions": request("OPTIONS", 'start_txn="a"') + request("INFO", 'start_txn="b"')
        + '<recv response="200" response_txn="a" optional="true"/><recv response="200" response_txn="b"/>',
    },
    ProblemCode.RESPONSE_BEFORE_REQUEST: {
        "a request on one way": '<nop next="a" chance="0.5"/>' + OPTIONS + '<label id="a"/><recv response="200"/>',
        "a request before": OPTIONS + '<recv response="200"/>',
    },
    ProblemCode.JUMP_IN_RECV: {"behind it": '<recv request="BYE"/>' + actions('<jump value="2"/>') + "<nop/>"},
}  # fmt: skip


def cases(table: dict[ProblemCode, dict[str, object]]) -> list[object]:
    return [
        pytest.param(code, given_one, id=f"{code}-{name}") for code, named in table.items() for name, given_one in named.items()
    ]


@pytest.mark.parametrize(("code", "case"), cases(HAS))
def test_it_is_found_in_its_place(code: ProblemCode, case: tuple[str, str]) -> None:
    body, marked = case
    assert found(body, code) == [place(body, marked)]


@pytest.mark.parametrize(("code", "body"), cases(HAS_NOT))
def test_a_near_miss_is_sound(code: ProblemCode, body: str) -> None:
    assert [str(problem) for problem in diagnosed(body)] == []


def test_every_diagnostic_has_both() -> None:
    assert HAS.keys() == HAS_NOT.keys()


def test_a_jump_to_a_number_leads_where_the_step_before_it_does() -> None:
    body = OPTIONS + actions('<jump value="3"/>', 'next="end"') + '<pause/>\n<nop next="end"/>\n<timewait/><label id="end"/>'
    assert found(body, ProblemCode.UNREACHABLE_STEP) == [place(body, "<pause"), place(body, "<timewait")]


def test_paths_are_not_followed_in_a_broken_file() -> None:
    problems = diagnosed('<nop next="lost"/>' + OPTIONS + '<label id="never"/><recv response="200" optional="true"/><nop/>')
    codes = [problem.code for problem in problems]
    assert ProblemCode.UNUSED_LABEL in codes
    assert ProblemCode.UNREACHABLE_STEP not in codes


def test_they_are_for_whoever_looks() -> None:
    """What a run loads is not diagnosed: that takes time, and a warning keeps nothing from running."""
    data = scenario_bytes(OPTIONS + '<label id="lost"/>')
    assert read_scenario("s.xml", data)[1] == describe("s.xml", data).problems == ()


DESERVED = {
    "scenarios/branchc.xml": [ProblemCode.UNREACHABLE_STEP],
    "tests/interop/scenarios/aborted_by_an_error.xml": [ProblemCode.UNREACHABLE_STEP, ProblemCode.UNACKNOWLEDGED_INVITE],
    "tests/interop/scenarios/aborted_once_established.xml": [ProblemCode.UNREACHABLE_STEP, ProblemCode.UNACKNOWLEDGED_INVITE],
    "tests/interop/scenarios/aborted_while_it_rings.xml": [ProblemCode.UNREACHABLE_STEP, ProblemCode.UNACKNOWLEDGED_INVITE],
    "tests/interop/scenarios/branches.xml": [ProblemCode.UNREACHABLE_STEP],
    "tests/interop/scenarios/flow.xml": [ProblemCode.UNREACHABLE_STEP],
    "tests/interop/scenarios/init.xml": [ProblemCode.UNREACHABLE_STEP],
    "tests/interop/scenarios/strings.xml": [ProblemCode.UNSET_VARIABLE],
    "tests/interop/scenarios/timeouts.xml": [ProblemCode.UNREACHABLE_STEP],
}
"""Scenarios that hold on purpose what is warned of. One that comes in and is found here by this test: judge which of the two is wrong."""
_OF_THE_READER = {ProblemCode.DOUBTFUL, ProblemCode.UNKNOWN_ATTRIBUTE}


@pytest.mark.parametrize(
    "path", sorted(str(each.relative_to(ROOT)) for folder in ("scenarios", "tests/interop/scenarios") for each in (ROOT / folder).glob("*.xml"))
)  # fmt: skip
def test_no_false_alarm_in_our_own_scenarios(path: str) -> None:
    problems = describe_scenario(str(ROOT / path), diagnosed=True).problems
    assert [each.code for each in problems if each.warning and each.code not in _OF_THE_READER] == DESERVED.get(path, [])


LONG = {
    "steps": "<nop/>\n" * 9000 + OPTIONS,
    "a chain of labels": "".join(f'<nop next="{n}"/><label id="{n}"/>' for n in range(9000)) + OPTIONS,
    "circles": "".join(f'<label id="{n}"/><nop next="{n}" chance="0.5"/>' for n in range(9000)) + OPTIONS,
    "one circle": '<label id="a"/>' + "<nop/>" * 9000 + '<nop next="a" chance="0.5"/>' + OPTIONS,
    "optionals": OPTIONS + '<recv response="180" optional="true"/>' * 1900 + '<recv response="200"/>',
    "expressions": '<recv request="a(b|c)*d" regexp_match="1" optional="true"/>' * 1900 + '<recv request="BYE"/>',
    "open to the end": OPTIONS + '<recv request="INFO" optional="global"/>' * 1900 + '<recv response="200"/>' + OPTIONS * 2000,
    "jumps": OPTIONS + actions('<assign assign_to="v" value="1"/><jump variable="v"/>') * 4000,
    "variables": "".join(
        actions(f'<assign assign_to="v{n}" value="1"/><log message="[$v{n + 1}]"/>') for n in range(8000)
    ) + actions('<log message="[$v0][$v8000]"/>') + OPTIONS,
    "calls": (INVITE + '<recv response="200"/>') * 4000,
    "a body of keywords": "<send><![CDATA[\nOPTIONS sip:x SIP/2.0\nContent-Length: 1\n\n" + "[call_id] x " * 20000 + "\n]]></send>",
}  # fmt: skip


@pytest.mark.parametrize("body", LONG.values(), ids=LONG)
def test_the_time_grows_as_the_file_does(body: str) -> None:
    with no_hang():
        diagnosed(body)


PIECES = [
    OPTIONS, INVITE, ACK, "<nop/>", '<nop next="a"/>', '<nop next="b" chance="0.5"/>', '<label id="a"/>', '<label id="b"/>',
    '<label id="_unexp.main"/>', '<recv response="200" optional="true" next="a"/>', '<recv request="B" regexp_match="1"/>',
    '<recv response="200,202" ontimeout="b"/>', '<recv request="INFO" optional="global"/>', '<pause variable="v"/>',
    actions('<jump value="1"/>'), actions('<jump variable="v"/>'), actions('<pauserestore variable="v"/>'),
    actions('<assign assign_to="v" value="2"/><log message="[$v] [$w]"/>'), '<init><nop next="a"/><label id="a"/></init>',
    '<nop condexec="w" next="a" test="w"/>', "<recv/>", "<send/>", '<Global variables="v"/>', "<foo/>", '<timewait/>',
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join) | st.text(max_size=60))
def test_no_text_makes_them_raise(body: str) -> None:
    data = f"<scenario>{body}</scenario>".encode()
    lines = data.replace(b"\r", b"").split(b"\n")
    for problem in describe("s.xml", data, diagnosed=True).problems:
        assert 0 <= problem.line <= len(lines)
        assert 0 <= problem.column <= (len(lines[problem.line - 1]) + 1 if problem.line else 0)
