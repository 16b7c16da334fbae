# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a received message says, whatever its shape; torture messages (RFC 4475 and our own) are files."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.sip.message import MalformedMessage, Message
from tests.growth import grows_linearly

TORTURE = Path(__file__).parent / "torture"


def torture(name: str) -> Message:
    return Message((TORTURE / f"{name}.sip").read_bytes())


def response(*headers: str, status: str = "200 OK") -> bytes:
    return "\r\n".join([f"SIP/2.0 {status}", *headers, "", ""]).encode()


def test_a_response_says_its_status_and_transaction() -> None:
    message = Message(response("Call-ID: a@b", "CSeq: 17 INVITE", "To: <sip:b@c>;tag=x1"))
    assert (message.status, message.method, message.call_id) == (200, b"", b"a@b")
    assert (message.cseq_number, message.cseq_method, message.to_tag) == (17, b"INVITE", b"x1")


def test_a_request_says_its_method_and_uri() -> None:
    message = Message(b"BYE sip:a@b;x=y SIP/2.0\r\nCall-ID: 1\r\nCSeq: 2 BYE\r\n\r\n")
    assert (message.status, message.method, message.request_uri) == (0, b"BYE", b"sip:a@b;x=y")


def test_compact_names_folds_and_odd_spacing_are_understood() -> None:
    message = torture("compact_and_folded")
    assert message.call_id == b"wsinv.ndaksdj@192.0.2.1"
    assert (message.cseq_number, message.cseq_method) == (9, b"INVITE")
    assert message.from_tag == b"98asjd8"
    assert message.to_tag == b"1918181833n"
    assert message.values(b"Via") == [
        b"SIP  /   2.0 /UDP 192.0.2.2;branch=390skdjuw",
        b"SIP/2.0/TCP spindle.example.com;branch=z9hG4bK9ikj8",
    ]
    assert message.value(b"newfangledheader") == b"newfangled value continued newfangled value"
    assert message.value(b"Subject") == b""


def test_lines_are_kept_as_they_came() -> None:
    assert torture("compact_and_folded").lines(b"Via")[0] == b"v  : SIP  /   2.0\r\n /UDP\r\n    192.0.2.2;branch=390skdjuw"


def test_a_header_is_found_wherever_it_stands_this_time() -> None:
    headers = ["Call-ID: a@b", "CSeq: 1 INVITE", "To: <sip:b@c>;tag=t", "From: <sip:f@g>;tag=f"]
    for _ in range(2):
        for order in (headers, headers[::-1], ["Via: v", *headers], headers[2:] + headers[:2]):
            message = Message(response(*order))
            assert (message.call_id, message.cseq_number) == (b"a@b", 1)
            assert (message.to_tag, message.from_tag) == (b"t", b"f")


def test_a_folded_header_is_not_taken_for_the_line_that_stood_there() -> None:
    for to in ("To: <sip:b@c>;tag=t", "To: <sip:b@c>\r\n ;tag=t", "t: <sip:b@c>\r\n\t;\r\n tag=t", "TO :<sip:b@c>;tag=t"):
        assert Message(response("Call-ID: a@b", to, "CSeq: 1 BYE")).to_tag == b"t"


def test_all_lines_of_a_header_are_found_however_each_is_spelled() -> None:
    message = Message(
        response("v: proxy", "Call-ID: a@b", "Via: client,\r\n folded", "VIA : third", "Vary: no", "_v: no", "_x: y")
    )
    assert message.lines(b"Via") == [b"v: proxy", b"Via: client,\r\n folded", b"VIA : third"]
    assert message.value(b"_X") == b"y"


def test_a_start_line_that_repeats_is_read_the_same_again() -> None:
    for _ in range(2):
        assert Message(b"PING sip:a SIP/2.0\r\nCall-ID: 1\r\n\r\n").method == b"PING"
        with pytest.raises(MalformedMessage):
            Message(b"PING sip:a HTTP/1.1\r\nCall-ID: 1\r\n\r\n")


