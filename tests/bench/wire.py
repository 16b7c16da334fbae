# SPDX-License-Identifier: AGPL-3.0-or-later
"""What only the wire can tell of any program alike: when its first INVITE came, and how late its calls started.

The peer takes the kernel's time of arrival of each datagram, so that its own delays do not count.
"""

from __future__ import annotations

import socket
import struct
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests.bench.candidates import Candidate
from tests.bench.runs import COMMON, HOST, MEASURED_CORE, pinned, reap
from tests.programs import Program

SO_TIMESTAMPNS = 35
_TIMESPEC = struct.Struct("@qq")
_KEPT = (b"via:", b"from:", b"to:", b"call-id:", b"cseq:")
BUFFER_BYTES = 8_388_608
QUIET_S = 20.0
"""How long nothing may come before a measurement is given up."""
END_LIMIT_S = 20.0
"""How long a program may take to end after its last call."""


@dataclass(frozen=True)
class Lateness:
    """How late calls started, in ms."""

    p50_ms: float
    p99_ms: float
    max_ms: float


class WirePeer:
    """A UDP callee that answers every request with 200 and keeps the time (ns, wall clock) of each new INVITE."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
        self._socket.bind((HOST, 0))
        self._socket.settimeout(QUIET_S)
        self.port: int = self._socket.getsockname()[1]
        self.invites: dict[bytes, int] = {}
        """When each INVITE came, by its headers; one that comes again has come already."""

    def __enter__(self) -> WirePeer:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def serve(self, calls: int) -> None:
        """Answer until the last request of so many calls has been answered. Raises TimeoutError when it does not come."""
        ended: set[bytes] = set()
        while len(ended) < calls:
            message, control, _, sender = self._socket.recvmsg(4096, 64)
            method = message.partition(b" ")[0]
            if method == b"ACK":
                continue
            lines = message.partition(b"\r\n\r\n")[0].split(b"\r\n")
            kept = b"\r\n".join([line for line in lines if line.lower().startswith(_KEPT)])
            self._socket.sendto(b"SIP/2.0 200 OK\r\n" + kept + b"\r\nContact: <sip:peer>\r\nContent-Length: 0\r\n\r\n", sender)
            if method == b"INVITE":
                seconds, ns = _TIMESPEC.unpack_from(control[0][2])
                self.invites.setdefault(kept, seconds * 1_000_000_000 + ns)
            else:
                ended.add(kept)


@dataclass(frozen=True)
class Start:
    """A run of one call: seconds from starting the program to its first INVITE, and the CPU time of it all in seconds."""

    delay_s: float
    cpu_s: float


def measure_start(candidate: Candidate) -> Start:
    """Run one call."""
    with WirePeer() as peer:
        started_ns = time.time_ns()
        cpu_s = _call(candidate, peer, rate=10, calls=1)
        return Start((min(peer.invites.values()) - started_ns) / 1e9, cpu_s)


def wire_lateness(candidate: Candidate, rate: float, calls: int) -> Lateness:
    """How late the calls of a UAC at `rate` calls a second started.

    Call k is due at k / rate after a moment that only the program knows; the call that came earliest against that
    schedule is taken as punctual, which flatters a program that is never so.
    """
    with WirePeer() as peer:
        _call(candidate, peer, rate, calls)
        times_ns = sorted(peer.invites.values())
    offsets_ns = [at_ns - round(k * 1e9 / rate) for k, at_ns in enumerate(times_ns)]
    earliest_ns = min(offsets_ns)
    late_ms = sorted((offset_ns - earliest_ns) / 1e6 for offset_ns in offsets_ns)
    return Lateness(late_ms[len(late_ms) // 2], late_ms[len(late_ms) * 99 // 100], late_ms[-1])


def _call(candidate: Candidate, peer: WirePeer, rate: float, calls: int) -> float:
    """Run calls to the peer; returns the CPU time in seconds."""
    with tempfile.TemporaryDirectory() as folder:
        arguments = (f"{HOST}:{peer.port}", "-sn", "uac", "-r", f"{rate:g}", "-m", str(calls), "-l", "100000")
        command = (*pinned(MEASURED_CORE), *candidate.command, *arguments, *COMMON)
        program = Program(command, Path(folder), candidate.environment)
        try:
            peer.serve(calls)
            return reap(program, END_LIMIT_S)
        finally:
            program.end()
