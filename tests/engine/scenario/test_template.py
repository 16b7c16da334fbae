# SPDX-License-Identifier: AGPL-3.0-or-later
"""From CDATA to bytes: white space, line ends, [len], lines that are left out. Expected is what SIPp 3.6.1 sends."""

from __future__ import annotations

import pytest

from engine.scenario.template import clean
from tests.engine.scenario.helpers import REPLY, Call, problems_of, render


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
