# SPDX-License-Identifier: AGPL-3.0-or-later
"""From CDATA to bytes: white space, line ends, [len], lines that are left out. Expected is what SIPp 3.6.1 sends."""

from __future__ import annotations

import pytest

from engine.scenario.keywords import LANGUAGE
from engine.scenario.problems import Problems
from engine.scenario.template import Parsed, TemplateParser, Text, Word, clean
from tests.engine.scenario.helpers import REPLY, Call, no_hang, problems_of, render


@pytest.mark.parametrize(
    ("cdata", "expected"),
    [
        ("\n\n\n   A\n\tB\n  \t C  \n  D\t\n", "A\nB\n C\nD\n\n"),
        (
            "A: 1 \t \nB: 2\t \t\n \t \tC: 3\n\t \tD: 4\n\t\t E:5\n \n \t\n\t\n  x=1\n",
            "A: 1 \nB: 2\t \n \tC: 3\n \tD: 4\n E:5\n\n\n\nx=1\n",
        ),
        ("A", "A\n\n"),
        ("A\n\n\n\n", "A\n\n"),
        ("A\n\n\n\nb\n", "A\n\n\n\nb\n"),
        ("A\n\nb", "A\n\nb"),
        ("A\n\nb   ", "A\n\nb"),
        ("A\n\nb\n\n\n   ", "A\n\nb\n"),
        ("A\n   \nb\n   \n c", "A\n\nb\n\nc"),
        ("   ", "\n\n"),
    ],
)
def test_clean(cdata: str, expected: str) -> None:
    assert clean(cdata, 1)[0] == expected


def test_clean_tells_the_line_of_the_first_character() -> None:
    assert clean(" \n\t\n  A", 5)[1] == 7


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Content-Length: [len]\n", b"Content-Length:     0\r\n\r\n"),
        ("Content-Length: [len]\n\nabc\ndef\n", b"Content-Length:    10\r\n\r\nabc\r\ndef\r\n"),
        ("Content-Length:[len]\n\nabc", b"Content-Length:    3\r\n\r\nabc"),
        ("Content-Length: [len+3]\n\nabc", b"Content-Length:     6\r\n\r\nabc"),
        ("Content-Length: [len-3]\n\nabc", b"Content-Length:     0\r\n\r\nabc"),
        ("Content-Length: [len+3]\n", b"Content-Length:     0\r\n\r\n"),
        ("L: [len]\nB: 2\n\nb\n", b"L:     3\r\nB: 2\r\n\r\nb\r\n"),
        ("X: [len+3] [len-2] [len]\n\nabc[call_number]\n[len]", b"X:                  \r\n\r\nabc7\r\n   11"),
        ("Content-Length: [len]\n\nabc[call_number]", b"Content-Length:     4\r\n\r\nabc7"),
        ("Content-Length: [len]\n\n[last_X:]\n", b"Content-Length:     0\r\n\r\n"),
        ("Content-Length: [len]\n\n" + "a" * 123_456, b"Content-Length: 123456\r\n\r\n" + b"a" * 123_456),
    ],
)
def test_length(text: str, expected: bytes) -> None:
    assert render(text) == expected


def test_the_length_is_counted_where_the_blank_line_depends_on_the_call() -> None:
    gone = Call(last=REPLY, variables=[None])
    lines = Call(variables=[b"q\r\n\r\nr"])
    assert render("L: [len]\n[last_Gone:]\nZ: 1\n\na [service]\n\nb", gone) == (b"L:    14\r\nZ: 1\r\n\r\na service\r\n\r\nb")
    assert render("L: [len]\n[next_url]\nZ: 1\n\nbc", Call()) == b"L:    10\r\n\r\nZ: 1\r\n\r\nbc"
    assert render("L: [len]\nZ: 1\n\nbc", Call()) == b"L:     2\r\nZ: 1\r\n\r\nbc"
    known = '<Reference variables="v"/><nop><action><assignstr assign_to="v" value="a"/></action></nop>'
    assert render("L: [len]\nZ: [$v]\n\nbc", lines, before=known) == b"L:     7\r\nZ: q\r\n\r\nr\r\n\r\nbc"
    assert render("[$v]\nL: [len]\nZ: 1\n\nbc", lines, before=known) == b"q\r\n\r\nr\r\nL:    23\r\nZ: 1\r\n\r\nbc"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("L: [len]\nB:2\nC: 33333\n", b"L:     0\r\n\r\n\x00\r\nC: 33333\r\n\r\n"),
        ("L: [len] x\n", b"L:     0\r\n\r\n\x00\n"),
        ("L: [len]\nB:2\n[last_X:]\n\nbody\n", b"L:     0\r\n\r\n\x00\r\nbody\r\n"),
    ],
)
def test_without_a_body_the_length_overwrites_what_is_behind_it(text: str, expected: bytes) -> None:
    assert render(text) == expected


