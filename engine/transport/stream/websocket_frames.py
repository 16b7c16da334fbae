# SPDX-License-Identifier: AGPL-3.0-or-later
"""WebSocket's frames as a layer: bytes below, one SIP message for each WebSocket message above (RFC 7118 section 5).

The frames are those of `websockets`, without I/O: it checks masks, lengths and the order of frames, answers pings and closes.
Here fragments become messages, texts are held to be UTF-8 (RFC 6455 section 8.1), and keep-alives of CRLFs are answered
(RFC 5626 section 4.4.1). Nothing is compressed. However the bytes are cut, the messages are the same; each byte is looked at a
few times at most, and no more is kept than one message may have.
"""

from __future__ import annotations

import logging
from collections.abc import Generator
from typing import Final

from websockets.exceptions import PayloadTooBig
from websockets.frames import Close, CloseCode, Frame, Opcode
from websockets.protocol import Protocol, State

from engine.messages import Failure
from engine.sip.stream import MAX_BODY, MAX_HEAD
from engine.transport.stream.layer import Layer, StreamBroken

MOST_BYTES: Final = MAX_HEAD + MAX_BODY
"""A message may have as many as in any other stream."""
LOGGER: Final = logging.getLogger(__name__)
"""What the library is given to say things to. Nobody listens: what a person should know is told as a StreamBroken."""
LOGGER.disabled = True

_PING: Final = b"\r\n\r\n"
_PONG: Final = b"\r\n"
_MOST_SHOWN: Final = 100


def shown(text: str) -> str:
    """What a peer wrote, as it can stand in one line for a person: printable, and not too long."""
    printable = "".join(letter if letter.isprintable() else "?" for letter in text[: _MOST_SHOWN + 1])
    return printable if len(printable) <= _MOST_SHOWN else f"{printable[:_MOST_SHOWN]}…"


class WebSocket(Layer):
    """One side of a WebSocket. How it begins is for those to say that derive from it."""

    __slots__ = ("_fragments", "_is_fragmented", "_is_text", "protocol")

    def __init__(self, protocol: Protocol) -> None:
        super().__init__()
        self.is_ready = False
        self.protocol = protocol
        self._fragments = bytearray()
        self._is_fragmented = False
        self._is_text = False

    def shake(self, data: bytes) -> bytes:
        """The handshake goes on with `data`: what came behind its end. Raises StreamBroken."""
        raise NotImplementedError

    def receive(self, data: bytes) -> list[bytes]:
        """The messages that are whole; `broken` is set behind the last when the peer has said goodbye, or nothing sensible."""
        if not self.is_ready:
            data = self.shake(data)
            if not data:
                return []
        protocol = self.protocol
        protocol.receive_data(data)
        messages: list[bytes] = []
        for event in protocol.events_received():
            if isinstance(event, Frame):
                self._take(event, messages)
                if self.broken is not None:
                    return messages
        if protocol.parser_exc is not None:
            self.broken = _violation(protocol.parser_exc)
        return messages

    def _take(self, frame: Frame, messages: list[bytes]) -> None:
        """What one frame brings."""
        opcode = frame.opcode
        if opcode is Opcode.CLOSE:
            self.broken = StreamBroken(f"the peer closed the WebSocket: {_said(self.protocol.close_rcvd)}")
            return
        if opcode is Opcode.PING or opcode is Opcode.PONG:
            return
        if opcode is not Opcode.CONT:
            self._is_text = opcode is Opcode.TEXT
            if frame.fin:
                self._finish(bytes(frame.data), messages)
                return
        self._is_fragmented = not frame.fin
        self._fragments += frame.data
        if frame.fin:
            message = bytes(self._fragments)
            self._fragments = bytearray()
            self._finish(message, messages)

    def _finish(self, message: bytes, messages: list[bytes]) -> None:
        """A message is whole."""
        if message.startswith(b"\r") and not message.strip(b"\r\n"):
            if message == _PING:
                self.protocol.send_text(_PONG)
        elif self._is_text and not is_utf8(message):
            self._refuse(CloseCode.INVALID_DATA, "a WebSocket text that is no UTF-8")
        elif len(message) > MAX_HEAD and not has_head_end(message):
            self._refuse(CloseCode.MESSAGE_TOO_BIG, f"a message without an end of its headers in {MAX_HEAD} bytes")
        elif message:
            messages.append(message)

    def _refuse(self, code: CloseCode, what: str) -> None:
        self.protocol.fail(code)
        self.broken = StreamBroken(what, garbage=True)

    def send(self, data: bytes) -> bytes:
        """One message in one frame: as a text when it is one. Nothing when one side has said goodbye."""
        protocol = self.protocol
        if protocol.state is not State.OPEN:
            return b""
        if is_utf8(data):
            protocol.send_text(data)
        else:
            protocol.send_binary(data)
        return self.own()

    def own(self) -> bytes:
        """The handshake, pongs, and the goodbye."""
        return b"".join(self.protocol.data_to_send())

    def ended(self) -> None:
        """Nobody may leave during the handshake, nor without a goodbye. Raises StreamBroken."""
        if not self.is_ready:
            raise StreamBroken("closed by the peer in the handshake of WebSocket", Failure.TCP_CONNECT)
        if self._is_fragmented:
            raise StreamBroken("closed by the peer in the middle of a WebSocket message")
        if self.protocol.state is State.OPEN:
            raise StreamBroken("closed by the peer without a WebSocket goodbye")

    def end(self) -> None:
        """Say goodbye, when the peer has not done so already."""
        if self.protocol.state is State.OPEN:
            self.protocol.send_close(CloseCode.NORMAL_CLOSURE)

    def let_go(self) -> None:
        """The library's parser knows its protocol, and so do its errors by their tracebacks."""
        protocol = self.protocol
        protocol.parser = OVER
        for error in (protocol.parser_exc, protocol.handshake_exc):
            if error is not None:
                error.__traceback__ = error.__context__ = error.__cause__ = None


def _over() -> Generator[None, None, None]:
    """The parser of a protocol that gets nothing any more."""
    yield


OVER: Final = _over()


def is_utf8(data: bytes) -> bool:
    """Whether bytes are a text."""
    if data.isascii():
        return True
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def has_head_end(message: bytes) -> bool:
    """Whether the headers end where those of a message in any other stream have to."""
    return message.find(b"\n\r\n", 0, MAX_HEAD) >= 0 or message.find(b"\n\n", 0, MAX_HEAD) >= 0


def _said(close: Close | None) -> str:
    """The code and the reason of a goodbye."""
    return shown(str(close)) if close is not None else "it said nothing"


def _violation(error: Exception) -> StreamBroken:
    """What came is not as RFC 6455 wants it."""
    if isinstance(error, PayloadTooBig):
        return StreamBroken(f"a WebSocket message of more than {MOST_BYTES} bytes", garbage=True)
    return StreamBroken(f"what arrives is no WebSocket: {shown(str(error))}", garbage=True)
