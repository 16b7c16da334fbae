# SPDX-License-Identifier: AGPL-3.0-or-later
"""A UDP peer in a thread, for what SIPp cannot be made to do: say nothing, talk rubbish, keep what it got."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable
from types import TracebackType

Answers = Callable[[bytes], Iterable[bytes]]
"""What is sent back for a message."""


def silence(message: bytes) -> Iterable[bytes]:
    """No answer to anything."""
    return ()


def rubbish(message: bytes) -> Iterable[bytes]:
    """Datagrams that no SIP stack has sent, some with the Call-ID of the call."""
    call_id = next(line for line in message.split(b"\r\n") if line.startswith(b"Call-ID"))
    return (
        b"",
        b"\x00" * 4,
        b"\xff\xfe\x00rubbish" * 50,
        b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"SIP/2.0 \r\n\r\n",
        b"SIP/2.0 two hundred OK\r\n" + call_id + b"\r\n\r\n",
        b"SIP/2.0 99999999999999999999 Far\r\n" + call_id + b"\r\nCSeq: 1 INVITE\r\n\r\n",
        b"INVITE\r\n" + call_id,
        call_id,
    )


def ok(message: bytes) -> Iterable[bytes]:
    """200 to every request but ACK, made of its own headers."""
    return () if message.startswith(b"ACK ") else (answered(message, b"200 OK"),)


def answered(message: bytes, status: bytes) -> bytes:
    """A response to a request, made of its own headers."""
    kept = (b"via:", b"from:", b"to:", b"call-id:", b"cseq:")
    lines = [line for line in message.split(b"\r\n") if line.lower().startswith(kept)]
    return b"\r\n".join((b"SIP/2.0 " + status, *lines, b"Content-Length: 0", b"", b""))


class UdpPeer:
    """A context manager: a peer on 127.0.0.1 that answers each datagram with `answers` of it and keeps it in `received`."""

    def __init__(self, answers: Answers, port: int = 0) -> None:
        self.received: list[bytes] = []
        self._answers = answers
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", port))
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> UdpPeer:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        # A closed socket does not wake a blocked recvfrom; a datagram from itself does.
        self._socket.sendto(b"", ("127.0.0.1", self.port))
        self._thread.join()
        self._socket.close()

    def send(self, message: bytes, port: int) -> None:
        """Send a datagram to a port on 127.0.0.1, unasked."""
        self._socket.sendto(message, ("127.0.0.1", port))

    def _serve(self) -> None:
        while True:
            message, sender = self._socket.recvfrom(65535)
            if sender[1] == self.port:
                return
            self.received.append(message)
            for answer in self._answers(message):
                self._socket.sendto(answer, sender)
