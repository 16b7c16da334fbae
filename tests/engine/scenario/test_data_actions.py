# SPDX-License-Identifier: AGPL-3.0-or-later
"""The actions `lookup`, `insert` and `replace`. The values are those that SIPp 3.6.1 has."""

from __future__ import annotations

import re
from typing import Any

import pytest

from engine.errors import ScenarioErrors
from engine.messages import Failure
from engine.scenario.data_files import DataFile
from tests.engine.scenario.helpers import OPTIONS, Call, data_file, problems_of, program_of

TEXT = "SEQUENTIAL\nalice;a1;a2\nbob;b1;b2\ncarol;c1;c2\n"


def indexed(text: str = TEXT) -> DataFile:
    return data_file(text, indexed_field=0)


def run(actions: str, file: DataFile | None = None, **state: Any) -> Call:
    """What actions do to call 7, which has the variable v."""
    body = f'<nop><action>{actions}</action></nop><Reference variables="v"/>'
    if "assign_to" not in actions:
        body = body.replace('<Reference variables="v"/>', "")
    program = program_of(OPTIONS + body, data_files={"a.csv": file or indexed()})
    call = Call(variables=[None] * len(program.variables), **state)
    for action in program.steps[1].actions:
        action(call)
    return call


def test_the_number_of_a_line_is_looked_up() -> None:
    for key, expected in [("bob", 1.0), ("[next_url]", 2.0), ("none", -1.0)]:
        call = run(f'<lookup assign_to="v" file="a.csv" key="{key}"/>', next_url=b"carol")
        assert (call.variables, call.failures) == ([expected], [])


def test_the_file_may_be_told_by_keywords() -> None:
    assert run('<lookup assign_to="v" file="[next_url].csv" key="bob"/>', next_url=b"a").variables == [1.0]


def test_what_is_inserted_is_seen_by_later_calls() -> None:
    file = indexed()
    run('<insert file="a.csv" value="new[call_number];n1"/>', file)
    call = run('<lookup assign_to="v" file="a.csv" key="new7"/>', file)
    assert call.variables == [3.0]
    assert file.fields(3) == [b"new7", b"n1"]


@pytest.mark.parametrize("line", ["1", "1.000000", " 1", "1.5", "[next_url]"])
def test_a_line_is_replaced(line: str) -> None:
    file = indexed()
    run(f'<replace file="a.csv" line="{line}" value="rob;r1"/>', file, next_url=b"1.000000")
    assert [file.fields(at)[0] for at in range(3)] == [b"alice", b"rob", b"carol"]


def test_no_text_is_line_0() -> None:
    file = indexed()
    run('<replace file="a.csv" line="" value="rob;r1"/>', file)
    assert file.fields(0) == [b"rob", b"r1"]


@pytest.mark.parametrize(
    ("action", "told"),
    [
        ('<lookup assign_to="v" file="[next_url]" key="b"/>', "lookup: no data file 'b.csv' was given"),
        ('<insert file="[next_url]" value="b"/>', "insert: no data file 'b.csv' was given"),
        ('<replace file="a.csv" line="3" value="b"/>', "replace: dir/a.csv has no line 3; it has 3, counted from 0"),
        ('<replace file="a.csv" line="-1" value="b"/>', "replace: dir/a.csv has no line -1; it has 3, counted from 0"),
        ('<replace file="a.csv" line="x" value="b"/>', "replace: 'x' is no number of a line"),
    ],
)
def test_what_cannot_be_done_fails_the_call(action: str, told: str) -> None:
    call = run(action, next_url=b"b.csv")
    assert (call.variables in ([], [None]), call.failures) == (True, [(Failure.CANNOT_SEND, told)])


@pytest.mark.parametrize(
    ("action", "text", "told"),
    [
        ('<lookup assign_to="v" file="b.csv" key="b"/>', TEXT, "lookup: no data file 'b.csv' was given — did you mean a.csv?"),
        ('<insert file="" value="b"/>', "USER,PRINTF=2\na\n", "insert: dir/a.csv is a PRINTF file, in which nothing can be"),
        ('<replace file="a.csv" line="1" value="b"/>', "USER,PRINTF=2\na\n", "replace: dir/a.csv is a PRINTF file"),
    ],
)
def test_what_can_never_be_done_is_told_before_the_run(action: str, text: str, told: str) -> None:
    with pytest.raises(ScenarioErrors, match=re.escape(told)):
        run(action, data_file(text))


def test_a_lookup_needs_an_index() -> None:
    with pytest.raises(ScenarioErrors, match=re.escape("lookup: dir/a.csv has no index — make one with -infindex a.csv FIELD")):
        run('<lookup assign_to="v" file="a.csv" key="b"/>', data_file(TEXT))


@pytest.mark.parametrize(
    ("action", "told"),
    [
        ('<lookup assign_to="v" key="b"/>', "lookup needs file="),
        ('<lookup assign_to="v" file="b"/>', "lookup needs key="),
        ('<lookup file="b" key="k"/>', "lookup needs assign_to="),
        ('<insert value="b"/>', "insert needs file="),
        ('<insert file="b"/>', "insert needs value="),
        ('<replace file="b" value="v"/>', "replace needs line="),
        ('<replace file="b" line="v"/>', "replace needs value="),
        ('<replace file="b" line="[nonsense]" value=""/>', "unknown keyword [nonsense]"),
    ],
)
def test_what_is_missing_is_told_when_the_scenario_is_checked(action: str, told: str) -> None:
    (found,) = problems_of(f"{OPTIONS}<nop><action>{action}</action></nop>")[:1]
    assert told in found


def test_actions_on_data_files_need_some() -> None:
    with pytest.raises(ScenarioErrors, match="insert needs a data file — name one with -inf FILE"):
        program_of(f'{OPTIONS}<nop><action><insert file="a.csv" value="b"/></action></nop>')
