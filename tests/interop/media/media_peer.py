# SPDX-License-Identifier: AGPL-3.0-or-later
"""A peer that is called and sends datagrams as planned to the media port of each call, from a port of its own for each."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from types import TracebackType

from tests.interop.udp_peer import UdpPeer, ok

Planned = tuple[float, bytes]
"""When a datagram is sent, in seconds after the ACK, and what it is."""
Plan = Callable[[bytes], Iterable[Planned]]
"""What a call is sent, given the SDP of its INVITE."""

HOST = "127.0.0.1"
PCMU = ("m=audio {port} RTP/AVP 0", "a=rtpmap:0 PCMU/8000")
_MEDIA_PORT = re.compile(rb"^m=audio ([0-9]+) ", re.M)
_CALL_ID = re.compile(rb"^Call-ID: *(.*?)\r$", re.M | re.I)


class _Call:
    def __init__(self, plan: Plan, invite: bytes) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((HOST, 0))
        self.port: int = self.socket.getsockname()[1]
        self.invite = invite
        found = _MEDIA_PORT.search(invite)
        assert found, invite
        self._target = HOST, int(found[1])
        self._plan = plan
        self._thread = threading.Thread(target=self._send, daemon=True)
        self._begun = self._over = False

    def begin(self) -> None:
        """Send what is planned; an ACK may come again."""
        if not self._begun:
            self._begun = True
            self._thread.start()

    def end(self) -> None:
        """Send no more."""
        self._over = True
        if self._begun:
            self._thread.join()
        self.socket.close()

    def _send(self) -> None:
        start_s = time.monotonic()
        for at_s, datagram in sorted(self._plan(self.invite), key=lambda planned: planned[0]):
            time.sleep(max(0.0, start_s + at_s - time.monotonic()))
            if self._over:
                return
            self.socket.sendto(datagram, self._target)


class MediaPeer:
    """A context manager: call *k* that comes to `port` is sent what `plans[k]` says, further ones as the last.

    `answer` are the lines of the SDP about its media, `{port}` where the port stands.
    """

    def __init__(self, plans: Sequence[Plan], answer: Callable[[bytes], Sequence[str]] = lambda invite: PCMU) -> None:
        self._plans = plans
        self._answer = answer
        self._calls: dict[bytes, _Call] = {}
        self._peer = UdpPeer(self._answers)
        self.port = self._peer.port

    def __enter__(self) -> MediaPeer:
        self._peer.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._peer.__exit__(kind, error, trace)
        for call in self._calls.values():
            call.end()

    def _answers(self, message: bytes) -> Iterable[bytes]:
        found = _CALL_ID.search(message)
        assert found, message
        call = self._calls.get(found[1])
        if message.startswith(b"INVITE "):
            if call is None:
                plan = self._plans[min(len(self._calls), len(self._plans) - 1)]
                call = self._calls[found[1]] = _Call(plan, message)
            return (self._with_sdp(next(iter(ok(message))), call),)
        if message.startswith(b"ACK ") and call is not None:
            call.begin()
        return ok(message)

    def _with_sdp(self, answer: bytes, call: _Call) -> bytes:
        media = (line.format(port=call.port) for line in self._answer(call.invite))
        head = ("v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0")
        body = "".join(f"{line}\r\n" for line in (*head, *media)).encode()
        contact = f"Contact: <sip:{HOST}:{self.port}>\r\nContent-Type: application/sdp\r\n".encode()
        return answer.replace(b"Content-Length: 0", contact + b"Content-Length: %d" % len(body)) + body
