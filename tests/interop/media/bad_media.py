# SPDX-License-Identifier: AGPL-3.0-or-later
"""A bad network for media between two sides that speak SIP over UDP: it has itself named in the SDP of both.

It loses, delays, doubles, reorders and repeats packets of RTP, makes some up, and counts all that it does. RTCP passes. What it
does is drawn from a seed, but which packet meets it depends on when the sides send.
"""

from __future__ import annotations

import heapq
import re
import selectors
import socket
import threading
import time
from collections import Counter, deque
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from random import Random
from types import TracebackType

LOOPBACK = "127.0.0.1"
_MEDIA = re.compile(rb"^(m=\w+ )(\d+)( )", re.MULTILINE)
_KEY = re.compile(rb"inline:(.)", re.DOTALL)
_CALL_ID = re.compile(rb"^(?:Call-ID|i)[ \t]*:[ \t]*([^\r\n]*)", re.IGNORECASE | re.MULTILINE)
_TRIES = 100
_RTP_HEADER = 12
_SSRC = slice(8, 12)
_REPEATED_AFTER = 20
_GARBAGE_BYTES = 60


@dataclass(frozen=True)
class Trouble:
    """What becomes of RTP on its way from the caller to the callee. All but `jitter_ms` are parts of the packets.

    Each packet is late by 0 to 2 × `jitter_ms`, evenly drawn. A `reordered` one is passed by the next. Beside a packet come
    `garbage` (bytes of no protocol), a `foreign` one of another synchronisation source, and `repeated` ones come again 20
    packets later. A `broken` one has a bit that is wrong. After `silent_after` packets of a call nothing comes any more.
    `wrong_key`: both sides are told another key of SRTP than the other has.
    """

    loss: float = 0.0
    jitter_ms: float = 0.0
    reordered: float = 0.0
    doubled: float = 0.0
    repeated: float = 0.0
    broken: float = 0.0
    garbage: float = 0.0
    foreign: float = 0.0
    silent_after: int = 1 << 62
    wrong_key: bool = False


class _Relay:
    """Where packets for one side of a call come to: a pair of ports."""

    def __init__(self, is_for_callee: bool) -> None:
        self.is_for_callee = is_for_callee
        self.rtp, self.rtcp = _pair()
        self.port: int = self.rtp.getsockname()[1]
        self.to = (LOOPBACK, 0)
        self.other: _Relay | None = None
        self.came = 0
        self.lost_at_end = 0
        self.has_passed = False
        self.foreign = 0
        self.waits: bytes | None = None
        self.sent: deque[bytes] = deque(maxlen=_REPEATED_AFTER)