def test_a_body_is_cut_to_a_shorter_content_length() -> None:
    assert torture("long_body").body == b"abc"


def test_without_content_length_the_datagram_ends_the_body() -> None:
    assert torture("no_length").body == b"the rest is the body"


def test_the_tag_is_that_of_the_header_not_of_the_name_or_the_uri() -> None:
    assert torture("no_length").to_tag == b"real"


@pytest.mark.parametrize(
    ("vias", "branch"),
    [
        (["Via: SIP/2.0/UDP a:5060;branch=z9hG4bK-1-2"], b"z9hG4bK-1-2"),
        (["Via: SIP/2.0/UDP a;branch=z9hG4bK1;rport", "Via: SIP/2.0/UDP b;branch=z9hG4bK2"], b"z9hG4bK1"),
        (["Via: SIP/2.0/UDP a;rport;branch=z9hG4bK1 ,SIP/2.0/UDP b;branch=z9hG4bK2"], b"z9hG4bK1"),
        (["Via: SIP/2.0/UDP a;rport,SIP/2.0/UDP b;branch=z9hG4bK2"], b""),
        (["v: SIP/2.0/UDP a", "Via: SIP/2.0/UDP b;branch=z9hG4bK2"], b""),
        (["v : SIP / 2.0 / UDP a", "\t; BRANCH", " =", "  z9hG4bK1 ;x"], b"z9hG4bK1"),
        (['VIA: SIP/2.0/UDP a;x=";branch=no,";branch=z9hG4bK1, SIP/2.0/UDP b'], b"z9hG4bK1"),
        (["Via: SIP/2.0/UDP a;branch="], b""),
        (["Via:"], b""),
        ([], b""),
    ],
)
def test_the_branch_is_that_of_the_top_via(vias: list[str], branch: bytes) -> None:
    assert Message(response("Call-ID: a", "Vary: ;branch=no", *vias)).branch == branch


@pytest.mark.parametrize(("name", "call_id"), [("bare_lf", b"bare-lf"), ("no_blank_line", b"no-blank-line")])
def test_sloppy_line_ends_are_mended(name: str, call_id: bytes) -> None:
    message = torture(name)
    assert message.call_id == call_id
    assert message.cseq_number in (2, 7)


@pytest.mark.parametrize("end", ["\n\r\nCSeq: 1 BYE\n\n", "\n\r\nCSeq: 1 BYE", "\r\n\nCSeq: 1 BYE\r\n"])
def test_the_first_empty_line_ends_the_head_whatever_it_is_made_of(end: str) -> None:
    message = Message(f"BYE sip:a SIP/2.0\nCall-ID: 1{end}".encode())
    assert (message.call_id, message.cseq_number) == (b"1", 0)


def test_a_header_in_the_body_is_no_header() -> None:
    message = Message(b"INVITE sip:a SIP/2.0\r\nCall-ID: real\r\nCSeq: 1 INVITE\r\n\r\n\r\nCSeq: 9 BYE\r\nVia: x\r\n")
    assert message.cseq_method == b"INVITE"
    assert message.lines(b"Via") == []


def test_numbers_of_thousands_of_digits_are_no_numbers() -> None:
    digits = "9" * 5000
    message = Message(response("Call-ID: a", f"CSeq: {digits} INVITE", f"Content-Length: {digits}"))
    assert (message.cseq_number, message.cseq_method, message.body) == (0, b"", b"")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00\xff\x01",
        b"GET / HTTP/1.1\r\nCall-ID: x\r\n\r\n",
        b"SIP/2.0 2x0 OK\r\nCall-ID: x\r\n\r\n",
        b"SIP/2.0 099 OK\r\nCall-ID: x\r\n\r\n",
        b"INVITE sip:a\r\nCall-ID: x\r\n\r\n",
        b"INVITE sip:a SIP/2.0\r\nCSeq: 1 INVITE\r\n\r\n",
        b"INVITE sip:a SIP/2.0\r\nCall-ID: \r\n\r\n",
    ],
)
def test_what_is_no_message_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedMessage):
        Message(data)