def test_that_is_a_warning_when_it_is_certain() -> None:
    found = problems_of("<send><![CDATA[\nOPTIONS sip:x SIP/2.0\nContent-Length: [len]\nB: 2\n\n]]></send>")
    assert found == [
        "s.xml:5: warning: [len] without a body overwrites the headers behind it, as in SIPp — make it the last header"
    ]


GONE = "[last_Gone:]"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"A: 1\n{GONE}\nL: 2\nB{GONE}  \n\nb1\n{GONE}\n\n  b2\n", b"A: 1\r\nL: 2\r\nB\r\n\r\nb1\r\nb2\r\n"),
        (f"A: 1\n{GONE}\n{GONE}\n{GONE}[service]\nL:2\n{GONE}\n\nbody", b"A: 1\r\nserviceL:2\r\nbody"),
        (f"A: 1\n{GONE}tail\nB: 2\n", b"A: 1\r\ntail\r\nB: 2\r\n\r\n"),
        (f"A: 1\n{GONE}[last_Other:]z\nL: 1\n", b"A: 1\r\nz\r\nL: 1\r\n\r\n"),
        (f"A: 1{GONE}\n  {GONE}\nL: 1\n{GONE}", b"A: 1\r\nL: 1\r\n"),
        (f"A: 1\n{GONE}\nContent-Length: [len]\n\nb", b"A: 1\r\nContent-Length:     1\r\n\r\nb"),
        (
            "A: 1\n[last_Via:][last_To:]\nL: 1\n",
            b"A: 1\r\nVia: SIP/2.0/UDP h1;branch=z1To: <sip:bob@b;x=1>;tag=p1\r\nL: 1\r\n\r\n",
        ),
        (f"A: 1\n{GONE}[last_To:]\nL: 1\n", b"A: 1\r\nTo: <sip:bob@b;x=1>;tag=p1L: 1\r\n\r\n"),
        ("A: 1\n[routes]\nL: 1\n", b"A: 1\r\nL: 1\r\n\r\n"),
        ("A: 1\n[next_url]\n[peer_tag_param]\nL: 1\n", b"A: 1\r\n\r\n\r\nL: 1\r\n\r\n"),
    ],
)
def test_lines_that_are_left_out(text: str, expected: bytes) -> None:
    assert render(text, Call(last=REPLY)) == expected


def test_a_value_that_ends_a_line_takes_the_line_end_behind_it() -> None:
    assert render("[$v]\nL: 1 [$v]", Call(variables=[b"q\r\n"])) == b"q\r\nL: 1 q\r\n"


def test_a_text_without_keywords_is_one_constant() -> None:
    rendered = render("A: 1\n")
    assert rendered == b"A: 1\r\n\r\n"


def test_a_response_made_of_the_request_keeps_its_lines() -> None:
    text = "[last_Via:]\n[last_To:];tag=x[call_number]\n[last_CSeq:]\nContent-Length: [len]\n\n[last_Request_URI]"
    assert render(text, Call(last=REPLY)).split(b"\r\n") == [
        b"Via: SIP/2.0/UDP h1;branch=z1",
        b"To: <sip:bob@b;x=1>;tag=p1;tag=x7",
        b"CSeq: 5 OPTIONS",
        b"Content-Length:    13",
        b"",
        b"sip:bob@b;x=1",
    ]


