# SPDX-License-Identifier: AGPL-3.0-or-later
"""`[field0]` in messages. The values are those that SIPp 3.6.1 gives, but for keywords within a field."""

from __future__ import annotations

import re
from typing import Any

import pytest

from engine.errors import ScenarioErrors
from engine.messages import Failure
from engine.scenario.keywords.fields import MOST_KEPT
from tests.engine.scenario.helpers import Call, data_file, program_of, render

DATA = "SEQUENTIAL\nalice;[service];x[no]y;\r\n# comment\nbob;[call_number]-[cseq+1];[field0];\n"


def line(keyword: str, call: Call | None = None, **facts: Any) -> bytes:
    rendered = render(f"K: {keyword}|\nL: 1\n", call, **facts)
    return rendered[3:].partition(b"|\r\n")[0]


@pytest.mark.parametrize(
    ("number", "keyword", "expected"),
    [
        (1, "[field0]", b"alice"),
        (2, "[field0]", b"bob"),
        (3, "[field0]", b"alice"),
        (1, "[field1]", b"service"),
        (2, "[field1]", b"2-4"),
        (1, "[field2]", b"x[no]y"),
        (2, "[field2]", b"[field0]"),
        (1, "[field3]", b""),
        (1, '[field0 file="a.csv"]', b"alice"),
        (1, '[field0 file=""]', b"alice"),
        (1, '[field0 file="[peer_tag_param]"]', b"alice"),
        (1, "[field0 file=a.csv line=1]", b"bob"),
        (1, '[field0 line="1"]', b"bob"),
        (2, '[field0 line="-1"]', b"bob"),
        (2, '[field0 line="-1.000000"]', b"bob"),
        (2, '[field0 line=""]', b"bob"),
        (1, '[field0 line="2"]', b""),
        (1, '[field0 line=" 1"]', b"bob"),
        (1, '[field0 line="1.9"]', b"bob"),
        (1, '[field0 line="1e0"]', b"bob"),
        (1, '[field0 line="0x1"]', b"bob"),
        (1, '[field0 line="99999999999999999999"]', b""),
        (1, '[field0 line="[call_number]"]', b"bob"),
        (2, '[field0 line="[last_None]"]', b"alice"),
        (2, '[field0 line="[next_url]"]', b""),
        (1, "[field00+1]", b"alice"),
    ],
)
def test_fields(number: int, keyword: str, expected: bytes) -> None:
    call = Call(number=number, next_url=b"-1.000000", peer_tag=b"a.csv")
    assert line(keyword, call, data_files={"a.csv": data_file(DATA)}) == expected
    assert call.failures == []


@pytest.mark.parametrize(
    ("keyword", "expected"),
    [
        ("[field9]", "dir/a.csv:2 has 4 fields, [field9] needs 10"),
        ('[field0 file="b.csv"]', "no data file 'b.csv' was given — did you mean a.csv?"),
    ],
)
def test_fields_that_are_not_there(keyword: str, expected: str) -> None:
    with pytest.raises(ScenarioErrors, match=re.escape(expected)) as caught:
        line(keyword, data_files={"a.csv": data_file(DATA)})
    assert caught.value.problems[0].line == 5


def test_fields_without_a_data_file() -> None:
    with pytest.raises(ScenarioErrors, match="needs a data file — name one with -inf"):
        line("[field0]")


def test_the_first_data_file_serves_fields_that_name_none() -> None:
    files = {"b.csv": data_file("SEQUENTIAL\nother\n", "b.csv"), "a.csv": data_file(DATA)}
    assert line("[field0] [field0 file=a.csv]", Call(number=1), data_files=files) == b"other alice"
    call = Call(number=1, next_url=b"b.csv")
    assert line("[field0 file=a.csv line=1] [field0 file=[next_url]]", call, data_files=files) == b"bob other"


@pytest.mark.parametrize(
    ("text", "number", "keyword", "told"),
    [
        (
            "SEQUENTIAL\n" + "a;b\n" * 150 + "#\nlast\n",
            151,
            "[field1]",
            "[field1]: dir/a.csv:153 has 1 fields, and it needs 2",
        ),
        ("RANDOM\na;b\nc\n", 1, "[field1 line=1]", "[field1 line=1]: dir/a.csv:3 has 1 fields, and it needs 2"),
        ("RANDOM\na;b\n", 1, "[field1 line=x]", "[field1 line=x]: 'x' is no number of a line"),
        ("RANDOM\na;b\n", 1, "[field1 line=nan]", "[field1 line=nan]: 'nan' is no number of a line"),
        ("RANDOM\na;b\n", 1, "[field1 file=[next_url]]", "[field1 file=[next_url]]: no data file ' [31m' was given"),
    ],
)
def test_a_call_that_cannot_have_its_field_fails_and_says_where(text: str, number: int, keyword: str, told: str) -> None:
    call = Call(number=number, next_url=b"\x1b[31m")
    assert line(keyword, call, data_files={"a.csv": data_file(text)}) == b""
    assert call.failures == [(Failure.CANNOT_SEND, told)]


def test_users_have_their_own_line() -> None:
    files = {"a.csv": data_file("USERS\na\nb\n")}
    taken = [line("[field0]", Call(number=7 + user, user=user), users=2, data_files=files) for user in (1, 2)]
    assert taken == [b"a", b"b"]
    call = Call(user=3)
    assert line("[field0]", call, users=2, data_files=files) == b""
    assert call.failures == [(Failure.CANNOT_SEND, "[field0]: dir/a.csv has 2 lines, and user 3 needs its own")]
    assert line("[field0 line=1]", Call(), data_files=files) == b"b"
    with pytest.raises(ScenarioErrors, match=r"dir/a.csv has a line for each user, and the run has none — give -users N, or"):
        line("[field0]", data_files=files)


def test_a_call_has_one_random_line() -> None:
    files = {"a.csv": data_file("RANDOM\n" + "".join(f"{number};{number}\n" for number in range(10)))}
    seen = set()
    for number in range(1, 100):
        first, second, third = line("[field0] [field1] [field0]", Call(number=number), data_files=files).split()
        assert first == second == third
        seen.add(first)
    assert len(seen) == 10


def test_fields_with_keywords_are_compiled_again_when_too_many_were_kept() -> None:
    count = MOST_KEPT + 10
    text = "SEQUENTIAL\n" + "".join(f"{number}[call_number]\n" for number in range(count))
    files = {"a.csv": data_file(text)}
    program = program_of("<send><![CDATA[OPTIONS sip:x SIP/2.0\n[field0]]]></send>", data_files=files)
    for number in [*range(1, count + 1), 1]:
        rendered = program.steps[0].render(Call(number=number))  # type: ignore[union-attr]
        assert rendered == b"OPTIONS sip:x SIP/2.0\r\n%d%d\r\n\r\n" % (number - 1, number)