PIECES = (
    b"\r\n",
    b"\n",
    b"\r",
    b" ",
    b"\t",
    b":",
    b";",
    b">",
    b"\0",
    b"Call-ID: 1",
    b"CSeq: 1 BYE",
    b"v:",
    b"To: <a>;tag=",
    b"f",
    b'"',
    b"\\",
    b"v: SIP/2.0/UDP a;branch=",
    b"l: 3",
    b"m :",
)
STARTS = (b"BYE sip:a SIP/2.0\r\nCall-ID: 1", b"BYE sip:a SIP/2.0\nCall-ID: 1\n", b"SIP/2.0 200\r\ni: 2\r\n")
DAMAGED = st.tuples(
    st.sampled_from(STARTS), st.lists(st.sampled_from(PIECES) | st.binary(max_size=3), max_size=20).map(b"".join)
).map(b"".join)


@given(st.binary(max_size=300) | DAMAGED)
def test_any_bytes_are_a_message_or_malformed(data: bytes) -> None:
    try:
        message = Message(data)
    except MalformedMessage:
        return
    assert message.call_id
    assert all(isinstance(said, bytes) for said in everything(message))


def everything(message: Message) -> list[bytes]:
    """All that a message says: what every accessor gives."""
    texts = [message.start_line, message.request_uri, message.method, message.call_id, message.cseq_method, message.body]
    texts += [message.to_tag, message.from_tag, message.branch, message.value(b"Subject") or b""]
    texts += [*message.lines(b"via"), *message.values(b"contact"), *message.raw_lines]
    assert message.cseq == (message.cseq_number, message.cseq_method)
    assert message.cseq_number >= 0
    assert message.status in (0, *range(100, 1000))
    return texts


FIRSTS = ("Call-ID: one", "CSeq: 1 INVITE", "From: <sip:f@g>;tag=f1", "To: <sip:b@c>;tag=t1", "Via: SIP/2.0/UDP a;branch=b1")
SECONDS = (
    ("Call-ID: two", "CSeq: 2 BYE", "From: <sip:f@g>;tag=f2", "To: <sip:b@c>;tag=t2", "Via: SIP/2.0/UDP b;branch=b2"),
    ("i: two", "cseq: 2 BYE", "f: <sip:f@g>;tag=f2", "t: <sip:b@c>;tag=t2", "v: SIP/2.0/UDP b;branch=b2"),
    ("I :two", "CSEQ\t: 2 BYE", "FROM:<sip:f@g>\r\n ;tag=f2", "tO : <sip:b@c>;tag=t2", "V : SIP/2.0/UDP b;branch=b2"),
)


def said(message: Message) -> tuple[object, ...]:
    return (message.call_id, *message.cseq, message.from_tag, message.to_tag, message.branch)


ONE = (b"one", 1, b"INVITE", b"f1", b"t1", b"b1")
TWO = (b"two", 2, b"BYE", b"f2", b"t2", b"b2")


@pytest.mark.parametrize("seconds", SECONDS)
def test_of_a_header_that_stands_twice_the_first_counts_whatever_came_before(seconds: tuple[str, ...]) -> None:
    for between in range(4):
        others = ["Max-Forwards: 70", "Contact: <sip:x>", "Content-Type: a/b", "Timestamp: 1"][:between]
        usual = Message(response("Supported: 100rel", "Subject: x", *FIRSTS))
        assert said(usual) == ONE
        assert said(Message(response(*FIRSTS, *others, *seconds))) == ONE
        assert said(Message(response(*seconds, *others, *FIRSTS))) == TWO
        assert Message(response(*seconds, *others, *FIRSTS)).value(b"call-id") == b"two"


