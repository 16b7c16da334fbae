# SPDX-License-Identifier: AGPL-3.0-or-later
"""Packets over real sockets on loopback: bytes, headers, destinations, what is lost and what comes."""

from __future__ import annotations

import errno
import select
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from engine.errors import TransportError
from engine.media.pacer import Pacer
from engine.media.stream import OutStream
from engine.media.track import even_track
from engine.transport import Addresses, Poller
from engine.transport.rtp.ports import bind_media
from engine.transport.rtp.sending import MOST_GATHERED, RtpSender, sockaddr
from engine.transport.rtp.socket import RtpSocket

IPS = ["127.0.0.1", "::1"]
LIMIT_NS = 10_000_000_000


class Side:
    """A sender, a poller, and sockets that keep what comes."""

    def __init__(self, ip: str) -> None:
        self.addresses = Addresses(local_ip=ip, bind_ip=ip)
        self.poller = Poller()
        self.sender = RtpSender()
        self.pacer = Pacer(self.sender, time.monotonic_ns)
        self.came: list[tuple[bytes, object, int]] = []
        self.sockets: list[RtpSocket] = []

    def socket(self, *, shared: bool = False, buffer_size: int = 1 << 20) -> RtpSocket:
        made = RtpSocket(
            bind_media(self.addresses, 0, buffer_size),
            self.poller,
            self.sender,
            lambda data, source, arrived_ns: self.came.append((data, source, arrived_ns)),
            shared=shared,
        )
        self.sockets.append(made)
        return made

    def stream(self, ssrc: int, from_: RtpSocket, to: object, sequence: int = 0) -> OutStream:
        stream = OutStream(ssrc, sequence)
        stream.socket, stream.destination = from_, to
        self.pacer.add(stream)
        return stream

    def until(self, packets: int) -> None:
        """Send and receive until so many have come."""
        end_ns = time.monotonic_ns() + LIMIT_NS
        while len(self.came) < packets:
            assert time.monotonic_ns() < end_ns, f"{len(self.came)} of {packets} came"
            self.pacer.run(time.monotonic_ns())
            if self.poller.wait(0.0002):
                self.poller.dispatch()

    def close(self) -> None:
        for each in self.sockets:
            each.close()
        self.poller.close()


@pytest.fixture(params=IPS)
def side(request: pytest.FixtureRequest) -> Iterator[Side]:
    side = Side(request.param)
    yield side
    side.close()


def headers(came: list[tuple[bytes, object, int]], ssrc: int) -> list[tuple[int, int, int]]:
    """Marker and payload type, sequence number and timestamp of the packets of one stream."""
    return [
        (data[1], int.from_bytes(data[2:4], "big"), int.from_bytes(data[4:8], "big"))
        for data, _, _ in came
        if int.from_bytes(data[8:12], "big") == ssrc
    ]


@pytest.mark.parametrize("shared", [False, True])
def test_packets_arrive_with_their_headers_and_payloads(side: Side, shared: bool) -> None:
    target = side.socket()
    payloads = bytes(range(256)) * 5
    track = even_track(payloads, 160, 1, clock_rate=8000, payload_type=8, codec="PCMA")
    track.markers = b"\x01" + bytes(len(track) - 1)
    one = side.socket(shared=True)
    sources = {ssrc: one if shared else side.socket() for ssrc in range(1, 21)}
    for ssrc, source in sources.items():
        side.stream(ssrc, source, target.address, sequence=65_530).play(track, time.monotonic_ns(), loops=2)
    side.until(20 * 16)
    for ssrc, source in sources.items():
        assert headers(side.came, ssrc) == [
            (8 | (0x80 if number % 8 == 0 else 0), (65_530 + number) & 0xFFFF, number * 8) for number in range(16)
        ]
        mine = [(data, sender) for data, sender, _ in side.came if int.from_bytes(data[8:12], "big") == ssrc]
        assert b"".join(data[12:] for data, _ in mine) == payloads * 2
        assert {sender for _, sender in mine} == {source.address}
    assert side.pacer.sent == 20 * 16
    assert side.sender.losses.packets == 0
    assert min(side.pacer.take_lateness()) >= 0


def test_more_than_are_gathered_at_once_leave_each_with_its_own_header(side: Side) -> None:
    target, source = side.socket(), side.socket(shared=True)
    track = even_track(b"x" * 20, 20, 20, clock_rate=8000, payload_type=0, codec="PCMU")
    now_ns = time.monotonic_ns()
    many = 3 * MOST_GATHERED + 5
    for ssrc in range(many):
        side.stream(ssrc, source, target.address).play(track, now_ns)
    side.until(many)
    assert sorted(int.from_bytes(data[8:12], "big") for data, _, _ in side.came) == list(range(many))


def test_a_stream_that_is_behind_sends_each_of_its_packets_from_a_shared_socket(side: Side) -> None:
    target, source = side.socket(), side.socket(shared=True)
    track = even_track(bytes(range(10)), 1, 10, clock_rate=8000, payload_type=0, codec="PCMU")
    side.stream(1, source, target.address).play(track, time.monotonic_ns() - 95_000_000)
    side.until(10)
    assert [data[12:] for data, _, _ in side.came] == [bytes([number]) for number in range(10)]
    assert [sequence for _, sequence, _ in headers(side.came, 1)] == list(range(10))


@pytest.mark.parametrize("shared", [False, True])
def test_protected_packets_are_sent_as_they_were_made(side: Side, shared: bool) -> None:
    target, source = side.socket(), side.socket(shared=shared)
    sizes = iter([100, 2000, 30])
    stream = side.stream(1, source, target.address)
    stream.protect = lambda packet: packet[:4] + b"S" * next(sizes)
    stream.play(even_track(b"abc", 1, 1, clock_rate=8000, payload_type=0, codec=""), time.monotonic_ns())
    side.until(3)
    assert [data[4:] for data, _, _ in side.came] == [b"S" * size for size in (100, 2000, 30)]