def parse(text: str, *, tolerant: bool = False) -> tuple[Parsed, list[str]]:
    """The parts of a text that begins in line 1, and what was said about it."""
    problems = Problems("s")
    parsed = TemplateParser(LANGUAGE.classifier(()), problems, tolerant=tolerant).parse(text, 1)
    return parsed, [str(problem) for problem in problems.all]


@pytest.mark.parametrize(
    "text",
    [
        "[::1]",
        "[2001:db8::1]:5060",
        "[fe80::1%eth0]",
        "[0-9]",
        "[ ]",
        "[]",
        "[]]]",
        "[[[",
        "[ call_id]",
        "[123]",
        "[1.2.3.4]",
        "[^a]",
        '["a", [\n1 ]\n]',
        "[:alpha:]",
        "call_id]",
        "a]b",
        "[",
        "[\n",
        "[\xe9]",
        "[$]",
        "[?x]",
    ],
)
def test_what_cannot_be_a_keyword_stays_as_it_is(text: str) -> None:
    parsed, problems = parse(text)
    assert problems == []
    assert parsed.constant == text.replace("\n", "\r\n").encode("latin-1")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[foo]", "s:1: unknown keyword [foo]"),
        ("\n[Foo Bar]", "s:2: unknown keyword [Foo]"),
        ("[_]", "s:1: unknown keyword [_]"),
        ("[a-z]", "s:1: unknown keyword [a-z]"),
        ("[x[call_id]]", "s:1: unknown keyword [x]"),
        ("[cseq*2]", "s:1: unknown keyword [cseq*2]"),
        ("[call_number+]", "s:1: unknown keyword [call_number+]"),
        ("\n[call_id\n", "s:2: '[call_id' is never closed — end the keyword with ], or write \\x5b for a plain ["),
        ("[a]b[c", "s:1: unknown keyword [a]"),
        ("[call_id x]", "s:1: [call_id x]: 'x' is no argument"),
        ("[call_id\nof line]\n", "s:1: [call_id]: 'of line' is no argument"),
        ("[last_Via:\n]", "s:1: '[last_Via:' is never closed"),
        ("[len file='a]", "s:1: [len file='a]: 'file='a' is no argument"),
        ("[field0 line=[field1 line=[field2 line=[field3]]]]", "s:1: [field0 line=[field1 line=[fiel]: 'line=[field1' is no"),
        ("[field0 line=" + "a" * 5000 + "]", "s:1: '[field0 line=aaaaaaaaaaaaaaaaa' is never closed"),
    ],
)
def test_what_looks_like_a_keyword_and_is_none_is_refused(text: str, said: str) -> None:
    problems = parse(text)[1]
    assert problems[0].startswith(said)
    assert "warning" not in problems[0]


@pytest.mark.parametrize(
    ("text", "name", "rest", "offset", "said"),
    [
        ("[cseq]", "cseq", "", 0, ""),
        ("[cseq ]", "cseq", "", 0, ""),
        ("[cseq+010]", "cseq", "", 10, ""),
        ("[cseq-2+1]", "cseq", "", -2, ""),
        ("[cseq+1x]", "cseq", "", 1, ""),
        ("[cseq+123456789012345]", "cseq", "", 123456789, ""),
        ("[field07]", "field", "07", 0, ""),
        ("[field]", "field", "0", 0, "s:1: warning: [field] is read as in SIPp"),
        ("[fieldx]", "field", "0", 0, "s:1: warning: [fieldx] is read as in SIPp"),
        ("[field1 file0]", "field", "1", 0, "s:1: warning: [field1 file0]: 'file0' is no argument and ignored, as in SIPp"),
        ("[field12x]", "field", "12", 0, "s:1: warning: [field12x] is read as in SIPp"),
        ("[$v]", "$", "v", 0, ""),
        ("[$a b]", "$", "a b", 0, ""),
        ("[$1]", "$", "1", 0, ""),
        ("[$v-1]", "$", "v", 0, "s:1: warning: [$v-1] is [$v], as in SIPp, which takes the rest for an offset"),
        ("[last_Via:]", "last_", "Via:", 0, ""),
        ("[last_X-3CX-Id:]", "last_", "X", 0, "s:1: warning: [last_X-3CX-Id:] is [last_X], as in SIPp"),
        ("[last_cseq_number-1]", "last_cseq_number", "", -1, ""),
    ],
)
def test_words(text: str, name: str, rest: str, offset: int, said: str) -> None:
    parsed, problems = parse(text)
    word = parsed.parts[0]
    assert isinstance(word, Word)
    assert (word.name, word.rest, word.offset, word.source) == (name, rest, offset, text[1:-1])
    assert "".join(problems).startswith(said)
    assert len(parsed.parts) == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[field0 file="a b.csv" line=3]', {"file": b"a b.csv", "line": b"3"}),
        ("[field0 file='a', line = 3 ]", {"file": b"a", "line": b"3"}),
        ('[field0\n  file="a"\n line=""]', {"file": b"a", "line": b""}),
        ("[field0 line=]", {"line": b""}),
        ("[field0 line=a=b]", {"line": b"a=b"}),
        ("[authentication username= password=b]", {"username": b"", "password": b"b"}),
        ("[authentication password=b\tusername=a,b;c]", {"username": b"a,b;c", "password": b"b"}),
        ('[authentication username="a\\"b\\\\" password=c]', {"username": b'a"b\\', "password": b"c"}),
        (r'[authentication username="\x41b"]', {"username": b"Ab"}),
    ],
)
def test_arguments(text: str, expected: dict[str, bytes]) -> None:
    parsed, problems = parse(text)
    word = parsed.parts[0]
    assert isinstance(word, Word)
    assert {name: argument.constant for name, argument in word.arguments.items()} == expected
    assert problems == []


