# SPDX-License-Identifier: AGPL-3.0-or-later
"""Media as tshark saw it on the loopback interface: streams with their loss and jitter, what RTCP said, when packets came.

    with capture(tmp_path, "udp portrange 16000-16999") as captured:
        ...                                    # whoever is to be seen talks
    rows = streams(captured, sip_ports=(5060,))

What was captured is whole when the block is left. The kernel's own stamps are in it, in nanoseconds.
"""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.programs import require, require_root

LIMIT_S = 30
BUFFER_MB = 64
_POLL_S = 0.05
_ROW = re.compile(
    r"^ *[0-9.]+ +[0-9.]+ +(?P<source>\S+) +(?P<source_port>\d+) +(?P<target>\S+) +(?P<target_port>\d+) +"
    r"0x(?P<ssrc>[0-9A-Fa-f]+) +(?P<payload>.+?) +(?P<packets>\d+) +(?P<lost>-?\d+) \([-0-9.]+%\) +(?P<numbers>[-0-9. ]+?) *X?$"
)
_HEURISTICS = ("--enable-heuristic", "rtp_udp", "--enable-heuristic", "rtcp_udp", "-o", "udp.try_heuristic_first:TRUE")
"""Whatever port a test has got: some belong to games."""
_WARNING = 0x00600000
"""The severity of tshark's expert from which on something is wrong."""


@dataclass(frozen=True)
class StreamRow:
    """A row of `-z rtp,streams`; times in ms. Jitter is of the packets without marker but the first."""

    source: tuple[str, int]
    target: tuple[str, int]
    ssrc: int
    payload: str
    packets: int
    lost: int
    min_delta_ms: float
    mean_delta_ms: float
    max_delta_ms: float
    min_jitter_ms: float
    mean_jitter_ms: float
    max_jitter_ms: float


@dataclass(frozen=True)
class RtcpPackets:
    """How many datagrams of RTCP there were, the packets in them by type, and what tshark found wrong, a line each."""

    datagrams: int
    types: dict[int, int]
    problems: tuple[str, ...]


@dataclass(frozen=True)
class Arrival:
    """A datagram of UDP: when the kernel had it, in ns, and what is in it."""

    at_ns: int
    target_port: int
    data: bytes


@contextmanager
def capture(folder: Path, port_filter: str) -> Iterator[Path]:
    """A file of the packets on the loopback interface that a filter names, from now to the end of the block.

    Fails when a packet was dropped. Skipped, or failed under CI, where nobody may capture.
    """
    dumpcap = require("dumpcap")
    require_root("capturing")
    path = folder / "captured.pcapng"
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as marks:
        marks.bind(("127.0.0.1", 0))
        wanted = f"({port_filter}) or udp port {marks.getsockname()[1]}"
        command = [dumpcap, "-i", "lo", "-q", "-B", str(BUFFER_MB), "-f", wanted, "-w", str(path)]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        try:
            _mark_until_seen(marks, path, b"first mark", process)
            yield path
            _mark_until_seen(marks, path, b"last mark", process)
        finally:
            process.send_signal(signal.SIGINT)
            _, told = process.communicate(timeout=LIMIT_S)
    dropped = re.search(r"received/dropped on interface .*: \d+/(\d+)", told)
    assert dropped, told
    assert dropped.group(1) == "0", f"packets were not captured: {told}"


def _mark_until_seen(marks: socket.socket, path: Path, mark: bytes, process: subprocess.Popen[str]) -> None:
    """Send a datagram until it is in the file: it says that it captures before it does, and writes when it likes."""
    seen = path.stat().st_size if path.exists() else 0
    for _ in range(int(LIMIT_S / _POLL_S)):
        assert process.poll() is None, f"dumpcap has ended: {process.communicate()[1]}"
        marks.sendto(mark, marks.getsockname())
        time.sleep(_POLL_S)
        if path.exists():
            with path.open("rb") as file:
                file.seek(max(0, seen - len(mark)))
                if mark in file.read():
                    return
    raise AssertionError("nothing is captured")


def streams(path: Path, *, sip_ports: tuple[int, ...] = (), rtp_ports: tuple[int, ...] = ()) -> list[StreamRow]:
    """The streams of a file. Dynamic payload types have the clock rates of the SDP that was captured at `sip_ports`.

    `rtp_ports` are those whose packets are RTP whatever they look like.
    """
    table = _tshark(path, sip_ports, rtp_ports, "-q", "-z", "rtp,streams")
    return [_row(found) for found in map(_ROW.match, table.splitlines()) if found]


def rtcp(path: Path, *, sip_ports: tuple[int, ...] = ()) -> RtcpPackets:
    """What there is of RTCP in a file."""
    fields = ("-e", "frame.number", "-e", "rtcp.pt", "-e", "_ws.expert.severity", "-e", "_ws.expert.message")
    table = _tshark(path, sip_ports, (), "-Y", "rtcp", "-T", "fields", "-E", "separator=|", *fields, "-e", "_ws.malformed")
    types: dict[int, int] = {}
    problems: list[str] = []
    rows = [line.split("|") for line in table.splitlines() if line.count("|") >= 4]
    for number, kinds, severities, message, malformed in (row[:5] for row in rows):
        for kind in filter(None, kinds.split(",")):
            types[int(kind)] = types.get(int(kind), 0) + 1
        if malformed or any(int(severity) >= _WARNING for severity in filter(None, severities.split(","))):
            problems.append(f"frame {number}: {message or malformed}")
    return RtcpPackets(len(rows), types, tuple(problems))


def arrivals(path: Path, display_filter: str) -> list[Arrival]:
    """The datagrams of a file that tshark's filter names, in the order in which they came."""
    fields = ("-e", "frame.time_epoch", "-e", "udp.dstport", "-e", "udp.payload")
    table = _tshark(path, (), (), "-Y", f"udp && ({display_filter})", "-T", "fields", *fields)
    rows = (line.split("\t") for line in table.splitlines() if line.count("\t") == 2)
    return [Arrival(_ns(at), int(port), bytes.fromhex(data)) for at, port, data in rows]


def _tshark(path: Path, sip_ports: tuple[int, ...], rtp_ports: tuple[int, ...], *arguments: str) -> str:
    named = [f"udp.port=={port},{protocol}" for ports, protocol in ((sip_ports, "sip"), (rtp_ports, "rtp")) for port in ports]
    ports = [word for name in named for word in ("-d", name)]
    command = [require("tshark"), "-r", str(path), "-n", *_HEURISTICS, *ports, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=LIMIT_S * 4).stdout


def _row(found: re.Match[str]) -> StreamRow:
    numbers = [float(number) for number in found["numbers"].split()]
    assert len(numbers) == 6, found.group()
    return StreamRow(
        (found["source"], int(found["source_port"])),
        (found["target"], int(found["target_port"])),
        int(found["ssrc"], 16),
        found["payload"],
        int(found["packets"]),
        int(found["lost"]),
        *numbers,
    )


def _ns(seconds: str) -> int:
    whole, _, fraction = seconds.partition(".")
    return int(whole) * 1_000_000_000 + int(fraction.ljust(9, "0")[:9])
