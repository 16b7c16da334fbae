# SPDX-License-Identifier: AGPL-3.0-or-later
"""Stacks of layers against anything: however bytes are cut the messages are the same, and what is no SIP is one clean error."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.options import RunConfig
from engine.sip.stream import MAX_BODY, MAX_HEAD
from engine.transport import Addresses
from engine.transport.stream.kinds import STACKS
from engine.transport.stream.stack import Stack
from engine.transport.stream.transport import MakeLayer
from tests.certificates import Lab
from tests.growth import grows_linearly

HERE = Addresses(local_ip="127.0.0.1", remote_host="sip.example", remote_ip="127.0.0.1", remote_port=5060)
TRANSPORT = {"TCP": "t1", "TLS": "l1", "WS": "w1", "WSS": "ws1"}

every_protocol = pytest.mark.parametrize("protocol", list(STACKS))
unencrypted = pytest.mark.parametrize("protocol", ["TCP", "WS"])
"""Those that say the same bytes every time."""

start_lines = st.sampled_from([b"INVITE sip:a@b SIP/2.0", b"SIP/2.0 200 OK", b"BYE sip:a@b SIP/2.0", b"x.y sip:a SIP/2.0"])
bodies = st.binary(max_size=300) | st.sampled_from([b"", b"\r\n\r\n", b"INVITE sip:x SIP/2.0\r\n\r\n", b"\n\n"])
lengths = st.sampled_from([b"Content-Length: %d", b"content-length :%d", b"l:\t%d", b"L:\r\n %d"])


@st.composite
def sip_messages(draw: st.DrawFn) -> bytes:
    """A message that says its length, in one of the ways that there are to."""
    body = draw(bodies)
    return b"\r\n".join((draw(start_lines), b"Call-ID: 1", draw(lengths) % len(body), b"", body))


@cache
def makers(protocol: str, server: bool) -> list[MakeLayer]:
    """What a run makes once."""
    with TemporaryDirectory() as folder:
        lab = Lab(Path(folder))
        files = {"tls_certificate": lab["server.pem"], "tls_key": lab["server.key"]} if server else {}
        config = RunConfig(transport=TRANSPORT[protocol], **files)
        return [recipe(config, HERE, server) for recipe in STACKS[protocol]]


def stack_of(protocol: str, *, server: bool) -> Stack:
    """A new stack of one side."""
    stack = Stack([make("" if server else "sip.example") for make in makers(protocol, server)])
    stack.begin()
    return stack


def agreed(protocol: str) -> tuple[Stack, Stack]:
    """A client and a server whose layers have agreed."""
    client, server = stack_of(protocol, server=False), stack_of(protocol, server=True)
    while client.output or server.output:
        assert server.receive(client.take_output()) == []
        assert client.receive(server.take_output()) == []
    assert client.is_ready
    assert server.is_ready
    return client, server


def cut(stream: bytes, cuts: Iterable[int]) -> Iterator[bytes]:
    """The stream in pieces."""
    start = 0
    for end in (*sorted(cuts), len(stream)):
        yield stream[start:end]
        start = end


def fed(stack: Stack, pieces: Iterable[bytes]) -> tuple[list[bytes], str, bytes]:
    """The messages, why no more can come or "", and what is to be written, as a connection goes about it."""
    messages: list[bytes] = []
    for piece in pieces:
        if not piece:
            continue
        messages += stack.receive(piece)
        if stack.broken is not None:
            break
    return messages, stack.broken.reason if stack.broken is not None else "", stack.take_output()


@every_protocol
@settings(deadline=None)
@given(messages=st.lists(sip_messages(), max_size=6), data=st.data())
def test_any_cut_of_valid_messages_gives_the_same_messages(protocol: str, messages: list[bytes], data: st.DataObject) -> None:
    client, server = agreed(protocol)
    stream = b"".join(client.wrap(message) for message in messages)
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=12))
    assert fed(server, cut(stream, cuts)) == (messages, "", b"")


@every_protocol
@settings(deadline=None)
@given(messages=st.lists(sip_messages(), max_size=3))
def test_single_bytes_give_the_same_messages(protocol: str, messages: list[bytes]) -> None:
    client, server = agreed(protocol)
    stream = b"".join(client.wrap(message) for message in messages)
    assert fed(server, cut(stream, range(len(stream)))) == (messages, "", b"")


pieces_of_anything = st.lists(
    st.binary(max_size=60)
    | sip_messages()
    | st.sampled_from(
        [b"\r\n", b"\r\n\r\n", b"\r", b"\n", b"Content-Length: ", b"SIP/2.0", b"\x81\x02", b"\x88\x00", b"\x16\x03\x01"]
    ),
    max_size=10,
)


@unencrypted
@given(pieces=pieces_of_anything, data=st.data())
@example(pieces=[b"INVITE sip:a SIP/2.0\r\nl: 1", b"\r\n\r\n"], data=None)
@example(pieces=[b"OPTIONS sip:a SIP/2.0\r\nl: -1\r\n\r\n", b"OPTIONS sip:a SIP/2.0\r\n\r\n"], data=None)
def test_anything_ends_the_same_however_it_is_cut(protocol: str, pieces: list[bytes], data: st.DataObject | None) -> None:
    """In messages, or in an error behind them; never in an exception."""
    stream = b"".join(pieces)
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=12)) if data is not None else range(len(stream))
    at_once, in_pieces = agreed(protocol)[1], agreed(protocol)[1]
    messages, reason, answered = fed(at_once, [stream])
    assert fed(in_pieces, cut(stream, cuts)) == (messages, reason, answered)
    assert "\n" not in reason
    assert len(reason) < 400


@every_protocol
@pytest.mark.parametrize("server", [True, False])
@settings(deadline=None)
@given(pieces=pieces_of_anything)
def test_anything_instead_of_a_greeting_is_one_error_or_nothing(protocol: str, server: bool, pieces: list[bytes]) -> None:
    stack = stack_of(protocol, server=server)
    messages, reason, _ = fed(stack, pieces)
    assert "\n" not in reason
    assert not messages or stack.is_ready
    stack.end()
    stack.let_go()


@every_protocol
@settings(deadline=None)
@given(message=sip_messages(), data=st.data())
def test_a_changed_byte_raises_nothing(protocol: str, message: bytes, data: st.DataObject) -> None:
    client, server = agreed(protocol)
    stream = bytearray(client.wrap(message) + client.wrap(message))
    stream[data.draw(st.integers(0, len(stream) - 1))] = data.draw(st.integers(0, 255))
    messages, _, _ = fed(server, [bytes(stream)])
    assert sum(map(len, messages)) <= len(stream)


def test_what_may_be_kept_for_a_message_is_bounded() -> None:
    """A head that never ends, and a body that was said to be larger than any may be."""
    for text in (b"INVITE sip:a SIP/2.0\r\nX: " + b"x" * MAX_HEAD, b"INVITE sip:a SIP/2.0\r\nl: %d\r\n\r\n" % (MAX_BODY + 1)):
        stack = stack_of("TCP", server=True)
        assert fed(stack, [text])[0] == []
        assert stack.broken is not None
        assert stack.broken.garbage
    largest = b"INVITE sip:a SIP/2.0\r\nl: %d\r\n\r\n" % MAX_BODY + b"x" * MAX_BODY
    assert fed(stack_of("TCP", server=True), [largest])[:2] == ([largest], "")


MESSAGE = b"OPTIONS sip:a SIP/2.0\r\nl: 3\r\n\r\nabc"


def read_singly(count: int) -> None:
    stack = stack_of("TCP", server=True)
    body = b"OPTIONS sip:a SIP/2.0\r\nX: %b\r\nl: %d\r\n\r\n%b" % (b"x" * (count // 2), count // 2, b"y" * (count // 2))
    assert len(fed(stack, cut(body, range(len(body))))[0]) == 1


def read_many(count: int) -> None:
    assert len(stack_of("TCP", server=True).receive(MESSAGE * count)) == count


def read_keep_alives(count: int) -> None:
    stack = stack_of("TCP", server=True)
    assert stack.receive(b"\r\n\r\n" * count) == []
    assert stack.take_output() == b"\r\n" * count


def read_keep_alives_singly(count: int) -> None:
    stack = stack_of("TCP", server=True)
    assert fed(stack, (b"\r\n" for _ in range(2 * count))) == ([], "", b"\r\n" * count)


def read_endless_head(count: int) -> None:
    stack = stack_of("TCP", server=True)
    fed(stack, [b"INVITE sip:a SIP/2.0\r\n", *[b"l:\r\n " for _ in range(count)], b"\r\n\r\n"])


@pytest.mark.parametrize(
    ("work", "size"),
    [(read_singly, 2000), (read_many, 500), (read_keep_alives, 5000), (read_keep_alives_singly, 500), (read_endless_head, 500)],
)
def test_work_grows_with_the_bytes(work: Callable[[int], None], size: int) -> None:
    assert grows_linearly(work, size)


@pytest.mark.parametrize("size", [1, 1000])
def test_frames_cut_into_single_bytes_take_time_in_proportion(size: int) -> None:
    def work(count: int) -> None:
        client, server = agreed("WS")
        stream = b"".join(client.wrap(MESSAGE + b"z" * size) for _ in range(count))
        assert len(fed(server, cut(stream, range(len(stream))))[0]) == count

    assert grows_linearly(work, max(2, 60 // size))
