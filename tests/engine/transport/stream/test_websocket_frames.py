# SPDX-License-Identifier: AGPL-3.0-or-later
"""Frames that become messages and back, whatever a peer makes of RFC 6455."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.client import ClientProtocol
from websockets.frames import Opcode
from websockets.server import ServerProtocol

from engine.messages import Failure
from engine.sip.stream import MAX_HEAD
from engine.transport.stream.layer import StreamBroken
from engine.transport.stream.stack import Stack
from engine.transport.stream.websocket_frames import MOST_BYTES, WebSocket
from engine.transport.stream.websocket_handshake import ClientWebSocket, ServerWebSocket
from tests.engine.transport.stream.ws_peers import (
    ACCENTED,
    INVITE,
    LATIN,
    broken_by,
    fragments,
    frame,
    frames_of,
    open_both,
    open_client,
    open_server,
    said,
    taken,
)
from tests.growth import grows_linearly

CONT, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
SIDES = [open_client, open_server]
both_sides = pytest.mark.parametrize("side", SIDES)

Opened = tuple[WebSocket, ClientProtocol | ServerProtocol]


def is_masked(layer: WebSocket) -> bool:
    """Whether what comes to this side is masked: a client masks, a server does not (RFC 6455 section 5.1)."""
    return isinstance(layer, ServerWebSocket)


# --- messages ---------------------------------------------------------------------------------------------------------------


@both_sides
def test_a_message_goes_as_text_when_it_is_one(side) -> None:
    layer, other = side()

    assert frames_of(other, layer.send(INVITE)) == [(Opcode.TEXT, INVITE)]
    assert frames_of(other, layer.send(ACCENTED)) == [(Opcode.TEXT, ACCENTED)]
    assert frames_of(other, layer.send(LATIN)) == [(Opcode.BINARY, LATIN)]


@both_sides
def test_the_library_sends_messages(side) -> None:
    layer, other = side()
    other.send_text(ACCENTED)
    other.send_binary(LATIN)
    other.send_binary(INVITE)

    assert layer.receive(said(other)) == [ACCENTED, LATIN, INVITE]


@pytest.mark.parametrize("length", [0, 1, 125, 126, 65_535, 65_536, 300_000])
def test_each_form_of_a_length(length: int) -> None:
    client, server = open_both()
    message = INVITE + b"x" * length
    (whole,) = server.receive(client.send(message))
    (back,) = client.receive(server.send(message))

    assert whole == back == message
    assert type(whole) is type(back) is bytes


@both_sides
def test_fragments_become_one_message_with_control_frames_between(side) -> None:
    layer, other = side()
    masked = is_masked(layer)
    between = frame(PING, b"in between", masked=masked) + frame(PONG, b"", masked=masked)
    parts = [ACCENTED[at : at + 7] for at in range(0, len(ACCENTED), 7)]
    came = fragments(parts, TEXT, masked=masked, between=between) + fragments([b"", LATIN, b""], BINARY, masked=masked)

    assert layer.receive(came) == [ACCENTED, LATIN]
    assert frames_of(other, layer.own()) == [(Opcode.PONG, b"in between")] * (len(parts) - 1)


@both_sides
def test_a_ping_is_answered_with_what_it_said(side) -> None:
    layer, other = side()
    other.send_ping(b"are you there")

    assert layer.receive(said(other)) == []
    assert frames_of(other, layer.own()) == [(Opcode.PONG, b"are you there")]
    assert layer.own() == b""


@both_sides
@pytest.mark.parametrize("send", ["send_text", "send_binary"])
def test_a_keep_alive_of_crlfs_is_answered_with_one(side, send: str) -> None:
    layer, other = side()
    getattr(other, send)(b"\r\n\r\n")

    assert layer.receive(said(other)) == []
    assert frames_of(other, layer.own()) == [(Opcode.TEXT, b"\r\n")]


@both_sides
def test_nothing_is_said_to_other_messages_without_a_word(side) -> None:
    layer, other = side()
    for empty in (b"\r\n", b"", b"\r\n\r\n\r\n"):
        other.send_text(empty)

    assert layer.receive(said(other)) == []
    assert layer.own() == b""
    assert layer.broken is None


# --- what a peer may not ----------------------------------------------------------------------------------------------------


def close_code(other: ClientProtocol | ServerProtocol, layer: WebSocket) -> int:
    """The code that our side said goodbye with."""
    frames_of(other, layer.own())
    assert other.close_rcvd is not None
    return other.close_rcvd.code


@both_sides
@pytest.mark.parametrize(
    ("data", "code"),
    [
        (lambda masked: frame(TEXT, INVITE, masked=not masked), 1002),
        (lambda masked: frame(TEXT, INVITE, first=0x40, masked=masked), 1002),
        (lambda masked: frame(3, INVITE, masked=masked), 1002),
        (lambda masked: frame(CONT, INVITE, masked=masked), 1002),
        (lambda masked: frame(TEXT, INVITE, fin=False, masked=masked) * 2, 1002),
        (lambda masked: frame(PING, b"", fin=False, masked=masked), 1002),
        (lambda masked: frame(PING, bytes(126), masked=masked), 1002),
        (lambda masked: frame(CLOSE, b"\x03", masked=masked), 1002),
        (lambda masked: frame(CLOSE, b"\x03\xee", masked=masked), 1002),
        (lambda masked: frame(CLOSE, b"\x03\xe8\xff", masked=masked), 1007),
        (lambda masked: frame(TEXT, LATIN, masked=masked), 1007),
        (lambda masked: fragments([LATIN[:60], LATIN[60:]], TEXT, masked=masked), 1007),
        (lambda masked: frame(TEXT, b"INVITE sip:" + b"x" * MAX_HEAD, masked=masked), 1009),
    ],
)
def test_what_breaks_a_rule_ends_the_stream_behind_what_came_before(side, data, code: int) -> None:
    layer, other = side()
    before = frame(TEXT, INVITE, masked=is_masked(layer))
    messages, broken = taken(layer, [before + data(is_masked(layer)) + before])

    assert messages == [INVITE]
    assert broken is not None
    assert broken.garbage
    assert broken.failure is Failure.TCP_CLOSED
    assert "\n" not in broken.reason
    assert close_code(other, layer) == code
    assert layer.send(INVITE) == b""


def test_what_is_told_of_it() -> None:
    def reason(opcode: int, data: bytes) -> str:
        return broken_by(open_client()[0], frame(opcode, data)).reason

    assert reason(TEXT, LATIN) == "a WebSocket text that is no UTF-8"
    assert reason(TEXT, b"x" * (MAX_HEAD + 1)) == f"a message without an end of its headers in {MAX_HEAD} bytes"
    assert reason(3, b"").startswith("what arrives is no WebSocket: ")


@both_sides
def test_a_message_that_is_too_long_is_not_waited_for(side) -> None:
    layer, other = side()
    masked = is_masked(layer)
    layer.receive(frame(TEXT, INVITE, masked=masked))
    head_of_a_long_one = frame(BINARY, bytes(MOST_BYTES + 1), masked=masked)[:14]

    assert broken_by(layer, head_of_a_long_one).reason == f"a WebSocket message of more than {MOST_BYTES} bytes"
    assert close_code(other, layer) == 1009


@both_sides
def test_a_message_that_is_too_long_in_fragments(side) -> None:
    layer, _ = side()
    part = frame(CONT, bytes(60_000), fin=False, masked=is_masked(layer))
    begin = frame(BINARY, b"", fin=False, masked=is_masked(layer))
    most = MOST_BYTES // 60_000

    assert taken(layer, [begin, *[part] * most]) == ([], None)
    assert broken_by(layer, part).reason == f"a WebSocket message of more than {MOST_BYTES} bytes"


def test_the_longest_message_that_may_be() -> None:
    client, server = open_both()
    message = INVITE + bytes(MOST_BYTES - len(INVITE))

    assert server.receive(client.send(message)) == [message]


# --- the end ----------------------------------------------------------------------------------------------------------------


@both_sides
@pytest.mark.parametrize(
    ("code", "why", "told"),
    [
        (1000, "", "1000 (OK)"),
        (1001, "the server\x1b restarts", "1001 (going away) the server? restarts"),
        (4000, "", "4000 (private use)"),
    ],
)
def test_a_peer_says_goodbye(side, code: int, why: str, told: str) -> None:
    layer, other = side()
    other.send_text(INVITE)
    other.send_close(code, why)
    messages, broken = taken(layer, [said(other)])

    assert messages == [INVITE]
    assert broken is not None
    assert broken.reason == f"the peer closed the WebSocket: {told}"
    assert (broken.failure, broken.garbage) == (Failure.TCP_CLOSED, False)
    assert close_code(other, layer) == code


@both_sides
def test_a_goodbye_without_a_word(side) -> None:
    layer, other = side()
    other.send_close()

    assert broken_by(layer, said(other)).reason.startswith("the peer closed the WebSocket: 1005")
    layer.end()
    frames_of(other, layer.own())
    assert other.close_rcvd_then_sent is False


@both_sides
def test_we_say_goodbye_once(side) -> None:
    layer, other = side()
    layer.end()

    assert close_code(other, layer) == 1000
    layer.end()
    assert layer.own() == b""
    assert layer.send(INVITE) == b""


@both_sides
def test_a_peer_that_leaves_without_a_goodbye(side) -> None:
    layer, _ = side()
    with pytest.raises(StreamBroken, match=r"^closed by the peer without a WebSocket goodbye$") as caught:
        layer.ended()

    assert (caught.value.failure, caught.value.garbage) == (Failure.TCP_CLOSED, False)


@both_sides
def test_a_peer_that_leaves_in_the_middle_of_a_message(side) -> None:
    layer, _ = side()
    layer.receive(frame(TEXT, INVITE, fin=False, masked=is_masked(layer)))

    with pytest.raises(StreamBroken, match=r"^closed by the peer in the middle of a WebSocket message$"):
        layer.ended()


@both_sides
def test_after_our_goodbye_a_peer_may_leave(side) -> None:
    layer, _ = side()
    layer.end()

    layer.ended()


# --- in a stack, and in pieces ----------------------------------------------------------------------------------------------


def test_what_is_sent_before_the_handshake_is_over_goes_out_after_it() -> None:
    client, server = Stack([ClientWebSocket("sip.example", 80, "/", False)]), Stack([ServerWebSocket("/")])
    client.begin()
    server.begin()
    client.hold(INVITE)

    assert server.receive(client.take_output()) == []
    assert client.receive(server.take_output()) == []
    assert server.receive(client.take_output()) == [INVITE]
    assert client.receive(server.wrap(ACCENTED)) == [ACCENTED]


def cut(data: bytes, places: Sequence[int]) -> list[bytes]:
    """Bytes in pieces."""
    ends = sorted({place % (len(data) + 1) for place in places} | {len(data)})
    return [data[start:end] for start, end in zip([0, *ends], ends, strict=False) if data[start:end]]


places = st.lists(st.integers(0, 100_000), max_size=12)
messages_of_all_kinds = st.lists(
    st.one_of(
        st.sampled_from([INVITE, ACCENTED, LATIN]),
        st.binary(min_size=1, max_size=200).filter(lambda data: data.strip(b"\r\n")),
    ),
    max_size=6,
)


@given(messages_of_all_kinds, places, places)
def test_any_split_of_any_messages_gives_the_same_messages(messages: list[bytes], there: list[int], back: list[int]) -> None:
    client, server = open_both()
    sent = b"".join(client.send(message) for message in messages)
    answered = b"".join(server.send(message) for message in messages)

    assert taken(server, cut(sent, there)) == (messages, None)
    assert taken(client, cut(answered, back)) == (messages, None)


@given(messages_of_all_kinds, places)
def test_any_split_of_the_handshake_too(messages: list[bytes], at: list[int]) -> None:
    client, server = Stack([ClientWebSocket("sip.example", 80, "/", False)]), Stack([ServerWebSocket("/")])
    client.begin()
    server.begin()
    for piece in cut(client.take_output(), at):
        assert server.receive(piece) == []
    for message in messages:
        client.hold(message)
    answered = server.take_output() + b"".join(server.wrap(message) for message in messages)
    got = [message for piece in cut(answered, at) for message in client.receive(piece)]

    assert got == messages
    assert [message for piece in cut(client.take_output(), at) for message in server.receive(piece)] == messages


@given(
    st.lists(st.tuples(st.lists(st.binary(max_size=40), min_size=1, max_size=5), st.binary(max_size=125)), max_size=5),
    places,
    st.sampled_from(SIDES),
)
def test_any_fragments_and_pings_give_the_same_messages(came, at: list[int], side) -> None:
    layer, other = side()
    masked = is_masked(layer)
    wire = b"".join(fragments(parts, BINARY, masked=masked, between=frame(PING, ping, masked=masked)) for parts, ping in came)
    whole = [b"".join(parts) for parts, _ in came]
    crlfs = [message for message in whole if message == b"\r\n\r\n"]
    pongs = [ping for parts, ping in came for _ in parts[1:]]

    expected = [message for message in whole if message and not (message[:1] == b"\r" and not message.strip(b"\r\n"))]
    assert taken(layer, cut(wire, at)) == (expected, None)
    answers = frames_of(other, layer.own())
    assert [data for opcode, data in answers if opcode is Opcode.PONG] == pongs
    assert [data for opcode, data in answers if opcode is Opcode.TEXT] == [b"\r\n"] * len(crlfs)


anything = st.one_of(
    st.binary(max_size=60),
    st.builds(
        frame,
        st.integers(0, 15),
        st.binary(max_size=130),
        fin=st.booleans(),
        masked=st.booleans(),
        first=st.sampled_from([0, 0, 0, 0x10, 0x40]),
    ),
)


@given(st.lists(anything, max_size=10), st.sampled_from(SIDES))
def test_any_bytes_end_in_messages_or_one_clear_line(pieces: list[bytes], side) -> None:
    layer, _ = side()
    _, broken = taken(layer, pieces)
    layer.own()
    layer.end()
    layer.own()

    assert layer.send(INVITE) == b""
    assert broken is None or (broken.reason and "\n" not in broken.reason)


# --- what they cost ---------------------------------------------------------------------------------------------------------


@both_sides
def test_many_tiny_fragments_cost_no_more_than_their_bytes(side) -> None:
    def receive(size: int) -> None:
        layer, _ = side()
        masked = is_masked(layer)
        begin, part, end = (
            frame(op, data, fin=fin, masked=masked) for op, data, fin in ((2, b"", 0), (0, b"x", 0), (0, b"", 1))
        )
        came = begin + part * size + end
        got = [message for at in range(0, len(came), 16_384) for message in layer.receive(came[at : at + 16_384])]
        assert got == [b"x" * size]

    assert grows_linearly(receive, 2000)


@both_sides
def test_one_byte_at_a_time_costs_no_more_than_the_bytes(side) -> None:
    def receive(size: int) -> None:
        layer, _ = side()
        came = frame(BINARY, b"x" * size, masked=is_masked(layer))
        assert sum(len(layer.receive(came[at : at + 1])) for at in range(len(came))) == 1

    assert grows_linearly(receive, 4000)


@both_sides
def test_many_messages_and_pings_in_one_piece_cost_no_more_than_their_bytes(side) -> None:
    def receive(size: int) -> None:
        layer, _ = side()
        masked = is_masked(layer)
        assert len(layer.receive((frame(BINARY, b"x", masked=masked) + frame(PING, b"", masked=masked)) * size)) == size
        layer.own()

    assert grows_linearly(receive, 1000)


def test_nothing_is_kept_of_what_was_given() -> None:
    layer, _ = open_server()
    for _ in range(100):
        layer.receive(fragments([bytes(1000)] * 60, BINARY, masked=True))

    assert len(layer.protocol.reader.buffer) == 0
    assert layer.protocol.events == []
    assert len(layer._fragments) == 0
