# SPDX-License-Identifier: AGPL-3.0-or-later
"""Legs without sockets or clocks: hosts on one virtual wire, on which datagrams wait until somebody asks for them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from random import Random

from engine.media.agreement import Place
from engine.media.kinds import MediaKind
from engine.media.leg import Leg
from engine.media.leg_host import LegHost, LegOwner
from engine.media.leg_port import Address, LegPort
from engine.media.outlet import MediaSocket, Outlet, Sender
from engine.media.pacer import Pacer
from engine.media.reception import ReceptionSummary
from engine.media.sdp import MediaLine, read_sdp
from engine.media.srtp.handshakes import Handshakes
from engine.media.srtp.identity import Identity
from engine.media.tally import Tally
from engine.media.wheel import Wheel

S = 1_000_000_000


class Wire:
    """What was sent and has not come: (from, to, datagram, whether to the port of RTCP); `sent` keeps all that was RTP's.

    `change` may alter, double or drop what comes.
    """

    def __init__(self) -> None:
        self.now_ns = S
        self.waiting: deque[tuple[Place, Place, bytes, bool]] = deque()
        self.sent: list[tuple[Place, Place, bytes]] = []
        self.hosts: dict[Place, Host] = {}
        self.change: Callable[[bytes], list[bytes]] = lambda data: [data]

    @property
    def datagrams(self) -> list[bytes]:
        """What was sent."""
        return [data for _, _, data in self.sent]

    def put(self, source: Place, destination: Place, data: bytes, rtcp: bool = False) -> None:
        assert data, "an empty datagram was sent"
        self.waiting.append((source, destination, data, rtcp))
        self.sent.append((source, destination, data))

    def run(self, ms: int = 0) -> None:
        """Everything that waits comes, and what follows from it; then so much time goes by, in steps of 5 ms."""
        for step in range(ms // 5 + 1):
            self.now_ns += 5_000_000 if step else 0
            for host in self.hosts.values():
                host.run(self.now_ns)
            for _ in range(1000):
                if not self.waiting:
                    break
                self.step()

    def step(self) -> None:
        """The next that waits comes."""
        source, destination, data, rtcp = self.waiting.popleft()
        host = self.hosts[destination[0], destination[1] - rtcp]
        for each in self.change(data):
            (host.leg.rtcp_datagram if rtcp else host.leg.datagram)(each, source, self.now_ns)
        for leg, datagram in host.handshakes.turn():
            leg.handshake(datagram)


class _Out(Outlet):
    def __init__(self, wire: Wire, here: Place, there: Place) -> None:
        super().__init__()
        self._wire, self._here, self._there = wire, here, there

    def send_rtp(self, second: int, sequence: int, timestamp: int, ssrc: int, payloads: bytes, start: int, size: int) -> bool:
        head = bytes((0x80, second)) + sequence.to_bytes(2, "big") + timestamp.to_bytes(4, "big") + ssrc.to_bytes(4, "big")
        return self.send_made(head + payloads[start : start + size])

    def send_whole(self, payloads: bytes, start: int, size: int) -> bool:
        return self.send_made(payloads[start : start + size])

    def send_made(self, datagram: bytes) -> bool:
        self._wire.put(self._here, self._there, datagram)
        return True


class Port(LegPort, MediaSocket):
    """A port on the wire."""

    def __init__(self, wire: Wire, here: Place) -> None:
        self._wire, self.here = wire, here

    @property
    def socket(self) -> MediaSocket:
        return self

    def outlet(self, destination: object) -> Outlet:
        assert isinstance(destination, tuple)
        return _Out(self._wire, self.here, (destination[0], destination[1]))

    def send(self, data: bytes, destination: object) -> None:
        assert isinstance(destination, tuple)
        self._wire.put(self.here, (destination[0], destination[1]), data)

    def send_rtcp(self, data: bytes, destination: object) -> None:
        assert isinstance(destination, tuple)
        self._wire.put(self.here, (destination[0], destination[1]), data, rtcp=True)


class _Nothing(Sender):
    """Nothing is gathered."""

    def flush(self) -> None:
        pass


class Host(LegHost, LegOwner):
    """One side, of which there is one leg. `said` are the troubles that a person would be told."""

    def __init__(
        self,
        wire: Wire,
        number: int,
        identity: Identity | None = None,
        *,
        kind: MediaKind = MediaKind.AUDIO,
        place: Place | None = None,
    ) -> None:
        self.wire, self.here = wire, place or ("192.0.2." + str(number), 4000)
        self.tally, self.random = Tally(), Random(number)
        self.identity = identity
        self.rtcp_interval_ms, self.cname = 1000, f"host-{number}"
        self.wheel, self.handshakes = Wheel(), Handshakes[Leg]()
        self.said: list[str] = []
        self.round_trips: list[int] = []
        self.scores: list[float] = []
        self.digits = ""
        self.leg = Leg(self, self, kind, 0x1000 + number)
        self.port = Port(wire, self.here)
        self.pacer = Pacer(_Nothing(), self.now_ns)
        self.pacer.add(self.leg.stream)
        wire.hosts[self.here] = self

    def run(self, now_ns: int) -> None:
        """Do what is due."""
        self.pacer.run(now_ns)
        self.wheel.come(now_ns)
        while (due := self.wheel.take(now_ns)) is not None:
            if due.due_ns > now_ns:
                self.wheel.put(due, due.due_ns)
            else:
                self.leg.run(now_ns)

    def now_ns(self) -> int:
        return self.wire.now_ns

    def unix_ns(self) -> int:
        return self.wire.now_ns

    def address(self, place: Place) -> object:
        if place[0] == "nowhere":
            raise OSError
        return place

    def moved(self, place: Place) -> None:
        pass

    def heard_digit(self, digit: str) -> None:
        self.digits += digit

    def seen(self, received: ReceptionSummary, jitter_ns: int, score: float) -> None:
        self.scores.append(score)

    def timed(self, round_trip_ns: int) -> None:
        self.round_trips.append(round_trip_ns)

    def troubled(self, reason: str) -> None:
        self.said.append(reason)

    def spoiled(self, error: Exception) -> None:
        raise error

    def says(self, sdp: str, other: Host) -> None:
        """An offer or an answer goes to the other side."""
        line = read_sdp(sdp.encode()).first(self.leg.kind)
        assert line is not None
        self.leg.sent(line)
        other.leg.received(line)

    def line(self, *attributes: str, place: Place | None = None, protocol: str = "RTP/SAVP") -> MediaLine:
        """What this side says of itself."""
        host, port = place or self.here
        text = "\r\n".join((f"m=audio {port} {protocol} 0", f"c=IN IP4 {host}", *attributes, ""))
        return read_sdp(text.encode()).lines[0]

    def send(self, sequence: int, payload: bytes = b"x" * 160) -> None:
        """One packet of the stream, as the pacer would have it sent."""
        stream = self.leg.stream
        if stream.destination is None:
            return
        head = b"\x80\0" + sequence.to_bytes(2, "big") + bytes(4) + stream.ssrc.to_bytes(4, "big")
        packet = stream.protect(head + payload) if stream.protect is not None else head + payload
        self.port.send(packet, stream.destination)


def source_of(leg: Leg) -> Address | None:
    """Where ICE has it that the peer is."""
    return leg._chosen


def offer_and_answer(caller: Host, callee: Host, offer: MediaLine, answer: MediaLine) -> None:
    """Both sides have told each other."""
    caller.leg.open(caller.port)
    callee.leg.open(callee.port)
    caller.leg.sent(offer, offers=True)
    callee.leg.received(offer, offers=True)
    callee.leg.sent(answer)
    caller.leg.received(answer)
