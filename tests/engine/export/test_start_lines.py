# SPDX-License-Identifier: AGPL-3.0-or-later
"""Start lines and CSeqs of messages, also of those that a malicious peer sends."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.export.start_lines import MOST_TOLD, StartLine, cseq_of, start_line_of
from tests.engine.export.examples import request, response
from tests.growth import grows_linearly


def test_of_a_request_the_method_is_read() -> None:
    assert start_line_of(request("INVITE")) == StartLine("INVITE", method="INVITE")


def test_of_a_response_the_status_is_read_and_the_reason() -> None:
    assert start_line_of(response(404, "Not here, sorry", "INVITE")) == StartLine(
        "404 Not here, sorry", status=404, reason="Not here, sorry"
    )
    assert start_line_of(b"SIP/2.0 200\r\n\r\n") == StartLine("200", status=200)


def test_empty_lines_before_it_and_a_bare_end_of_line_do_no_harm() -> None:
    assert start_line_of(b"\r\n\r\n" + request("BYE")).method == "BYE"
    assert start_line_of(b"BYE sip:x SIP/2.0\nCall-ID: 1\n\n").method == "BYE"


@pytest.mark.parametrize(
    "data",
    [b"", b"\r\n\r\n", b"hello", b"HTTP/1.1 200 OK\r\n\r\n", b"SIP/2.0 99 x\r\n", b"INVITE sip:x HTTP/1.1\r\n", b"\xff" * 2000],
)
def test_what_is_no_sip_is_told_as_such(data: bytes) -> None:
    assert start_line_of(data) == StartLine("what is no SIP")


def test_bytes_that_are_no_text_are_told_as_such_and_what_is_long_is_cut() -> None:
    assert start_line_of(b"SIP/2.0 486 B\xffsy\r\n").reason == "B\N{REPLACEMENT CHARACTER}sy"
    assert len(start_line_of(b"SIP/2.0 486 " + b"x" * 10_000).words) <= MOST_TOLD


@pytest.mark.parametrize(
    ("head", "cseq"),
    [
        (b"CSeq: 3 INVITE", (3, "INVITE")),
        (b"cseq:3 INVITE", (3, "INVITE")),
        (b"CSEQ  :  3\r\n INVITE", (3, "INVITE")),
        (b"CSeq: 3\r\n INVITE", (3, "INVITE")),
        (b"CSeq: 3", (0, "")),
        (b"CSeq: x INVITE", (0, "")),
        (b"CSeq: " + b"9" * 5000 + b" INVITE", (0, "")),
        (b"X: 1", (0, "")),
    ],
)
def test_the_cseq_is_found_in_any_spelling(head: bytes, cseq: tuple[int, str]) -> None:
    data = b"SIP/2.0 200 OK\r\nVia: x\r\n" + head + b"\r\n\r\nbody\r\nCSeq: 9 BODY\r\n"
    assert cseq_of(data) == cseq
    assert cseq_of(data.partition(b"\r\n\r\n")[0]) == cseq


def test_a_long_method_is_cut() -> None:
    assert cseq_of(b"SIP/2.0 200 OK\r\nCSeq: 1 " + b"M" * 10_000 + b"\r\n\r\n")[1] == "M" * MOST_TOLD


@given(
    st.one_of(
        st.binary(max_size=300),
        st.lists(
            st.sampled_from([b"SIP/2.0 ", b"200", b" ", b"\r\n", b"\n", b"\r", b"CSeq: ", b"1 ", b"INVITE", b"\t", b"\xff"])
        ).map(b"".join),
    )
)
def test_any_bytes_are_read(data: bytes) -> None:
    line = start_line_of(data)
    assert line.words
    assert (line.status == 0) == (not 100 <= line.status < 1000)
    assert start_line_of(data) == line
    number, method = cseq_of(data)
    assert number >= 0
    assert isinstance(method, str)


LONG: dict[str, Callable[[int], bytes]] = {
    "empty lines": lambda size: b"\r\n" * size,
    "one line": lambda size: b"S" * size,
    "spaces": lambda size: b"SIP/2.0 200" + b" " * size,
    "carriage returns": lambda size: b"SIP/2.0 200 OK" + b"\r" * size,
    "cseqs": lambda size: b"SIP/2.0 200 OK" + b"\r\nCSeq: " * size,
    "folds": lambda size: b"SIP/2.0 200 OK\r\ncseq:" + b"\r\n " * size,
    "headers": lambda size: b"SIP/2.0 200 OK\r\n" + b"C:\r\n" * size,
}


@pytest.mark.parametrize("kind", LONG)
def test_what_is_long_takes_no_more_than_its_share(kind: str) -> None:
    def work(size: int) -> None:
        data = LONG[kind](size)
        start_line_of(data)
        cseq_of(data)

    assert grows_linearly(work, 2000)
