# SPDX-License-Identifier: AGPL-3.0-or-later
"""Scenarios as screens show them, broken ones too."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import ScenarioErrors
from engine.messages import Role, StepKind
from engine.scenario.describe import describe_scenario
from tests.engine.scenario.helpers import OPTIONS, scenario_bytes


def test_the_built_in_caller() -> None:
    found = describe_scenario("uac")
    assert (found.source, found.title, found.role, found.runnable) == ("uac", "Basic call, caller", Role.UAC, True)
    assert [step.label for step in found.steps] == ["INVITE", "100", "180", "183", "200", "ACK", "pause", "BYE", "200"]
    assert [step.optional for step in found.steps] == [False, True, True, True, False, False, False, False, False]
    assert [step.retransmits_ms for step in found.steps] == [500, None, None, None, None, None, None, 500, None]
    assert found.steps[4].stops == ("1",)
    assert found.steps[8].blank_after
    assert found.steps[0].message.startswith("INVITE sip:[service]@[remote_ip]:[remote_port] SIP/2.0\nVia: ")
    lines = found.xml.splitlines()
    assert [lines[step.line - 1].strip().split(" ")[0].rstrip("/>") for step in found.steps] == [
        "<send", "<recv", "<recv", "<recv", "<recv", "<send", "<pause", "<send", "<recv",
    ]  # fmt: skip
    assert lines[found.steps[0].end_line - 1].strip() == "</send>"


def test_the_built_in_callee() -> None:
    found = describe_scenario("uas")
    assert (found.role, found.problems, found.data_fields, found.needs) == (Role.UAS, (), 0, ())
    assert [step.label for step in found.steps] == ["INVITE", "180", "200", "ACK", "BYE", "200", "timewait 4000 ms"]
    assert found.steps[6].kind is StepKind.TIMEWAIT


@pytest.mark.parametrize(
    ("attributes", "label"),
    [
        ("", "pause"),
        ('milliseconds="2.50"', "pause 2.5 ms"),
        ('variable="v"', "pause $v ms"),
        ('distribution="fixed" value="60"', "pause 60 ms"),
        ('min="1000" max="2000"', "pause 1000–2000 ms"),
        ('distribution="normal" mean="60" stdev="1.5"', "pause N(60, 1.5) ms"),
        ('distribution="gpareto" shape="1" scale="2" location="3"', "pause GP(1, 2, 3) ms"),
        ('distribution="nothing"', "pause"),
    ],
)
def test_pauses_say_how_long_they_are(tmp_path: Path, attributes: str, label: str) -> None:
    path = tmp_path / "s.xml"
    path.write_bytes(scenario_bytes(f"{OPTIONS}<pause {attributes}/>"))
    assert describe_scenario(str(path)).steps[1].label == label


def test_notes_and_needs(tmp_path: Path) -> None:
    path = tmp_path / "s.xml"
    path.write_bytes(
        scenario_bytes(
            OPTIONS.replace("sip:x", "sip:[field2]").replace("<send", '<send lost="2.5" next="end" counter="c"')
            + '<recv response="200" rrs="true" auth="true" timeout="9" ontimeout="end" next="one" test="v"'
            ' display="h\xe9" hide="true">'
            '<action><ereg regexp="a" assign_to="v"/></action></recv>\n<label id="one"/>'
            '<recv\n  response="202"\n  optional="global"/><recv response="2"/><pause milliseconds="2.50"/>'
            '<nop><action><log message="[tdmmap][field4 line=[field7]]"/></action></nop><label id="end"/>'
        ).replace(b"h\xe9", "hé".encode())
    )
    found = describe_scenario(str(path))
    assert [step.notes for step in found.steps] == [
        ("lost 2.5 %", "next: end", "counts c"),
        ("next: 2 if $v", "timeout 9 ms", "on timeout: end", "keeps the route", "keeps the challenge", "ereg v"),
        ("open to the end",),
        (),
        (),
        ("log",),
    ]
    assert [step.label for step in found.steps] == ["OPTIONS", "200", "202", "?", "pause 2.5 ms", "nop"]
    assert (found.steps[1].display, found.steps[1].hidden) == ("hé", True)
    assert (found.steps[2].line, found.steps[2].end_line) == (9, 11)
    assert (found.data_fields, found.needs) == (8, ("-inf", "-tdmmap"))
    assert (found.runnable, len(found.problems)) == (False, 1)


def test_a_text_that_is_no_xml_is_still_shown(tmp_path: Path) -> None:
    path = tmp_path / "s.xml"
    path.write_bytes("<scenario>\n<send é='".encode())
    found = describe_scenario(str(path))
    assert (found.runnable, found.steps, found.xml) == (False, (), "<scenario>\n<send é='")
    assert [problem.line for problem in found.problems] == [2]


def test_warnings_do_not_keep_a_scenario_from_running(tmp_path: Path) -> None:
    path = tmp_path / "s.xml"
    path.write_bytes(scenario_bytes(OPTIONS.replace("<send", '<send foo="1"')))
    found = describe_scenario(str(path))
    assert (found.runnable, [problem.warning for problem in found.problems]) == (True, [True])


def test_keywords_of_the_run_are_known(tmp_path: Path) -> None:
    path = tmp_path / "s.xml"
    path.write_bytes(scenario_bytes(OPTIONS.replace("sip:x", "sip:[own]")))
    assert not describe_scenario(str(path)).runnable
    assert describe_scenario(str(path), ["own"]).runnable


def test_what_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ScenarioErrors):
        describe_scenario(str(tmp_path))
