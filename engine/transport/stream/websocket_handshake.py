# SPDX-License-Identifier: AGPL-3.0-or-later
"""How a WebSocket begins (RFC 6455 section 4): one request and one response of HTTP, in which both agree on `sip` (RFC 7118).

Each side's half is judged when its head has come to its end, or before when no HTTP can become of it. A server says why it
refuses, by HTTP; whoever asks must name a Host, may come from any Origin, and asks for `-ws_path`.
"""

from __future__ import annotations

import re
from typing import ClassVar, Final

from websockets.client import ClientProtocol
from websockets.datastructures import Headers
from websockets.http11 import Request, Response
from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.typing import Origin, Subprotocol
from websockets.uri import WebSocketURI

from engine.messages import Failure
from engine.transport.stream.layer import StreamBroken
from engine.transport.stream.websocket_frames import LOGGER, MOST_BYTES, WebSocket, shown

SIP: Final = Subprotocol("sip")
"""RFC 7118 section 4."""
MOST_HEAD: Final = 16_384
"""Bytes of a request or response of HTTP."""

_HEAD_END: Final = re.compile(rb"\r?\n\r?\n")
_ENOUGH_TO_TELL: Final = 100
"""Bytes of a first line after which its end is not waited for."""
_TEXT: Final = re.compile(rb"[ -~]*\r?|[\x14-\x17]")
_TLS: Final = re.compile(rb"[\x14-\x17]\x03")
_SIP: Final = re.compile(rb"SIP/2\.0|[!-~]+ [!-~]+ SIP/2\.0\r?\n")
_STATUS: Final = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2})(?: ([^\r\n]*))?\r?\n")
_LOCATION: Final = re.compile(rb"\nlocation[ \t]*:[ \t]*([^\r\n]*)", re.I)
_AUTHORITY: Final = re.compile(r"https?://[^/?]*", re.I)

_HINTS: Final = {
    400: "it did not like the request",
    401: "it wants a password by HTTP, which is not built",
    403: "it lets nobody in from this Origin, Host or path",
    404: "it has no WebSocket at this path; see -ws_path",
    426: "it speaks another version of WebSocket",
}


def _no_handshake(reason: str, *, garbage: bool = False) -> StreamBroken:
    return StreamBroken(reason, Failure.TCP_CONNECT, garbage=garbage)


class _Side(WebSocket):
    """What both sides have to do until the handshake is over."""

    __slots__ = ("_head", "_is_http", "_searched")

    begins: ClassVar[re.Pattern[bytes]]
    """What the first bytes of the other side's half look like."""

    def __init__(self, protocol: ClientProtocol | ServerProtocol) -> None:
        super().__init__(protocol)
        self._head = bytearray()
        self._searched = 0
        self._is_http = False

    def shake(self, data: bytes) -> bytes:
        """The other side's half, as much of it as has come: what came behind it. Raises StreamBroken."""
        head = self._head
        head += data
        if not self._is_http:
            self._judge_first_line()
        found = _HEAD_END.search(head, self._searched)
        end = found.end() if found is not None else len(head)
        if end > MOST_HEAD:
            raise _no_handshake(f"HTTP without an end of its headers in {MOST_HEAD} bytes", garbage=True)
        if found is None:
            self._searched = max(0, end - 3)
            return b""
        rest = bytes(head[end:])
        self.judge(bytes(head[:end]))
        self._head = bytearray()
        self.is_ready = True
        return rest

    def _judge_first_line(self) -> None:
        """Raises StreamBroken when no HTTP begins so; waits for more where that cannot be told yet."""
        head = self._head
        line_end = head.find(b"\n", self._searched) + 1
        if _TLS.match(head):
            raise _no_handshake("TLS where WebSocket should begin: -t ws1 and -t wsn speak it", garbage=True)
        if not line_end and len(head) < _ENOUGH_TO_TELL and _TEXT.fullmatch(head):
            return
        line = bytes(head[: line_end or _ENOUGH_TO_TELL])
        if _SIP.match(line):
            raise _no_handshake("SIP without WebSocket: -t t1 and, over TLS, -t l1 speak it", garbage=True)
        if not self.begins.match(line):
            begins = shown(line.rstrip(b"\r\n").decode("latin-1"))
            raise _no_handshake(f"no HTTP where WebSocket should begin: '{begins}'", garbage=True)
        self._is_http = line_end > 0

    def judge(self, head: bytes) -> None:
        """The other side's half is there. Raises StreamBroken."""
        raise NotImplementedError