class BadMedia:
    """A context manager: who calls `port` on 127.0.0.1 reaches the server at `to_port`. `did` counts what was done to RTP.

    In `did`: `rtcp` to the callee, `came`, `passed` (with what was doubled and repeated), and the names of `Trouble`'s parts.
    Of what was lost those before the first and after the last that passed are `lost_at_ends`: nobody can know of them.
    Who calls must have a port of five digits for media, as the relay has: nothing in a message becomes longer.
    """

    def __init__(self, to_port: int, trouble: Trouble, *, seed: int = 1) -> None:
        self.did: Counter[str] = Counter()
        self._to = (LOOPBACK, to_port)
        self._trouble = trouble
        self._random = Random(seed)
        self._front, self._back = _bound(), _bound()
        self.port: int = self._front.getsockname()[1]
        self._caller = (LOOPBACK, 0)
        self._relays: dict[tuple[bytes, bool], _Relay] = {}
        self._held: list[tuple[float, int, socket.socket, bytes, tuple[str, int]]] = []
        self._order = count()
        self._is_over = False
        self._selector = selectors.DefaultSelector()
        self._thread = threading.Thread(target=self._carry, daemon=True)

    def __enter__(self) -> BadMedia:
        for sock in (self._front, self._back):
            self._selector.register(sock, selectors.EVENT_READ)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._is_over = True
        self._thread.join()
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]
        self._selector.close()
        at_end = sum(relay.lost_at_end for relay in self._relays.values())
        self.did["lost"] -= at_end
        self.did["lost_at_ends"] += at_end

    def _carry(self) -> None:
        while not self._is_over:
            wait_s = max(0.0, min(0.02, self._held[0][0] - time.monotonic())) if self._held else 0.02
            for key, _ in self._selector.select(wait_s):
                sock = key.fileobj
                assert isinstance(sock, socket.socket)
                data, sender = sock.recvfrom(65535)
                if sock is self._front:
                    self._caller = sender
                    self._back.sendto(self._renamed(data, from_caller=True), self._to)
                elif sock is self._back:
                    self._front.sendto(self._renamed(data, from_caller=False), self._caller)
                else:
                    self._media(key.data, sock, data)
            while self._held and self._held[0][0] <= time.monotonic():
                _, _, through, data, to = heapq.heappop(self._held)
                through.sendto(data, to)

    # --- SIP -----------------------------------------------------------------------------------------------------------

    def _renamed(self, message: bytes, *, from_caller: bool) -> bytes:
        """A message whose SDP names our port, as the one for who has sent it."""
        head, gap, body = message.partition(b"\r\n\r\n")
        media, call_id = _MEDIA.search(body), _CALL_ID.search(head)
        if media is None or call_id is None:
            return message
        relay = self._relay(call_id[1], is_for_callee=not from_caller)
        relay.to = (LOOPBACK, int(media[2]))
        changed = _MEDIA.sub(rb"\g<1>%d\g<3>" % relay.port, body, count=1)
        if self._trouble.wrong_key:
            changed = _KEY.sub(lambda key: b"inline:" + (b"B" if key[1] == b"A" else b"A"), changed)
        assert len(changed) == len(body), "have media ports of five digits"
        return head + gap + changed

    def _relay(self, call_id: bytes, *, is_for_callee: bool) -> _Relay:
        relay = self._relays.get((call_id, is_for_callee))
        if relay is None:
            relay = self._relays[call_id, is_for_callee] = _Relay(is_for_callee)
            for sock in (relay.rtp, relay.rtcp):
                self._selector.register(sock, selectors.EVENT_READ, relay)
            relay.other = self._relays.get((call_id, not is_for_callee))
            if relay.other is not None:
                relay.other.other = relay
        return relay

    # --- media ---------------------------------------------------------------------------------------------------------

    def _media(self, relay: _Relay, sock: socket.socket, data: bytes) -> None:
        """What came for one side goes out at the port that this side knows of the other."""
        if relay.other is None:
            return
        if sock is relay.rtcp:
            self.did["rtcp"] += relay.is_for_callee
            relay.other.rtcp.sendto(data, (relay.to[0], relay.to[1] + 1))
        elif relay.is_for_callee and _is_rtp(data):
            self._treat(relay, data)
        else:
            relay.other.rtp.sendto(data, relay.to)

    def _treat(self, relay: _Relay, data: bytes) -> None:
        trouble, did = self._trouble, self.did
        did["came"] += 1
        relay.came += 1
        if relay.came > trouble.silent_after:
            did["silenced"] += 1
            return
        if self._happens(trouble.loss):
            did["lost" if relay.has_passed else "lost_at_ends"] += 1
            relay.lost_at_end += relay.has_passed
            return
        relay.lost_at_end = 0
        relay.has_passed = True
        if relay.waits is None and self._happens(trouble.reordered):
            relay.waits = data
            return
        self._send(relay, data)
        if relay.waits is not None:
            did["reordered"] += 1
            self._send(relay, relay.waits)
            relay.waits = None

    def _send(self, relay: _Relay, data: bytes) -> None:
        trouble, did = self._trouble, self.did
        if self._happens(trouble.broken):
            did["broken"] += 1
            data = data[:-1] + bytes([data[-1] ^ 1])
        self._pass(relay, data)
        if self._happens(trouble.doubled):
            did["doubled"] += 1
            self._pass(relay, data)
        if len(relay.sent) == _REPEATED_AFTER and self._happens(trouble.repeated):
            did["repeated"] += 1
            self._pass(relay, relay.sent[0])
        if self._happens(trouble.foreign):
            did["foreign"] += 1
            relay.foreign += 1
            source = bytes(byte ^ 0x5A for byte in data[_SSRC])
            self._pass(relay, data[:2] + relay.foreign.to_bytes(2, "big") + data[4:8] + source + data[_RTP_HEADER:])
        if self._happens(trouble.garbage):
            did["garbage"] += 1
            self._pass(relay, b"\x50" + self._random.randbytes(_GARBAGE_BYTES))  # the first bits of no protocol (RFC 7983)
        relay.sent.append(data)

    def _pass(self, relay: _Relay, data: bytes) -> None:
        assert relay.other is not None
        self.did["passed"] += 1
        late_s = self._random.uniform(0, 2 * self._trouble.jitter_ms) / 1000
        if late_s:
            heapq.heappush(self._held, (time.monotonic() + late_s, next(self._order), relay.other.rtp, data, relay.to))
        else:
            relay.other.rtp.sendto(data, relay.to)

    def _happens(self, part: float) -> bool:
        return part > 0 and self._random.random() < part


def _is_rtp(data: bytes) -> bool:
    return len(data) >= _RTP_HEADER and data[0] >> 6 == 2 and not 192 <= data[1] <= 223


def _bound(port: int = 0) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.bind((LOOPBACK, port))
    except OSError:
        sock.close()
        raise
    return sock


def _pair() -> tuple[socket.socket, socket.socket]:
    """An even port of five digits and the one after it."""
    for _ in range(_TRIES):
        first = _bound()
        number = first.getsockname()[1]
        if number % 2 == 0 and number >= 10_000:
            with suppress(OSError):  # the one after it is somebody's: another pair is tried
                return first, _bound(number + 1)
        first.close()
    raise OSError("no pair of ports is free")
