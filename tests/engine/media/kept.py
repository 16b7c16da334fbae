# SPDX-License-Identifier: AGPL-3.0-or-later
"""A way out that keeps what is sent, and a clock that goes when it is told: streams without sockets."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from engine.media.outlet import MediaSocket, Outlet, Sender
from engine.media.pacer import Pacer
from engine.media.stream import OutStream
from engine.media.track import Track, even_track

MS = 1_000_000
START_NS = 77_000 * MS


@dataclass
class Sent:
    """A packet as it left: when, and its bytes."""

    at_ns: int
    data: bytes

    @property
    def marker(self) -> int:
        return self.data[1] >> 7

    @property
    def payload_type(self) -> int:
        return self.data[1] & 0x7F

    @property
    def sequence(self) -> int:
        return int.from_bytes(self.data[2:4], "big")

    @property
    def timestamp(self) -> int:
        return int.from_bytes(self.data[4:8], "big")

    @property
    def ssrc(self) -> int:
        return int.from_bytes(self.data[8:12], "big")

    @property
    def payload(self) -> bytes:
        return self.data[12:]


class KeptOutlet(Outlet):
    """Puts what is sent into the list of its socket."""

    def __init__(self, of: KeptSocket, destination: object) -> None:
        super().__init__()
        self.of = of
        self.destination = destination

    def send_rtp(self, second: int, sequence: int, timestamp: int, ssrc: int, payloads: bytes, start: int, size: int) -> bool:
        header = struct.pack("!BBHII", 0x80, second, sequence, timestamp, ssrc)
        return self.send_made(header + payloads[start : start + size])

    def send_whole(self, payloads: bytes, start: int, size: int) -> bool:
        return self.send_made(payloads[start : start + size])

    def send_made(self, datagram: bytes) -> bool:
        self.of.clock.now_ns += self.of.cost_ns
        self.of.destinations.append(self.destination)
        self.of.sent.append(Sent(self.of.clock.now_ns, datagram))
        return not self.of.gathers


@dataclass
class Clock:
    """Goes when it is told."""

    now_ns: int = START_NS

    def __call__(self) -> int:
        return self.now_ns


@dataclass
class KeptSocket(MediaSocket):
    """Keeps what is sent; each packet takes `cost_ns`."""

    clock: Clock
    cost_ns: int = 0
    gathers: bool = False
    sent: list[Sent] = field(default_factory=list)
    destinations: list[object] = field(default_factory=list)

    def outlet(self, destination: object) -> Outlet:
        return KeptOutlet(self, destination)


class KeptSender(Sender):
    """Counts how often it was to send what waits."""

    def __init__(self) -> None:
        super().__init__()
        self.flushes = 0

    def flush(self) -> None:
        self.flushes += 1


class Stage:
    """A pacer on a clock of its own, and the streams that it looks after."""

    def __init__(self, *, cost_ns: int = 0, gathers: bool = False) -> None:
        self.clock = Clock()
        self.socket = KeptSocket(self.clock, cost_ns, gathers)
        self.sender = KeptSender()
        self.pacer = Pacer(self.sender, self.clock)

    @property
    def sent(self) -> list[Sent]:
        return self.socket.sent

    def stream(self, ssrc: int = 1, sequence: int = 0, timestamp: int = 0, *, destination: object = "there") -> OutStream:
        stream = OutStream(ssrc, sequence, timestamp)
        stream.socket, stream.destination = self.socket, destination
        self.pacer.add(stream)
        return stream

    def go(self, duration_ms: float) -> None:
        """Let time go by, with a turn of the pacer whenever it wants one."""
        until_ns = self.clock.now_ns + int(duration_ms * MS)
        while (next_ns := self.pacer.run(self.clock.now_ns)) <= until_ns:
            self.clock.now_ns = max(self.clock.now_ns, next_ns)
        self.clock.now_ns = max(self.clock.now_ns, until_ns)

    def halt(self, duration_ms: float) -> None:
        """Let time go by without any turn."""
        self.clock.now_ns += int(duration_ms * MS)


def track_of(packets: int = 5, packet_bytes: int = 4, packet_ms: int = 20, payload_type: int = 0) -> Track:
    """A track whose packets say their numbers: the payload of packet k is k, so many times. The first has the marker."""
    payloads = b"".join(bytes([number & 0xFF]) * packet_bytes for number in range(packets))
    track = even_track(payloads, packet_bytes, packet_ms, clock_rate=8000, payload_type=payload_type, codec="PCMU")
    track.markers = b"\x01" + bytes(packets - 1)
    return track