@pytest.mark.parametrize("shared", [False, True])
def test_a_port_where_nobody_listens_breaks_nothing(side: Side, shared: bool) -> None:
    nobody = side.socket()
    nowhere = nobody.address
    nobody.close()
    target, source = side.socket(), side.socket(shared=shared)
    track = even_track(b"x" * 50, 1, 1, clock_rate=8000, payload_type=0, codec="")
    for ssrc in range(1, 11):
        side.stream(ssrc, source, nowhere if ssrc % 2 else target.address).play(track, time.monotonic_ns())
    side.until(5 * 50)
    assert side.sender.losses.packets == 0
    assert not side.poller.wait(0), "it would turn for ever"


@pytest.mark.parametrize("shared", [False, True])
def test_what_cannot_be_sent_is_counted_and_the_others_are_sent(side: Side, shared: bool) -> None:
    target, source = side.socket(), side.socket(shared=shared)
    good = even_track(b"x" * 5, 1, 1, clock_rate=8000, payload_type=0, codec="")
    huge = even_track(b"x" * 350_000, 70_000, 1, clock_rate=8000, payload_type=0, codec="")
    too_long = side.stream(1, source, target.address)
    too_long.play(huge, time.monotonic_ns())
    side.stream(2, source, target.address).play(good, time.monotonic_ns())
    while too_long.playing:
        side.pacer.run(time.monotonic_ns())
    side.until(5)
    assert side.sender.losses.by_errno == {errno.EMSGSIZE: 5}
    assert (too_long.lost, too_long.packets_sent, too_long.octets_sent) == (5, 0, 0)


@pytest.mark.parametrize("shared", [False, True])
def test_what_is_sent_from_a_closed_socket_is_lost(side: Side, shared: bool) -> None:
    target, source = side.socket(), side.socket(shared=shared)
    stream = side.stream(1, source, target.address)
    stream.play(even_track(b"x" * 5, 1, 1, clock_rate=8000, payload_type=0, codec=""), time.monotonic_ns())
    source.close()
    source.close()
    while stream.playing:
        side.pacer.run(time.monotonic_ns())
    assert side.sender.losses.by_errno == {errno.EBADF: 5}
    assert stream.lost == 5


def test_a_datagram_by_itself_and_when_it_came(side: Side) -> None:
    target, source = side.socket(), side.socket()
    before_ns = time.monotonic_ns()
    assert source.send(b"report", target.address)
    select.select([side.poller.fileno()], [], [], 5)
    after_ns = time.monotonic_ns()
    time.sleep(0.05)
    side.poller.dispatch()
    [(data, sender, arrived_ns)] = side.came
    assert (data, sender) == (b"report", source.address)
    assert before_ns - 2_000_000 <= arrived_ns <= after_ns + 2_000_000
    assert not source.send(b"x" * 70_000, target.address)
    assert side.sender.losses.by_errno == {errno.EMSGSIZE: 1}


def test_a_socket_may_be_closed_by_what_comes(side: Side) -> None:
    source, heard = side.socket(), list[bytes]()

    def close(data: bytes, sender: object, arrived_ns: int) -> None:
        heard.append(data)
        target.close()

    bound = bind_media(side.addresses, 0, 0)
    target = RtpSocket(bound, side.poller, side.sender, close)
    for _ in range(5):
        assert source.send(b"x", target.address)
    assert side.poller.wait(5)
    side.poller.dispatch()
    assert heard[0] == b"x"
    assert bound.fileno() == -1
    assert not side.poller.wait(0)


def test_a_flood_is_drained_in_turns_and_what_finds_no_room_is_counted(side: Side) -> None:
    source = side.socket()
    with ExitStack() as stack:
        flooded = side.socket(buffer_size=20_000)
        for _ in range(2000):
            source.send(b"x" * 200, flooded.address)
        assert flooded.drops() > 0
        stack.callback(side.came.clear)
        side.poller.dispatch()
        assert 0 < len(side.came) + flooded.drops() <= 2000
    assert source.drops() == 0


@pytest.mark.parametrize(
    ("family", "destination"),
    [
        (socket.AF_INET, ("::1", 5, 0, 0)),
        (socket.AF_INET, ("media.example", 5)),
        (socket.AF_INET, ("127.0.0.1", 70_000)),
        (socket.AF_INET, ("127.0.0.1", -1)),
        (socket.AF_INET, ("127.0.0.1\0", 5)),
        (socket.AF_INET6, ("::1%eth0", 5, 0, 0)),
        (socket.AF_INET6, ("::1", 5, 0, -1)),
        (socket.AF_INET, "127.0.0.1:5"),
        (socket.AF_INET, None),
    ],
)
def test_what_is_no_address_is_refused_in_one_line(family: int, destination: object) -> None:
    with pytest.raises(TransportError, match=r"^media cannot be sent to [^\n]*$"):
        sockaddr(family, destination)


def test_an_ipv4_address_is_reached_from_a_socket_of_ipv6() -> None:
    v6 = Side("::")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as there:
        there.bind(("127.0.0.1", 0))
        there.settimeout(5)
        source = v6.socket()
        stream = v6.stream(9, source, there.getsockname())
        stream.play(even_track(b"x", 1, 1, clock_rate=8000, payload_type=0, codec=""), time.monotonic_ns() - 1_000_000)
        v6.pacer.run(time.monotonic_ns())
        assert there.recv(100)[8:] == b"\x00\x00\x00\x09x"
    v6.close()