def test_keywords_in_arguments() -> None:
    parsed, problems = parse('[field0 line="[field1 line=[$v]]x"]')
    assert problems == []
    assert [word.source for word in parsed.words] == ['field0 line="[field1 line=[$v]]x"', "field1 line=[$v]", "$v"]
    deep = """[field0 line="[field1 line='[field2 line=[field3 line=[field4 line=1]]]']"]"""
    assert parse(deep)[1] == ["s:1: [field4 line=1] stands too deep in other keywords — use a variable"]


@pytest.mark.parametrize(
    ("text", "expected", "said"),
    [
        (r"\x5bcall_id\x5D", b"[call_id]", False),
        (r"\x00\x0d\x0A\xFF\\x41", b"\x00\r\n\xff\\A", False),
        (r"\X41 \n \\", rb"\X41 \n \\", False),
        (r"\x4 \xg1 \x", rb"\x4 \xg1 \x", True),
    ],
)
def test_bytes_by_number(text: str, expected: bytes, said: bool) -> None:
    parsed, problems = parse("\n" + text)
    assert parsed.constant == b"\r\n" + expected
    assert [problem.partition(";")[0] for problem in problems] == [
        r"s:2: warning: \x without two hexadecimal digits stays as it is"
    ] * said


def test_lines_are_counted() -> None:
    parsed, _ = parse("a\n[cseq][pid]\n\n[field0\n line=1]x\n[branch]")
    assert [word.line for word in parsed.words] == [2, 2, 4, 6]
    assert [part.data for part in parsed.parts if isinstance(part, Text)] == [b"a\r\n", b"\r\n\r\n", b"x\r\n"]


REPEATED = {
    "brackets": "[",
    "brackets and spaces": "[ ",
    "closing brackets": "]",
    "keywords": "[call_id]",
    "keywords in lines": "\n[call_id]",
    "keywords that do not end": "[call_id",
    "keywords with spaces that do not end": "[call_id ",
    "arguments that do not end": "[field0 line=",
    "quotes that do not end": "[field0 line='",
    "addresses": "[::1",
    "numbers": "[cseq+1",
    "variables that do not end": "[$v ",
    "letters": "a",
    "escapes": r"\x",
    "lines": "\n",
}


@pytest.mark.parametrize("ends", ["", "]", "]" * 100_000], ids=["open", "closed", "all closed"])
@pytest.mark.parametrize("unit", REPEATED.values(), ids=REPEATED)
def test_the_time_grows_no_faster_than_the_text(unit: str, ends: str) -> None:
    with no_hang():
        parse("[field0 x" + unit * 100_000 + ends, tolerant=True)
        parse("[field0 " + unit * 400 + ends)
