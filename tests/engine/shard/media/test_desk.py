# SPDX-License-Identifier: AGPL-3.0-or-later
"""The sockets of a shard's media: which are there, for how long, and what happens when there are none."""

from __future__ import annotations

import gc
import socket
import time
from collections.abc import Iterator
from random import Random
from types import SimpleNamespace

import pytest

from engine.errors import BindError
from engine.media.kinds import MediaKind
from engine.media.leg import Leg
from engine.media.leg_host import NOBODY
from engine.media.pacer import LONGEST_NS
from engine.media.rtp import write_rtp
from engine.media.sdp import Format, MediaLine, read_sdp, sdp_of
from engine.media.stream import OutStream
from engine.media.tap import Tap
from engine.media.track import even_track
from engine.messages import Failure
from engine.options import RunConfig
from engine.shard.media.call_leg import CallLeg
from engine.shard.media.call_media import CallMedia
from engine.shard.media.desk import MediaDesk
from engine.shard.media.ports import OwnPort
from engine.shard.notes import Notes
from engine.transport import Addresses, Poller
from engine.transport.rtp.socket import RtpSocket
from tests.programs import free_ports


@pytest.fixture
def poller() -> Iterator[Poller]:
    poller = Poller()
    yield poller
    poller.close()


@pytest.fixture
def desk(poller: Poller) -> Iterator[MediaDesk]:
    first = free_ports(16)
    config = RunConfig(media_port=first, max_media_port=first + 15)
    made_desk = MediaDesk(config, Addresses(local_ip="127.0.0.1", bind_ip="127.0.0.1"), poller, Notes(), Random(1))
    made_desk.open(0)
    yield made_desk
    made_desk.close()


def line(message: bytes) -> MediaLine:
    found = read_sdp(sdp_of(message)).first("audio")
    assert found is not None
    return found


