# SPDX-License-Identifier: AGPL-3.0-or-later
"""Each problem is told with the line and the column of what it speaks of."""

from __future__ import annotations

import pytest

from engine.scenario.load import read_scenario
from engine.scenario.places import Place, Places, column_of
from tests.engine.scenario.helpers import OPTIONS


@pytest.mark.parametrize(("offset", "place"), [(0, (1, 1)), (1, (1, 2)), (2, (1, 3)), (3, (2, 1)), (4, (3, 1)), (6, (3, 3))])
def test_places_of_offsets(offset: int, place: tuple[int, int]) -> None:
    found = Places("ab\n\ncd").of(offset)
    assert (found, found.column) == place


def test_a_place_is_a_line() -> None:
    assert Place(7, 3) == 7
    assert (column_of(Place(7, 3)), column_of(7)) == (3, 0)


@pytest.mark.parametrize(
    ("text", "marked", "message"),
    [
        ("<nop/>\n  <foo/>", "<foo", "unknown element <foo>"),
        ('<pause\n   distribution="normal" mena="3"/>', "mena", "<pause> has no attribute mena"),
        ('<nop next="7"/>', "next", 'next="7": there is no such label'),
        ('<pause ontimeout="7" milliseconds="x"/>', "milliseconds", "no number"),
        ('<recv rrs="1"\n request="a b"/>', "request=", "is no method"),
        ('<nop start_rtd="a"/>', "start_rtd", "timer 'a'"),
        ('<nop>\n <action>\n  <log message="[$a] [nonsense]"/></action></nop>', "[nonsense", "unknown keyword"),
        (r'<nop><action><log message="a\"b [nonsense]"/></action></nop>', "message", "unknown keyword"),
        ('<nop><action>\n <assign assign_to="a" value="x"/></action></nop>', "value", "is no number"),
        ('<nop><action>\n <ereg regexp="(" search_in="msg" assign_to="a"/></action></nop>', "regexp", "'('"),
        ('<nop><action>\n <jump  value="77"/></action></nop>', "value", "leads out of the scenario"),
        ('<nop><action>\n <logg message=""/></action></nop>', "<logg", "unknown action"),
        ('<nop><action>\n <log message="" mesage=""/></action></nop>', "mesage", "has no attribute mesage"),
        ('<nop><action><log message="[$once]"/></action></nop>', "[$once", "is used only here"),
        ('<nop><action><assign  assign_to="once" value="1"/></action></nop>', "assign_to", "is used only here"),
        ('<Global variables="once"/>', "variables", "<Global> names $once"),
        ('<Reference  variables="once"/>', "variables", "Reference names $once"),
        ("<send><![CDATA[  BYE [nonsense] SIP/2.0\n\n]]></send>", "[nonsense", "unknown keyword"),
        ("<send><![CDATA[\n\n  BYE x SIP/2.0\n \t  A: [call_id] [nonsense]\n\n]]></send>", "[nonsense", "unknown keyword"),
        ("<send><![CDATA[\n  BYE x SIP/2.0\n A: [field0 line=\"[nonsense]\"]\n\n]]></send>", "[field0", "unknown keyword"),
        ("<send><![CDATA[\n  BYE x SIP/2.0\n A: é [file]\n\n]]></send>", "[file", "file"),
        ("<send><![CDATA[\n  BYE x SIP/2.0\n A: \\xg\n\n]]></send>", "\\xg", "without two hexadecimal digits"),
        ("<send><![CDATA[\n  BYE x SIP/2.0\n A: [call_id\n\n]]></send>", "[call_id", "is never closed"),
        ("<send> <![CDATA[\n\n  nothing\n\n]]></send>", "nothing", "begins neither"),
    ],
)  # fmt: skip
def test_a_problem_points_at_what_it_speaks_of(text: str, marked: str, message: str) -> None:
    data = f"<scenario>\n{OPTIONS}{text}\n</scenario>".encode()
    before = data[: data.index(marked.encode(), data.index(OPTIONS.encode()) + len(OPTIONS))]
    found = [problem for problem in read_scenario("s.xml", data)[1] if message in problem.message]
    line = before.count(b"\n") + 1
    assert [(each.line, each.column) for each in found] == [(line, len(before) - before.rfind(b"\n"))]
