# SPDX-License-Identifier: AGPL-3.0-or-later
"""One connection for all calls, to a server that speaks something else or speaks first: a reason, and nothing is lost."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from tests.engine.transport.stream.ws_peers import answer, their_server
from tests.interop.sides import LOOPBACK, Ours, at
from tests.programs import Programs

SSH = b"SSH-2.0-OpenSSH_9.2p1\r\n"
NO_HTTP = b"220 mail.example ESMTP\r\n\r\n"
SIP = b"SIP/2.0 400 Bad Request\r\nContent-Length: 0\r\n\r\n"
OPTIONS = b"""OPTIONS sip:a@127.0.0.1 SIP/2.0
Via: SIP/2.0/WS 127.0.0.1:5061;branch=z9hG4bK1
From: <sip:early@127.0.0.1>;tag=1
To: <sip:a@127.0.0.1>
Call-ID: early@127.0.0.1
CSeq: 1 OPTIONS
Content-Length: 0

""".replace(b"\n", b"\r\n")
LIMIT_S = 20


@contextmanager
def server(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server for one connection; its port."""
    with socket.create_server((LOOPBACK[4], 0)) as listener:
        listener.settimeout(LIMIT_S)

        def accept() -> None:
            with suppress(OSError):
                peer = listener.accept()[0]
                peer.settimeout(LIMIT_S)
                with peer:
                    serve(peer)

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(LIMIT_S)


def says(text: bytes) -> Callable[[socket.socket], None]:
    """A server that says this whatever it hears, and waits for the end."""

    def serve(peer: socket.socket) -> None:
        peer.recv(4096)
        peer.sendall(text)
        while peer.recv(4096):
            pass

    return serve


@pytest.mark.parametrize(
    ("transport", "text", "told"),
    [
        ("l1", SSH, "the peer speaks no TLS"),
        ("ws1", SSH, "the peer speaks no TLS"),
        ("w1", NO_HTTP, "no HTTP where WebSocket should begin: '220 mail.example ESMTP"),
        ("w1", SIP, "SIP without WebSocket"),
    ],
)
def test_a_server_that_speaks_something_else_is_a_reason_to_end(
    programs: Programs, transport: str, text: bytes, told: str
) -> None:
    with server(says(text)) as port:
        client = Ours(programs).start("-sn", "uac", "-m", "1", at(LOOPBACK[4], port), "-t", transport, "-tls_skip_verify")
        assert client.wait() == 255
    protocol = {"l1": "TLS", "ws1": "WSS", "w1": "WS"}[transport]
    assert client.output.count("\n") == 1, client.output
    assert f"no {protocol} connection to 127.0.0.1 port {port}: {told}" in client.output


def test_what_comes_along_with_the_handshake_is_heard_when_calls_can_be_made(programs: Programs) -> None:
    def serve(peer: socket.socket) -> None:
        websocket = their_server()
        reply = answer(websocket, peer.recv(4096))
        websocket.send_binary(OPTIONS)
        peer.sendall(reply + b"".join(websocket.data_to_send()))
        peer.recv(4096)

    ours = Ours(programs)
    with server(serve) as port:
        client = ours.start("-sn", "uac", "-m", "1", "-aa", at(LOOPBACK[4], port), "-t", "w1")
        client.wait()
    assert ours.summary().counters.auto_answered == 1
    assert ours.summary().counters.fatal_errors == 0
