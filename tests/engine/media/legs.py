# SPDX-License-Identifier: AGPL-3.0-or-later
"""Legs of media without sockets and without waiting: what one sends the other has, at once or as the test says."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from engine.media.agreement import Place
from engine.media.kinds import MediaKind
from engine.media.leg import Leg, LegHost, LegPort
from engine.media.outlet import MediaSocket, Outlet, Sender
from engine.media.pacer import Pacer
from engine.media.reception import ReceptionSummary
from engine.media.rtp import write_rtp
from engine.media.sdp import read_sdp
from engine.media.tally import Tally

MS = 1_000_000
SECOND = 1_000_000_000


class World:
    """A clock, and a network on which datagrams go to whoever has the port. `change` may alter, double or drop them."""

    def __init__(self) -> None:
        self.now_ns = 10 * SECOND
        self.legs: dict[int, Side] = {}
        self.change: Callable[[bytes], list[bytes]] = lambda data: [data]
        self.wire: list[bytes] = []

    def deliver(self, data: bytes, port: int, source: Place) -> None:
        for each in self.change(data):
            self.wire.append(each)
            side = self.legs.get(port) or self.legs.get(port - 1)
            if side is None:
                continue
            if port in self.legs:
                side.leg.datagram(each, source, self.now_ns)
            else:
                side.leg.rtcp_datagram(each, source, self.now_ns)

    def run(self, duration_ns: int, step_ns: int = 5 * MS) -> None:
        """Let time go by."""
        end_ns = self.now_ns + duration_ns
        while self.now_ns < end_ns:
            self.now_ns += step_ns
            for side in self.legs.values():
                side.pacer.run(self.now_ns)
                if side.due_ns and side.due_ns <= self.now_ns:
                    side.due_ns = 0
                    side.leg.due_ns = 0
                    side.leg.run(self.now_ns)


class Port(LegPort, MediaSocket):
    """Both a port and its socket."""

    def __init__(self, world: World, number: int) -> None:
        self.world = world
        self.number = number

    @property
    def socket(self) -> MediaSocket:
        return self

    def outlet(self, destination: object) -> Outlet:
        return Wire(self, destination)

    def send(self, data: bytes, destination: Any) -> None:
        self.world.deliver(data, destination[1], ("127.0.0.1", self.number))

    def send_rtcp(self, data: bytes, destination: Any) -> None:
        self.world.deliver(data, destination[1], ("127.0.0.1", self.number + 1))


class Wire(Outlet):
    """A way out of a port."""

    def __init__(self, port: Port, destination: Any) -> None:
        super().__init__()
        self.port = port
        self.destination = destination

    def send_rtp(self, second: int, sequence: int, timestamp: int, ssrc: int, payloads: bytes, start: int, size: int) -> bool:
        payload = payloads[start : start + size]
        return self.send_made(write_rtp(second & 0x7F, sequence, timestamp, ssrc, payload, bool(second & 0x80)))

    def send_whole(self, payloads: bytes, start: int, size: int) -> bool:
        return self.send_made(payloads[start : start + size])

    def send_made(self, datagram: bytes) -> bool:
        self.port.send(datagram, self.destination)
        return True


class Nothing(Sender):
    """Nothing is gathered."""

    def flush(self) -> None:
        pass


class Side(LegHost):
    """One side of a call."""

    def __init__(self, world: World, port: int, kind: MediaKind = MediaKind.AUDIO, identity: Any = None) -> None:
        self.world = world
        self.tally = Tally()
        self.random = Random(port)
        self.identity = identity
        self.rtcp_interval_ms = 1000
        self.cname = f"side-{port}"
        self.digits = ""
        self.troubles: list[str] = []
        self.round_trips: list[int] = []
        self.scores: list[float] = []
        self.due_ns = 0
        self.leg = Leg(self, None, kind, self.random.getrandbits(32))
        self.leg.open(Port(world, port))
        world.legs[port] = self
        self.pacer = Pacer(Nothing(), lambda: world.now_ns)
        self.pacer.add(self.leg.stream)

    def says(self, sdp: str, other: Side) -> None:
        """An offer or an answer goes to the other side."""
        line = read_sdp(sdp.encode()).first(self.leg.kind)
        assert line is not None
        self.leg.sent(line)
        other.leg.received(line)

    def now_ns(self) -> int:
        return self.world.now_ns

    def unix_ns(self) -> int:
        return self.world.now_ns + 1_700_000_000 * SECOND

    def address(self, place: Place) -> object:
        if place[0] == "nowhere":
            raise OSError
        return place

    def wake(self, leg: Leg, due_ns: int) -> None:
        self.due_ns = due_ns

    def heard_digit(self, leg: Leg, digit: str) -> None:
        self.digits += digit

    def handshake(self, leg: Leg, datagram: bytes) -> None:
        leg.handshake(datagram)

    def moved(self, leg: Leg, place: Place) -> None:
        pass

    def seen(self, leg: Leg, received: ReceptionSummary, jitter_ns: int, score: float) -> None:
        self.scores.append(score)

    def timed(self, round_trip_ns: int) -> None:
        self.round_trips.append(round_trip_ns)

    def troubled(self, leg: Leg, reason: str) -> None:
        self.troubles.append(reason)
