# SPDX-License-Identifier: AGPL-3.0-or-later
"""What peers and networks do wrong with media is counted as what it is, and a call beside it notices nothing.

The first of two calls is sent a stream with a fault, the second at the same time one without. Times are not tested but where a
fault is one of time: what a busy machine does to both streams is none of it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable

import pytest

from engine.media.rtp import write_rtp
from engine.messages import MediaSummary
from tests.interop.media.media_peer import MediaPeer, Planned
from tests.interop.media.scenes import caller, media_ports, wait
from tests.interop.sides import Ours, at
from tests.programs import Programs

PACKETS = 100
STEP_S = 0.02
OFFER = ("m=audio [media_port] RTP/AVP 0", "a=rtpmap:0 PCMU/8000")
WHOLE = {"packets_received": 2 * PACKETS, "expected": 2 * PACKETS, "lost": 0, "duplicates": 0, "reordered": 0}
NOTHING_ELSE = {"garbage": 0, "foreign": 0, "ssrc_changes": 0, "kernel_drops": 0}

Fault = Callable[[int], Iterable[tuple[float, bytes]]]
"""What is sent for packet *k*: how long after its time, and what."""


def packet(number: int, ssrc: int = 0x51) -> bytes:
    return write_rtp(0, 65_500 + number, number * 160, ssrc, bytes([0xD5]) * 160, number == 0)


def stream(fault: Fault) -> Callable[[bytes], list[Planned]]:
    """A stream with a fault."""
    return lambda invite: [(number * STEP_S + late_s, data) for number in range(PACKETS) for late_s, data in fault(number)]


def clean(number: int) -> list[tuple[float, bytes]]:
    return [(0, packet(number))]


def lossy(number: int) -> list[tuple[float, bytes]]:
    """5 %, one by one."""
    return [] if number % 20 == 10 else clean(number)


def torn(number: int) -> list[tuple[float, bytes]]:
    """5 %, all together."""
    return [] if 40 <= number < 45 else clean(number)


def uneven(number: int) -> list[tuple[float, bytes]]:
    """±30 ms."""
    return [(random.Random(number).uniform(0, 0.06), packet(number))]


def doubled(number: int) -> list[tuple[float, bytes]]:
    return [*clean(number), (0.001, packet(number))] if number % 10 == 0 else clean(number)


def swapped(number: int) -> list[tuple[float, bytes]]:
    return [(0.025, packet(number))] if number % 10 == 5 else clean(number)


def silent(number: int) -> list[tuple[float, bytes]]:
    """The peer stops for a second, without a word."""
    return [(1.0 if number >= 50 else 0, packet(number))]


def another_source(number: int) -> list[tuple[float, bytes]]:
    """A new stream takes the place of the first, as after a transfer."""
    return [(0, packet(number, 0x51 if number < 50 else 0x52))]


def strange_packets(number: int) -> list[tuple[float, bytes]]:
    """Packets of a source that nobody has heard of, now and then."""
    return [*clean(number), (0.001, write_rtp(0, number // 50, 0, 0xBAD, bytes(160)))] if number % 50 == 25 else clean(number)


def garbage(number: int) -> list[tuple[float, bytes]]:
    """What is no packet of anything, and a packet of RTP whose extension is longer than it is."""
    rubbish = (b"", b"\x00", b"GET / HTTP/1.1\r\n\r\n", b"\x40" * 50, b"\x90\x00" + bytes(12) + b"\xff\xff", bytes(1400))
    return [*clean(number), (0.001, rubbish[number % 6])] if number % 10 == 3 else clean(number)


def media_of(programs: Programs, fault: Fault, *flags: str) -> MediaSummary:
    """The summary of a call with a fault, beside one without."""
    caller(programs.folder, OFFER, wait(int(PACKETS * STEP_S * 1000) + 1500), "calls.xml")
    with MediaPeer([stream(fault), stream(clean)]) as peer:
        ours = Ours(programs)
        more = ("-measure_audio", "-mp", str(media_ports()), *flags)
        client = ours.start("-sf", "calls.xml", "-m", "2", "-r", "10", *more, at("127.0.0.1", peer.port))
        assert client.wait() == 0, client.output
    media = ours.summary().media
    assert media is not None
    return media


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (clean, {}),
        (lossy, {"packets_received": 195, "lost": 5}),
        (torn, {"packets_received": 195, "lost": 5}),
        (doubled, {"packets_received": 210, "duplicates": 10}),
        (swapped, {"reordered": 10}),
        (silent, {}),
        (another_source, {"ssrc_changes": 1}),
        (strange_packets, {"packets_received": 202, "expected": 202, "ssrc_changes": 1}),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_fault_is_counted_as_what_it_is(programs: Programs, fault: Fault, told: dict[str, int]) -> None:
    media = media_of(programs, fault)
    counters = {name: getattr(media.counters, name) for name in (*WHOLE, *NOTHING_ELSE)}
    assert counters == WHOLE | NOTHING_ELSE | told
    assert media.counters.legs == 2
    assert media.loss_percent.count == 2
    assert media.loss_percent.min == 0, "the call beside it has lost nothing"


def test_garbage_is_garbage(programs: Programs) -> None:
    counters = media_of(programs, garbage).counters
    assert (counters.garbage, counters.packets_received, counters.lost) == (10, 2 * PACKETS, 0)


def test_uneven_times_are_jitter_and_disorder(programs: Programs) -> None:
    media = media_of(programs, uneven)
    assert (media.counters.packets_received, media.counters.lost, media.counters.duplicates) == (2 * PACKETS, 0, 0)
    assert media.counters.reordered >= 10
    assert media.jitter.max_ms > 10
    assert media.jitter.max_ms > 1.5 * media.jitter.min_ms, "the call beside it is even"


def test_a_peer_that_goes_silent_leaves_a_gap(programs: Programs) -> None:
    media = media_of(programs, silent)
    assert media.counters.gaps >= 1
    assert 1000 < media.gap.max_ms < 3000
    assert media.counters.lost == 0


def test_the_score_falls_with_what_is_lost_and_how_it_lies_together(programs: Programs) -> None:
    scattered, together, whole = (media_of(programs, fault).mos for fault in (lossy, torn, doubled))
    assert scattered.count == together.count == whole.count == 2
    assert min(scattered.max, together.max, whole.min) > 4.3, "the call beside it sounds well, and doubled packets do no harm"
    assert together.min < scattered.min - 0.05 < 4.1