@given(st.permutations(range(10)), st.permutations(range(10)))
def test_a_message_says_the_same_whatever_message_came_before(before: list[int], order: list[int]) -> None:
    headers = [*FIRSTS, *SECONDS[1]]
    text = response(*(headers[index] for index in order))
    Message(response(*(headers[index] for index in before)))
    first = {name: min((name, name + 5), key=order.index) for name in range(5)}
    expected = [(TWO if at >= 5 else ONE) for at in first.values()]
    assert said(Message(text)) == (
        expected[0][0], *expected[1][1:3], expected[2][3], expected[3][4], expected[4][5]
    )  # fmt: skip


def test_what_has_no_colon_is_no_header() -> None:
    message = Message(response("Call-IDx", "Call-ID x", "Viax", "Via x", "v", "v x", "i", "Call-ID: a"))
    assert (message.call_id, message.lines(b"Via"), message.lines(b"")) == (b"a", [], [])


PARTS = "--b\r\nContent-Type: a/b\r\n\r\none\r\n--b\r\n\r\ntwo\r\n--b--\r\n"


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_body_begins_behind_the_first_empty_line_whatever_the_body_is_made_of(end: str) -> None:
    head = ["INVITE sip:a SIP/2.0", "Call-ID: 1", f"Content-Length: {len(PARTS)}", "CSeq: 1 INVITE", "", ""]
    message = Message((end.join(head) + PARTS + "beyond").encode())
    assert (message.body, message.cseq, len(message.raw_lines)) == (PARTS.encode(), (1, b"INVITE"), 4)


@pytest.mark.parametrize("text", ["A\nB\r\nC\r\n\r\n", "A\r\nB\nC\r\n\r\n", "A\r\nB\r\nC\n\r\n", "A\r\nB\r\nC\r\n\n"])
def test_one_bare_lf_ends_a_line_like_the_others(text: str) -> None:
    lines = {"A": "BYE sip:a SIP/2.0", "B": "Call-ID: 1", "C": "CSeq: 1 BYE"}
    message = Message("".join(lines.get(letter, letter) for letter in text).encode())
    assert (message.method, message.call_id, message.cseq) == (b"BYE", b"1", (1, b"BYE"))


@pytest.mark.parametrize(
    ("to", "tag"),
    [
        ('"<sip:x>;tag=no" <sip:b@c>;tag=real', b"real"),
        ('<sip:b@c>;x="<y>;tag=no";tag=real', b"real"),
        ('<sip:b@c>;tag=real;x="a>b"', b"real"),
        ('"a \\" <x>;tag=no" <sip:b@c;tag=no>; Tag = real-1 ;y', b"real-1"),
        ("sip:b@c;tag=real", b"real"),
        ("<sip:b@c>;tag=a.b-c%!*_+`'~", b"a.b-c%!*_+`'~"),
        ("<sip:b@c>;nottag=no", b""),
        ("<sip:b@c;tag=no>", b""),
        ("<sip:b@c", b""),
    ],
)
def test_a_tag_is_a_parameter_of_the_header(to: str, tag: bytes) -> None:
    assert Message(response("Call-ID: a", f"To: {to}")).to_tag == tag


@pytest.mark.parametrize(
    "piece",
    [
        "X: a\r\n",
        "v:\r\n",
        "\t\r\n",
        " x\r\n",
        "c\r\n",
        "i \r\n",
        "Call-ID\r\n",
        ";tag",
        '"',
        '\\"',
        "<",
        ">",
        ",",
        " ",
        ":",
        "\r",
        "\n\r",
    ],
)
@pytest.mark.parametrize("name", ["To: ", "Via: ", "l: ", "CSeq: \r\n ", "X"])
def test_the_time_of_a_message_grows_with_its_length(name: str, piece: str) -> None:
    def read_all(size: int) -> None:
        for end in ("", "\r\n\r\n"):
            everything(Message((f"OPTIONS sip:a SIP/2.0\r\nCall-ID: 1\r\n{name}{piece * size}{end}").encode()))

    assert grows_linearly(read_all, 1500)