class ClientWebSocket(_Side):
    """The side that asks for it."""

    __slots__ = ("_client", "_path")

    begins = re.compile(rb"HTTP/1\.[01] ")

    def __init__(self, host: str, port: int, path: str, is_secure: bool) -> None:
        """Ask `host`, a name or an address, for `path`, with a query or without."""
        uri = WebSocketURI(is_secure, host.strip("[]").partition("%")[0], port, path, "")
        self._path = path
        self._client = ClientProtocol(uri, subprotocols=[SIP], max_size=MOST_BYTES, logger=LOGGER)
        super().__init__(self._client)

    def begin(self) -> None:
        """Ask, and say that we come from the same place (RFC 6454)."""
        request = self._client.connect()
        scheme = "https" if self._client.uri.secure else "http"
        request.headers["Origin"] = Origin(f"{scheme}://{request.headers['Host']}")
        self._client.send_request(request)

    def judge(self, head: bytes) -> None:
        """Whether the server agrees. Raises StreamBroken."""
        status = _STATUS.match(head)
        if status is None:
            raise _no_handshake(f"no response of HTTP: '{shown(head[:40].decode('latin-1'))}'", garbage=True)
        if status[1] != b"101":
            raise _no_handshake(f"the server refuses WebSocket at {self._path}: {_refusal(status, head)}")
        client = self._client
        client.receive_data(head)
        client.events_received()
        if client.state is not State.OPEN:
            raise _no_handshake(f"the server's answer is no handshake of WebSocket: {shown(str(client.handshake_exc))}")
        if client.subprotocol != SIP:
            raise _no_handshake("the server does not speak SIP over WebSocket: it did not agree to the sub-protocol 'sip'")


def _refusal(status: re.Match[bytes], head: bytes) -> str:
    """What a server answered that did not agree, and what that means."""
    said = f"{status[1].decode()} {shown((status[2] or b'').decode('latin-1'))}".strip()
    found = _LOCATION.search(head)
    hint = f"it sends to {shown(found[1].decode('latin-1'))}" if found is not None else _HINTS.get(int(status[1]), "")
    return f"{said} — {hint}" if hint else said


class ServerWebSocket(_Side):
    """The side that is asked for it."""

    __slots__ = ("_path", "_server")

    begins = re.compile(rb"[A-Z]+(?: |$)")

    def __init__(self, path: str) -> None:
        """Be asked for `path`; a query does not matter."""
        self._path = path.partition("?")[0]
        self._server = ServerProtocol(subprotocols=[SIP], max_size=MOST_BYTES, logger=LOGGER)
        super().__init__(self._server)

    def judge(self, head: bytes) -> None:
        """Whether a request can be agreed to; if not, it is answered so. Raises StreamBroken."""
        server = self._server
        server.receive_data(head)
        events = server.events_received()
        request = events[0] if events else None
        if not isinstance(request, Request):
            why = server.handshake_exc.__cause__ or server.handshake_exc if server.handshake_exc is not None else ""
            raise _no_handshake(f"no request of HTTP: {shown(str(why))}", garbage=True)
        response, reason = self._answer(request)
        server.send_response(response)
        if server.state is not State.OPEN:
            raise _no_handshake(f"refused a request for WebSocket: {reason}", garbage=True)

    def _answer(self, request: Request) -> tuple[Response, str]:
        """The response, and why it refuses when it does."""
        server = self._server
        path = _AUTHORITY.sub("", request.path, count=1).partition("?")[0] or "/"
        if path != self._path:
            reason = f"it asks for {shown(path)}, and -ws_path is {self._path}"
            return server.reject(404, f"There is no WebSocket here but at {self._path}.\n"), reason
        if len(request.headers.get_all("Host")) != 1:
            return server.reject(400, "A request names one Host.\n"), "it does not name one Host"
        version = _only(request.headers, "Sec-WebSocket-Version")
        if version and version != "13":
            response = server.reject(426, "Of WebSocket there is version 13 here.\n")
            response.headers["Sec-WebSocket-Version"] = "13"
            return response, f"it speaks version {shown(version)} of WebSocket, and there is 13"
        response = server.accept(request)
        return response, shown(str(server.handshake_exc))


def _only(headers: Headers, name: str) -> str:
    """A header that is there once, else nothing."""
    values = headers.get_all(name)
    return values[0] if len(values) == 1 else ""
