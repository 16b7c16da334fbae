# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is played is on the wire as SIPp puts it there: the same payloads in packets of the same size, with the same times."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import pytest

from engine.media.rtp import read_rtp
from tests.engine.media.sources.captures import ethernet, ipv4, pcap, rtp, udp
from tests.interop.media.scenes import PCMU, callee, caller, do, media_ports, talking, wait
from tests.interop.sides import LOOPBACK, Ours, Sipp, at
from tests.programs import Programs, require_root

HOST = LOOPBACK[4]
BYTES = bytes(range(1, 201))


@dataclass(frozen=True)
class Said:
    """Of a packet: its payload type, marker and payload, and how far its sequence number and timestamp are from the first's."""

    payload_type: int
    marker: bool
    payload: bytes
    sequence: int
    timestamp: int


@pytest.fixture
def sink() -> Iterator[socket.socket]:
    """Where the media goes."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ear:
        ear.bind((HOST, 0))
        ear.settimeout(0.3)
        yield ear


def come(sink: socket.socket) -> list[Said]:
    """What has come, RTP only."""
    said: list[Said] = []
    first = None
    while True:
        try:
            data = sink.recv(65_536)
        except TimeoutError:
            return said
        packet = read_rtp(data)
        assert packet is not None
        first = first or packet
        said.append(
            Said(
                packet.payload_type,
                packet.marker,
                data[packet.payload_start : packet.payload_end],
                (packet.sequence - first.sequence) & 0xFFFF,
                (packet.timestamp - first.timestamp) & 0xFFFFFFFF,
            )
        )


def played_by(program: Sipp | Ours, programs: Programs, sink: socket.socket) -> list[Said]:
    """What one call of a program brings to the sink."""
    peer = Ours(programs)
    server = peer.start("-sf", "callee.xml", "-m", "1")
    server.wait_bound(peer.port)
    ports = str(media_ports())
    client = program.start("-sf", "caller.xml", "-m", "1", "-mp", ports, at(peer.host, peer.port))
    assert client.wait() == 0, client.output
    assert server.wait() == 0, server.output
    return come(sink)


@pytest.mark.parametrize(
    ("action", "packets"),
    [
        ('rtp_stream="bytes.raw,1,0"', 2),
        ('rtp_stream="bytes.raw,2,0"', 3),
        ('rtp_stream="bytes.raw,3,8,PCMA/8000"', 4),
        ('rtp_stream="bytes.raw,1,9"', 2),
        ('rtp_stream="bytes.raw,1,18"', 10),
        ('rtp_stream="bytes.raw,1,98,iLBC/8000"', 4),
        ('play_pcap_audio="some.pcap"', 12),
    ],
)
def test_the_same_packets_as_sipp(programs: Programs, sink: socket.socket, action: str, packets: int) -> None:
    if "pcap" in action:
        require_root("SIPp's replay")
    folder = programs.folder
    (folder / "bytes.raw").write_bytes(BYTES)
    frames = [(20_000_000 * k, ethernet(ipv4(udp(rtp(k, payload_type=8))))) for k in range(12)]
    (folder / "some.pcap").write_bytes(pcap(frames))
    caller(folder, PCMU, talking(do(action), wait(450)))
    callee(folder, (f"m=audio {sink.getsockname()[1]} RTP/AVP 0",))
    theirs = played_by(Sipp(programs), programs, sink)
    ours = played_by(Ours(programs), programs, sink)
    assert len(theirs) == packets
    assert ours == theirs
    assert all(one.timestamp < other.timestamp for one, other in pairwise(ours))
