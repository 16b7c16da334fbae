# SPDX-License-Identifier: AGPL-3.0-or-later
"""What was on the loopback interface, as tshark reads it: packets of RTP with their times, and its own sums of each stream."""

from __future__ import annotations

import os
import select
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.programs import free_port, require

needs_capturing = pytest.mark.skipif(os.geteuid() != 0 and not os.environ.get("CI"), reason="capturing needs root")
"""For tests that capture, and for those in which SIPp replays a capture: it does so over a raw socket."""

PORTS_A_TEST: Final = 60
_LIMIT_S = 60
_FIELDS = ("frame.time_epoch", "udp.srcport", "udp.dstport", "rtp.ssrc", "rtp.seq", "rtp.timestamp", "rtp.p_type", "rtp.marker")


def media_ports(host: str = "127.0.0.1") -> int:
    """The first of some ports that nobody else is likely to use, a multiple of four."""
    while (first := free_port(host) & ~3) > 65_535 - PORTS_A_TEST:
        pass
    return first


@dataclass(frozen=True)
class Packet:
    """A packet of RTP; the time is in seconds."""

    time: float
    source_port: int
    port: int
    ssrc: int
    sequence: int
    timestamp: int
    payload_type: int
    marker: bool
    payload: bytes


@dataclass(frozen=True)
class Stream:
    """What tshark says of a stream: packets, those that did not come, and jitter in milliseconds."""

    source_port: int
    port: int
    ssrc: int
    packets: int
    lost: int
    mean_jitter_ms: float
    max_jitter_ms: float


class Wire:
    """A capture of what came to some UDP ports, from each first one `PORTS_A_TEST` on."""

    def __init__(self, file: Path, first_ports: Sequence[int]) -> None:
        self._file = file
        decoded = (("-d", f"udp.port=={first}-{first + PORTS_A_TEST - 1},rtp") for first in first_ports)
        self._decode = tuple(word for pair in decoded for word in pair)
        self.filter = " or ".join(f"udp dst portrange {first}-{first + PORTS_A_TEST - 1}" for first in first_ports)

    def packets(self) -> list[Packet]:
        """The packets of RTP in the order in which they came."""
        fields = [word for name in (*_FIELDS, "rtp.payload") for word in ("-e", name)]
        return [_packet(line.split("\t")) for line in self._read("-Y", "rtp", "-T", "fields", *fields)]

    def streams(self) -> list[Stream]:
        """What `-z rtp,streams` says."""
        lines = self._read("-q", "-z", "rtp,streams")
        return [_stream(line.split()) for line in lines if " 0x" in line]

    def malformed(self) -> int:
        """How many packets tshark cannot read to the end."""
        return len(self._read("-Y", "_ws.malformed"))

    def _read(self, *arguments: str) -> list[str]:
        command = [require("tshark"), "-r", str(self._file), "-n", *self._decode, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=_LIMIT_S).stdout.splitlines()


def _packet(words: Sequence[str]) -> Packet:
    time, source, port, ssrc, sequence, timestamp, payload_type, marker, payload = words
    numbers = (int(source), int(port), int(ssrc, 16), int(sequence), int(timestamp), int(payload_type))
    return Packet(float(time), *numbers, marker in ("1", "True"), bytes.fromhex(payload))


def _stream(words: Sequence[str]) -> Stream:
    """A line: start, end, source, its port, destination, its port, SSRC, payload (of one word or more), packets, lost …"""
    source_port, port, ssrc = int(words[3]), int(words[5]), int(words[6], 16)
    share = next(place for place, word in enumerate(words) if word.startswith("(") and word.endswith("%)"))
    packets, lost = int(words[share - 2]), int(words[share - 1])
    # Then the least, mean and greatest gap, and the least, mean and greatest jitter.
    mean_jitter, max_jitter = float(words[share + 5]), float(words[share + 6])
    return Stream(source_port, port, ssrc, packets, lost, mean_jitter, max_jitter)


@contextmanager
def captured(folder: Path, *first_ports: int) -> Iterator[Wire]:
    """Capture while the body runs; to be read after it."""
    wire = Wire(folder / "wire.pcapng", first_ports)
    mark_port = free_port()
    command = [require("tshark"), "-i", "lo", "-l", "-n", "-Q", "-w", str(folder / "wire.pcapng"), "-P", "-T", "fields"]
    command += ["-e", "udp.dstport", "-f", f"{wire.filter} or udp dst port {mark_port}", "-a", f"duration:{_LIMIT_S}"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout is not None
    try:
        _await_mark(process.stdout.fileno(), mark_port)
        yield wire
        _await_mark(process.stdout.fileno(), mark_port)
    finally:
        process.terminate()  # Not killed: it has a child of its own to end.
        process.communicate()


def _await_mark(lines: int, port: int) -> None:
    """Send marks until one is seen: tshark says that it captures before it does, and is behind when packets have ended."""
    seen = b""
    wanted = b"%d\n" % port
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for _ in range(_LIMIT_S * 10):
            sender.sendto(b"mark", ("127.0.0.1", port))
            while select.select([lines], [], [], 0.1)[0]:
                data = os.read(lines, 65536)
                assert data, "tshark has ended"
                seen += data
                if wanted in seen:
                    return
    raise AssertionError("tshark captures nothing")
