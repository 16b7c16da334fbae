# SPDX-License-Identifier: AGPL-3.0-or-later
"""What we make of packets on the loopback interface is what tshark makes of them."""

from __future__ import annotations

import random
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from engine.media.reception import Reception
from engine.media.rtcp import BYE, SDES, SR
from engine.media.rtcp_session import RtcpSession
from engine.media.rtp import read_rtp, write_rtp
from tests.interop.media.tshark_rtp import arrivals, capture, rtcp, streams

PACKETS = 300
STEP_S = 0.005
MS = 1_000_000
SOURCE = 0x0BADCAFE
SO_TIMESTAMPNS = 35


class Sent:
    """What was sent, as a report sees it."""

    ssrc = SOURCE
    packets_sent = PACKETS
    octets_sent = PACKETS * 40

    def timestamp_at(self, now_ns: int) -> int:
        return now_ns // 125_000


@contextmanager
def two_sockets() -> Iterator[tuple[socket.socket, socket.socket]]:
    """One that sends and one that receives, the second with the kernel's stamps."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as into:
        into.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        into.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        for one in (out, into):
            one.bind(("127.0.0.1", 0))
        into.settimeout(10)
        yield out, into


def received(into: socket.socket) -> tuple[bytes, int]:
    """A datagram, and when the kernel had it."""
    data, ancillary, _, _ = into.recvmsg(2048, 64)
    ((_, _, stamp),) = ancillary
    seconds, ns = struct.unpack("@ll", stamp)
    return data, seconds * 1_000_000_000 + ns


def send_stream(out: socket.socket, target: tuple[str, int], draw: random.Random) -> int:
    """A stream with loss and uneven times, that wraps its numbers; how many packets were sent."""
    sent = 0
    for number in range(PACKETS):
        time.sleep(STEP_S * draw.random() * 2)
        if number in (0, PACKETS - 1) or draw.random() > 0.05:
            out.sendto(write_rtp(0, 65_400 + number, number * 40, SOURCE, bytes(40), number % 100 == 0), target)
            sent += 1
    return sent


def test_packets_loss_and_jitter_are_what_tshark_has(tmp_path: Path) -> None:
    with two_sockets() as (out, into):
        target = into.getsockname()
        with capture(tmp_path, f"udp port {target[1]}") as captured:
            sent = send_stream(out, target, random.Random(3))
        reception = Reception(8000)
        for _ in range(sent):
            data, arrived_ns = received(into)
            packet = read_rtp(data)
            assert packet is not None
            reception.received(packet.sequence, packet.timestamp, arrived_ns, packet.marker)
    (row,) = streams(captured)
    assert (row.target, row.ssrc, row.payload) == (target, SOURCE, "g711U")
    assert (row.packets, row.lost) == (reception.packets, reception.lost) == (sent, PACKETS - sent)
    assert sent < PACKETS
    assert reception.jitter_mean_ns / MS == pytest.approx(row.mean_jitter_ms, abs=1)
    assert reception.jitter_max_ns / MS == pytest.approx(row.max_jitter_ms, abs=1)
    assert row.max_jitter_ms > row.mean_jitter_ms > 0.5
    assert len(arrivals(captured, f"udp.dstport=={target[1]}")) == sent


def test_reports_are_well_formed_for_tshark(tmp_path: Path) -> None:
    reception = Reception(8000)
    for sequence in (1, 2, 5, 5):
        reception.received(sequence, sequence * 160, sequence * 20 * MS)
    one = RtcpSession("caller@127.0.0.1", 8000, random.Random(1), 0)
    with two_sockets() as (out, into):
        target = into.getsockname()
        with capture(tmp_path, f"udp port {target[1]}") as captured:
            out.sendto(one.report(10**9, time.time_ns(), Sent(), reception, 7), target)
            out.sendto(one.farewell(2 * 10**9, time.time_ns(), Sent(), reception, 7, "over"), target)
            out.sendto(b"\x81\xc9\x00\x07" + bytes(20), target)  # a report whose last block is cut off
    seen = rtcp(captured)
    assert seen.types[SR] == seen.types[SDES] == 2
    assert seen.types[BYE] == 1
    assert seen.datagrams == 3
    assert len(seen.problems) == 1, seen.problems
    assert seen.problems[0].startswith("frame ")
