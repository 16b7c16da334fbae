# SPDX-License-Identifier: AGPL-3.0-or-later
"""Messages out of a stream, however the stream was cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.sip.stream import MAX_HEAD, StreamError, StreamFramer

FIRST = b"INVITE sip:a SIP/2.0\r\nCall-ID: 1\r\nContent-Length: 5\r\n\r\nhello"
SECOND = b"SIP/2.0 200 OK\r\nCall-ID: 1\r\nl : 0\r\n\r\n"
THIRD = b"ACK sip:a SIP/2.0\r\nCall-ID: 1\r\n\r\n"


def test_a_message_ends_where_its_content_length_says() -> None:
    assert StreamFramer().feed(FIRST + SECOND + THIRD) == [FIRST, SECOND, THIRD]


def test_keep_alives_between_messages_are_passed_over() -> None:
    assert StreamFramer().feed(b"\r\n\r\n" + FIRST + b"\r\n\r\n\r\n" + THIRD + b"\r\n") == [FIRST, THIRD]


@given(st.lists(st.sampled_from([FIRST, SECOND, THIRD]), max_size=5), st.data())
def test_any_cut_gives_the_same_messages(messages: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(messages)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    framer = StreamFramer()
    found = []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        found += framer.feed(stream[start:end])
    assert found == messages


@pytest.mark.parametrize("length", [b"-1", b"five", b"99999999999", b"9" * 5000])
def test_a_content_length_that_cannot_be_is_an_error(length: bytes) -> None:
    with pytest.raises(StreamError, match="Content-Length"):
        StreamFramer().feed(b"INVITE sip:a SIP/2.0\r\nContent-Length: " + length + b"\r\n\r\n")


def test_a_head_without_end_is_an_error() -> None:
    with pytest.raises(StreamError, match="no end of the headers"):
        StreamFramer().feed(b"x" * (MAX_HEAD + 1))


def test_messages_before_the_rubbish_are_not_lost() -> None:
    framer = StreamFramer()
    assert framer.feed(FIRST + b"INVITE sip:a SIP/2.0\r\nContent-Length: five\r\n\r\n") == [FIRST]
    with pytest.raises(StreamError):
        framer.feed(b"x")
