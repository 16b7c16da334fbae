# SPDX-License-Identifier: AGPL-3.0-or-later
"""The other side of a WebSocket, without I/O: that of the library itself, and frames made by hand."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence

from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode, apply_mask
from websockets.http11 import Request, Response
from websockets.server import ServerProtocol
from websockets.uri import parse_uri

from engine.transport.stream.layer import Layer, StreamBroken
from engine.transport.stream.websocket_handshake import ClientWebSocket, ServerWebSocket

MASK = b"\x12\x34\x56\x78"
INVITE = b"INVITE sip:b@127.0.0.1 SIP/2.0\r\nCall-ID: 1\r\nContent-Length: 0\r\n\r\n"
ACCENTED = "MESSAGE sip:b@127.0.0.1 SIP/2.0\r\nCall-ID: 2\r\n\r\nGrüße, 世界".encode()
LATIN = b"MESSAGE sip:b@127.0.0.1 SIP/2.0\r\nCall-ID: 3\r\nSubject: Gr\xfc\xdfe\r\n\r\n\x00\xff"


def our_client(path: str = "/") -> ClientWebSocket:
    return ClientWebSocket("sip.example", 8080, path, False)


def our_server(path: str = "/") -> ServerWebSocket:
    return ServerWebSocket(path)


def their_client(*, path: str = "/", subprotocols: Sequence[str] | None = ("sip",)) -> ClientProtocol:
    return ClientProtocol(parse_uri(f"ws://sip.example:8080{path}"), subprotocols=subprotocols, max_size=None)


def their_server(*, subprotocols: Sequence[str] | None = ("sip",)) -> ServerProtocol:
    return ServerProtocol(subprotocols=subprotocols, max_size=None)


def said(protocol: ClientProtocol | ServerProtocol) -> bytes:
    """What the library wants to be written."""
    return b"".join(protocol.data_to_send())


def asked(client: ClientProtocol) -> bytes:
    """The library's request."""
    client.send_request(client.connect())
    return said(client)


def answer(server: ServerProtocol, request: bytes) -> bytes:
    """The library's answer to a request."""
    server.receive_data(request)
    (event,) = server.events_received()
    assert isinstance(event, Request)
    server.send_response(server.accept(event))
    return said(server)


def open_client() -> tuple[ClientWebSocket, ServerProtocol]:
    """Ours, and the library's server, when both have agreed."""
    client, server = our_client(), their_server()
    client.begin()
    assert client.receive(answer(server, client.own())) == []
    assert client.is_ready
    return client, server


def open_server() -> tuple[ServerWebSocket, ClientProtocol]:
    """Ours, and the library's client, when both have agreed."""
    server, client = our_server(), their_client()
    server.begin()
    assert server.receive(asked(client)) == []
    client.receive_data(server.own())
    (event,) = client.events_received()
    assert isinstance(event, Response)
    assert server.is_ready
    return server, client


def open_both() -> tuple[ClientWebSocket, ServerWebSocket]:
    """Two of ours, when both have agreed."""
    client, server = our_client(), our_server()
    client.begin()
    server.begin()
    assert server.receive(client.own()) == []
    assert client.receive(server.own()) == []
    return client, server


def frame(opcode: int, data: bytes, *, fin: bool = True, masked: bool = False, first: int = 0) -> bytes:
    """One frame of RFC 6455 section 5.2. `first` is what else is set in the first byte."""
    length = len(data)
    head = bytes([opcode | first | (0x80 if fin else 0)])
    mask_bit = 0x80 if masked else 0
    if length < 126:
        head += bytes([length | mask_bit])
    elif length < 65_536:
        head += struct.pack("!BH", 126 | mask_bit, length)
    else:
        head += struct.pack("!BQ", 127 | mask_bit, length)
    return head + (MASK + apply_mask(data, MASK) if masked else data)


def fragments(parts: Sequence[bytes], opcode: int, *, masked: bool, between: bytes = b"") -> bytes:
    """A message in so many frames."""
    last = len(parts) - 1
    return between.join(
        frame(0 if index else opcode, part, fin=index == last, masked=masked) for index, part in enumerate(parts)
    )


def frames_of(protocol: ClientProtocol | ServerProtocol, data: bytes) -> list[tuple[Opcode, bytes]]:
    """What the library reads out of bytes."""
    protocol.receive_data(data)
    return [(event.opcode, bytes(event.data)) for event in protocol.events_received() if isinstance(event, Frame)]


def taken(layer: Layer, pieces: Iterable[bytes]) -> tuple[list[bytes], StreamBroken | None]:
    """The messages that a layer makes of pieces, and why it stopped."""
    messages: list[bytes] = []
    for piece in pieces:
        try:
            messages += layer.receive(piece)
        except StreamBroken as broken:
            return messages, broken
        if layer.broken is not None:
            return messages, layer.broken
    return messages, None


def broken_by(layer: Layer, *pieces: bytes) -> StreamBroken:
    """Why a layer stopped."""
    broken = taken(layer, pieces)[1]
    assert broken is not None
    return broken