def is_bound(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.bind(("127.0.0.1", port))
        except OSError:
            return True
        return False


def share(desk: MediaDesk, number: int) -> Leg:
    leg = Leg(desk, NOBODY, MediaKind.AUDIO, number)
    desk.shared(number).serve(leg)
    return leg


def test_a_port_that_nobody_shares_any_more_is_closed_but_that_of_all_calls(desk: MediaDesk) -> None:
    first, second = share(desk, desk.media_port + 4), share(desk, desk.media_port + 4)
    of_all = share(desk, desk.media_port)
    desk.leave(first)
    assert is_bound(desk.media_port + 4)
    desk.leave(second)
    desk.leave(of_all)
    assert not is_bound(desk.media_port + 4)
    assert is_bound(desk.media_port)


def test_the_ports_that_all_calls_share_are_not_those_of_other_programs(poller: Poller) -> None:
    first = free_ports(8)
    config = RunConfig(media_port=first + 1, max_media_port=first + 7, rtp_echo=True)
    desk = MediaDesk(config, Addresses(local_ip="127.0.0.1", bind_ip="127.0.0.1"), poller, Notes(), Random(1))
    desk.open(0)
    own = desk.take()
    with pytest.raises(BindError, match=r"all 3 pairs .* are taken, 1 by calls and 2 for \[media_port\]; allow more"):
        desk.take()
    desk.give_back(own)
    desk.close()


def test_a_calls_own_ports_are_given_back(desk: MediaDesk) -> None:
    taken = [desk.take() for _ in range(7)]
    with pytest.raises(BindError, match="pairs"):
        desk.take()
    numbers = {port.number for port in taken}
    assert len(numbers) == 7
    for port in taken:
        desk.give_back(port)
    assert not any(map(is_bound, numbers))
    assert desk.take().number in numbers


def test_an_address_of_another_family_is_none(desk: MediaDesk) -> None:
    assert desk.address(("127.0.0.3", 4000)) == ("127.0.0.3", 4000)
    for ip in ("::1", "nowhere", "", "1.2.3.4.5", "127.0.0.\0003"):
        with pytest.raises(OSError):  # noqa: PT011 - the kernel's words
            desk.address((ip, 4000))


def test_what_comes_leaves_time_for_what_goes() -> None:
    poller = Poller()
    before_ns = poller.longest_ns
    MediaDesk(RunConfig(), Addresses(local_ip="127.0.0.1", bind_ip="127.0.0.1"), poller, Notes(), Random(1))
    assert poller.longest_ns <= LONGEST_NS < before_ns
    poller.close()


OFFER = b"INVITE sip:a@b SIP/2.0\r\nContent-Type: application/sdp\r\n\r\nc=IN IP4 127.0.0.1\r\nm=audio %d RTP/AVP 0\r\n"
ANSWER = b"SIP/2.0 200 OK\r\nContent-Type: application/sdp\r\n\r\nc=IN IP4 127.0.0.1\r\nm=audio %d RTP/AVP 0\r\n"


def talking(desk: MediaDesk) -> CallMedia:
    """The media of a call, which tells nobody anything."""
    call = SimpleNamespace(number=1, call_id=b"x", warn=print, digits_arrived=lambda now_ns: None)
    return desk.media_of(call)  # type: ignore[arg-type]


def test_a_peer_at_the_last_port_that_there_is_gets_no_rtcp(desk: MediaDesk) -> None:
    media = talking(desk)
    media.sdp_sent(OFFER % media.port(MediaKind.AUDIO))
    media.sdp_received(ANSWER % 65535)
    media.play(MediaKind.AUDIO, even_track(bytes(160), 160, 20, clock_rate=8000, payload_type=0, codec="PCMU"), 1, None)
    now_ns = time.monotonic_ns()
    for second in range(20):
        desk.run(now_ns + second * 1_000_000_000)
    media.close(now_ns)
    desk.count()
    assert desk.tally.rtcp_sent == 0


def test_a_call_whose_next_port_is_not_to_be_had_leaves_that_of_others_alone(desk: MediaDesk) -> None:
    media, other = talking(desk), talking(desk)
    first, second = desk.media_port + 4, desk.media_port + 8
    media.sdp_sent(OFFER % first)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", second))
        media.sdp_sent(OFFER % second)
    other.sdp_sent(OFFER % first)
    failed = media.judge()
    media.close(time.monotonic_ns())
    assert failed is not None
    assert failed[0] is Failure.NO_MEDIA_PORT
    assert is_bound(first)
    other.close(time.monotonic_ns())
    assert not is_bound(first)


def test_digits_that_wait_are_sent_when_what_plays_has_ended_before_them(desk: MediaDesk) -> None:
    media, events = talking(desk), list[int]()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.bind(("127.0.0.1", 0))
        media.sdp_sent(OFFER % desk.media_port)
        media.sdp_received(ANSWER % peer.getsockname()[1])
        media.play(MediaKind.AUDIO, even_track(bytes(320), 160, 20, clock_rate=8000, payload_type=0, codec="PCMU"), 1, None)
        for digit in "12":
            media.send_digits(digit, 40, 20, None)
        until_ns = time.monotonic_ns() + 5_000_000_000
        while desk.meter.counters.streams_out and time.monotonic_ns() < until_ns:
            desk.run(time.monotonic_ns())
        peer.setblocking(False)
        while True:
            try:
                packet = peer.recv(2000)
            except BlockingIOError:
                break
            if packet[1] & 0x7F == 101:
                events.append(packet[12])
    media.close(time.monotonic_ns())
    assert sorted(set(events)) == [1, 2]
    assert desk.meter.counters.streams_out == 0


class Spoils(Tap):
    """Raises at each packet."""

    def heard(
        self, known: Format | None, payload_type: int, payload: bytes, sequence: int, timestamp: int, arrived_ns: int
    ) -> None:
        raise ZeroDivisionError("as it happens")

    def close(self, now_ns: int) -> None:
        pass


@pytest.mark.parametrize("own", [True, False])
def test_a_mistake_of_ours_with_a_packet_costs_its_call_and_no_other(desk: MediaDesk, poller: Poller, own: bool) -> None:
    ended, warned = list[tuple[Failure, str]](), list[str]()
    counters = SimpleNamespace(fatal_errors=0)
    context = SimpleNamespace(
        host=SimpleNamespace(warned=warned.append),
        program=SimpleNamespace(steps=()),
        meter=SimpleNamespace(counters=counters),
    )
    call = SimpleNamespace(number=1, call_id=b"x", context=context, step_index=0, warn=print)
    call.end = lambda now_ns, failure, reason: ended.append((failure, reason))
    leg = CallLeg(desk, call, MediaKind.AUDIO, print)  # type: ignore[arg-type]
    leg.leg.incoming.taps.append(Spoils())
    port = desk.take() if own else desk.shared(desk.media_port)
    port.serve(leg.leg)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.bind(("127.0.0.1", 0))
        leg.leg.received(line(ANSWER % peer.getsockname()[1]))
        peer.sendto(write_rtp(0, 1, 160, 7, bytes(160)), ("127.0.0.1", port.number))
        until_ns = time.monotonic_ns() + 5_000_000_000
        while not ended and time.monotonic_ns() < until_ns:
            poller.wait(0.1)
            poller.dispatch()
    assert [failure for failure, _ in ended] == [Failure.CANNOT_SEND]
    assert warned == [ended[0][1]]
    assert "ZeroDivisionError: as it happens" in warned[0]
    assert counters.fatal_errors == 1
    leg.close(time.monotonic_ns())


@pytest.mark.parametrize("own", [True, False])
def test_media_of_calls_that_are_over_are_freed_without_the_collector(desk: MediaDesk, own: bool) -> None:
    track = even_track(bytes(1600), 160, 20, clock_rate=8000, payload_type=0, codec="PCMU")
    kinds = (CallMedia, CallLeg, Leg, OwnPort, RtpSocket, OutStream)
    gc.collect()
    gc.disable()
    try:
        before = counted(kinds)
        for number in range(1, 6):
            call = SimpleNamespace(number=number, call_id=b"x", warn=print, digits_arrived=lambda now_ns: None)
            media = desk.media_of(call)  # type: ignore[arg-type]
            port = media.port(MediaKind.AUDIO) if own else desk.media_port
            media.sdp_sent(OFFER % port)
            media.sdp_received(ANSWER % (desk.media_port + 12))
            media.play(MediaKind.AUDIO, track, 1, None)
            media.echo(MediaKind.AUDIO, True)
            desk.run(time.monotonic_ns() + 30_000_000)
            media.close(time.monotonic_ns())
            del media, call
        assert counted(kinds) == before
    finally:
        gc.enable()


def counted(kinds: tuple[type, ...]) -> dict[str, int]:
    found = [type(each) for each in gc.get_objects()]
    return {kind.__name__: found.count(kind) for kind in kinds}
