# SPDX-License-Identifier: AGPL-3.0-or-later
"""Captures of RTP for the tests: files as if the packets had come over Ethernet when they are said to."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import dpkt

from engine.media.rtp import write_rtp

SOURCE = 0x1234
SOURCE_PORT, TARGET_PORT = 6000, 7000


@dataclass(frozen=True)
class Sent:
    """A packet of a capture."""

    sequence: int
    timestamp: int
    at_us: int
    marker: bool = False


def uneven(seed: int, clock_rate: int, packets: int = 1500) -> list[Sent]:
    """A stream with loss and uneven times, in order; its numbers and timestamps wrap; some packets have the marker."""
    draw = random.Random(seed)
    ticks = clock_rate // 50
    sent: list[Sent] = []
    at_us = 0
    for number in range(packets):
        at_us = max(at_us + 1, number * 20_000 + int(draw.expovariate(1 / 2000)))
        if number == 0 or number == packets - 1 or draw.random() > 0.04:
            timestamp = ((1 << 32) - 700 * ticks + number * ticks) % (1 << 32)
            sent.append(Sent((65_000 + number) % 65_536, timestamp, at_us, number % 400 == 0))
    return sent


def write_capture(path: Path, payload_type: int, sent: Iterable[Sent], payload: bytes = bytes(20)) -> None:
    """Write the packets to a pcap file."""
    write_datagrams(
        path,
        ((one.at_us, write_rtp(payload_type, one.sequence, one.timestamp, SOURCE, payload, one.marker)) for one in sent),
    )


def write_datagrams(path: Path, datagrams: Iterable[tuple[int, bytes]]) -> None:
    """Write whole datagrams, each with its time in µs, to a pcap file."""
    with path.open("wb") as file:
        writer = dpkt.pcap.Writer(file)
        for at_us, data in datagrams:
            udp = dpkt.udp.UDP(sport=SOURCE_PORT, dport=TARGET_PORT, data=data, ulen=8 + len(data))
            ip = dpkt.ip.IP(src=b"\x7f\0\0\1", dst=b"\x7f\0\0\1", p=17, data=udp, len=28 + len(data))
            frame = dpkt.ethernet.Ethernet(dst=bytes(6), src=bytes(6), data=ip)
            writer.writepkt_time(bytes(frame), Decimal(at_us) / 1_000_000)
