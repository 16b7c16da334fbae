# SPDX-License-Identifier: AGPL-3.0-or-later
"""Messages out of a stream, however the stream was cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.sip.message import MalformedMessage, Message
from engine.sip.stream import MAX_HEAD, StreamFramer
from tests.growth import grows_linearly

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
    assert "Content-Length" in broken_by(b"INVITE sip:a SIP/2.0\r\nContent-Length: " + length + b"\r\n\r\n")


def test_a_head_without_end_is_an_error() -> None:
    assert "without an end of its headers" in broken_by(b"x" * (MAX_HEAD + 1))


@pytest.mark.parametrize(
    ("rubbish", "told"),
    [
        (b"\x16\x03\x01\x02\x00\x01", "TLS"),
        (b"\0\0", "a message that begins with b'\\x00'"),
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "a message that begins with 'GET / HTTP/1.1'"),
        (b" INVITE sip:a SIP/2.0\r\n\r\n", "a message that begins with b' '"),
    ],
)
def test_what_begins_like_no_message_breaks_the_stream(rubbish: bytes, told: str) -> None:
    assert broken_by(rubbish) == told


def broken_by(data: bytes) -> str:
    framer = StreamFramer()
    assert framer.feed(data) == []
    assert framer.feed(FIRST) == []
    return framer.broken


def test_two_line_ends_between_messages_are_a_ping_however_they_come() -> None:
    framer = StreamFramer()
    feeds = [b"\r\n", b"\r", b"\n", FIRST, b"\r\n", FIRST + b"\r\n\r\n\r\n", b"\r\n"]
    pings = []
    for data in feeds:
        framer.feed(data)
        pings.append(framer.pings)
    assert pings == [0, 0, 1, 1, 1, 2, 3]


def test_messages_before_the_rubbish_are_not_lost() -> None:
    framer = StreamFramer()
    assert framer.feed(FIRST + b"INVITE sip:a SIP/2.0\r\nContent-Length: five\r\n\r\n") == [FIRST]
    assert framer.broken


def test_the_first_empty_line_ends_a_head_with_bare_lfs_too() -> None:
    parts = b"--b\r\nA: b\r\n\r\none\r\n--b--\r\n"
    first = b"INVITE sip:a SIP/2.0\nCall-ID: 1\nContent-Length: %d\n\n" % len(parts) + parts
    assert StreamFramer().feed(first + SECOND + first + b"\n" + THIRD) == [first, SECOND, first, THIRD]


@pytest.mark.parametrize(
    "lengths",
    [
        b"l: 5\r\nContent-Length: 9",
        b"CONTENT-LENGTH\t :\r\n\t 5\r\nl: 9",
        b"L:5 \r\n ",
        b"Languid: 3\r\nX:\r\n l: 9\r\nContent-Length: 00005",
    ],
)
def test_the_first_content_length_counts_in_any_spelling(lengths: bytes) -> None:
    first = b"INVITE sip:a SIP/2.0\r\nCall-ID: 1\r\n" + lengths + b"\r\n\r\nhello"
    assert StreamFramer().feed(first + SECOND) == [first, SECOND]
    assert Message(first + SECOND).body == b"hello"


@pytest.mark.parametrize("size", [0, 30_000])
def test_a_head_beyond_the_most_is_an_error_however_it_was_cut(size: int) -> None:
    data = b"INVITE sip:a SIP/2.0\r\nX: " + b"x" * MAX_HEAD + b"\r\n\r\n"
    framer = StreamFramer()
    assert framer.feed(data[:size]) == []
    assert framer.feed(data[size:]) == []
    assert "without an end of its headers" in framer.broken


def bytewise(data: bytes) -> list[bytes]:
    framer = StreamFramer()
    return [message for byte in data for message in framer.feed(bytes((byte,)))]


@pytest.mark.parametrize("line", [b"x", b"a\r\n", b"\r", b"l:\r\n ", b"\nl:"])
def test_the_time_of_a_head_that_comes_byte_by_byte_grows_with_its_length(line: bytes) -> None:
    assert grows_linearly(lambda size: bytewise((b"A sip:b SIP/2.0\r\nX: " + line * size)[:size]), 8_000)


@pytest.mark.parametrize("messages", [b"A SIP/\r\n\r\n", b"\r\nA SIP/\n\n", b"\r\n", b"A SIP/\r\nl:1\r\n\r\n\r\r\n"])
def test_the_time_of_many_messages_at_once_grows_with_their_number(messages: bytes) -> None:
    assert grows_linearly(lambda size: StreamFramer().feed(messages * size), 10_000)


def test_the_time_of_a_body_that_comes_byte_by_byte_grows_with_its_length() -> None:
    assert grows_linearly(lambda size: bytewise(b"A SIP/\r\nl: %d\r\n\r\n" % size + b"x" * size), 10_000)


PIECES = (
    FIRST,
    SECOND,
    b"\r\n",
    b"\n",
    b"\r",
    b" ",
    b":",
    b"l",
    b"L: 3",
    b"Content-Length:",
    b"9",
    b"A sip:b SIP/2.0",
    b"Call-ID: 1",
    b"\0",
)


@given(st.lists(st.binary(max_size=40) | st.sampled_from(PIECES), max_size=30))
def test_any_bytes_are_messages_or_break_the_stream(feeds: list[bytes]) -> None:
    framer = StreamFramer()
    messages = [message for data in feeds for message in framer.feed(data)]
    assert len(b"".join(messages)) <= len(b"".join(feeds))
    for message in messages:
        try:
            assert isinstance(Message(message).body, bytes)
        except MalformedMessage:
            continue


@given(st.lists(st.binary(max_size=40) | st.sampled_from(PIECES), max_size=30))
def test_any_cut_of_any_bytes_gives_the_same(pieces: list[bytes]) -> None:
    stream = b"".join(pieces)
    assert outcome([stream]) == outcome([bytes((byte,)) for byte in stream])


def outcome(feeds: list[bytes]) -> tuple[list[bytes], str, int]:
    """The messages, what broke the stream, and the pings."""
    framer = StreamFramer()
    messages = [message for data in feeds for message in framer.feed(data)]
    return messages, framer.broken, framer.pings
