# SPDX-License-Identifier: AGPL-3.0-or-later
"""Scenarios that are long in one way or another: read, compiled, described and matched in a time that grows with them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from engine.call.matching import Matcher
from engine.errors import ScenarioErrors
from engine.scenario.compile import compile_program
from engine.scenario.describe import describe_scenario
from engine.scenario.load import load_scenario, read_scenario
from engine.scenario.problems import MOST_PROBLEMS
from engine.scenario.program import RunFacts, SendStep
from tests.engine.scenario.helpers import FACTS, OPTIONS, REPLY, Call, no_hang, problems_of, scenario_bytes

COUNT = 5_000


def message(text: str) -> str:
    """A step that sends a message with these lines."""
    return f"<send><![CDATA[OPTIONS sip:x SIP/2.0\nCall-ID: 1\nA: {text}]]></send>"


def numbered(text: str) -> Callable[[int], str]:
    """Many times the same with another number."""
    return lambda count: OPTIONS + "".join(text.replace("#", str(number)) for number in range(count))


def repeated(text: str) -> Callable[[int], str]:
    """One message with the same in it many times."""
    return lambda count: message(text * count) + '<Reference variables="v"/>'


GROWING: dict[str, Callable[[int], str]] = {
    "recvs without what they wait for": numbered("<recv/>"),
    "recvs": numbered('<recv response="200"/>'),
    "optional recvs": lambda count: numbered('<recv response="200" optional="true"/>')(2000),
    "global recvs": lambda count: numbered('<recv response="200" optional="global"/>')(2000),
    "expressions": numbered('<recv request="A#" regexp_match="true"/>'),
    "sends": numbered(message("1")),
    "methods": numbered(message("1").replace("OPTIONS", "M#") + '<recv response="200"/>'),
    "unknown elements": numbered("<foo#/>"),
    "unknown attributes": numbered('<nop foo#="1"/>'),
    "unknown actions": numbered("<nop><action><foo#/></action></nop>"),
    "actions": lambda count: "<nop><action>" + '<log message="[call_id]"/>' * count + "</action></nop>" + OPTIONS,
    "variables used once": numbered('<nop><action><assignstr assign_to="v#" value="1"/></action></nop>'),
    "variables used twice": numbered('<nop><action><assignstr assign_to="v#" value="[$v#]"/></action></nop>'),
    "globals": numbered('<Global variables="g#"/>'),
    "references to nothing": numbered('<Reference variables="r#"/>'),
    "groups of an expression": lambda count: (
        OPTIONS + f'<nop><action><ereg regexp="a" assign_to="{",".join(map(str, range(count)))}"/></action></nop>'
    ),
    "labels": numbered('<label id="l#"/><nop next="l#"/>'),
    "labels that are not there": numbered('<label id="l#"/><nop next="m#"/>'),
    "labels that are there twice": numbered('<label id="l"/>'),
    "timers": numbered('<nop start_rtd="t#"/><nop rtd="t#"/>'),
    "timers that never stop": numbered('<nop start_rtd="t#"/>'),
    "counters": numbered('<nop counter="c#"/>'),
    "transactions": numbered(
        message("1").replace("<send", '<send start_txn="t#"') + '<recv response="200" response_txn="t#"/>'
    ),
    "bounds": lambda count: OPTIONS + f'<ResponseTimeRepartition value="{",".join(map(str, range(count)))}"/>',
    "default messages": numbered('<DefaultMessage id="bye"><![CDATA[BYE sip:x SIP/2.0\n\n]]></DefaultMessage>'),
    "init": lambda count: "<init>" + "<nop/>" * count + "</init>" + OPTIONS,
    "keywords": repeated("[call_id]"),
    "constants": repeated("[local_ip]"),
    "lengths": repeated("[len]"),
    "headers": repeated("[last_Via:]"),
    "headers in lines": repeated("\n[last_Via:]"),
    "variables": repeated("[$v]"),
    "unknown keywords": lambda count: message("".join(f"\n[foo{number}]" for number in range(count))),
    "one unknown keyword": repeated("[locl_ip]"),
    "long unknown keywords": repeated("[" + "x" * 100 + "]"),
}


@pytest.mark.parametrize("name", GROWING)
def test_the_time_grows_no_faster_than_the_scenario(name: str, tmp_path: Path) -> None:
    data = scenario_bytes(GROWING[name](COUNT))
    path = tmp_path / "s.xml"
    path.write_bytes(data)
    with no_hang():
        describe_scenario(str(path))
        try:
            program = compile_program(load_scenario("s.xml", data), RunFacts(**FACTS))
        except ScenarioErrors:
            return
        matcher = Matcher(program.steps)
        for index in range(0, len(program.steps), 10):
            matcher.find(index, REPLY, [])
        call = Call(last=REPLY, variables=[None] * len(program.variables))
        for step in program.steps:
            if isinstance(step, SendStep):
                step.render(call)


def test_of_very_many_problems_the_first_are_told() -> None:
    found = read_scenario("s.xml", scenario_bytes("<foo/>\n" * 5000))[1]
    assert len(found) == MOST_PROBLEMS + 1
    assert found[-1].message == "there are too many problems; the file was not read beyond this line"
    assert found[-1].line == MOST_PROBLEMS + 3


def test_very_many_warnings_do_not_keep_a_scenario_from_running() -> None:
    scenario, found = read_scenario("s.xml", scenario_bytes(OPTIONS + '<nop foo="1"/>\n' * 5000))
    assert len(found) == MOST_PROBLEMS
    assert all(problem.warning for problem in found)
    assert len(scenario.steps) == 5001


def test_a_problem_quotes_no_more_than_one_can_read() -> None:
    found = problems_of(OPTIONS + f'<recv response="{"9" * 100_000}"/>')
    assert len(found[0]) < 500


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("<nop/>" * 10_000, "s.xml: the scenario has 10001 steps — it can have 10000"),
        ('<recv response="200" optional="true"/>' * 2001, "s.xml: the scenario has 2001 optional <recv> — it can have 2000"),
    ],
)
def test_what_is_too_large(body: str, expected: str) -> None:
    assert problems_of(OPTIONS + body)[0] == expected
