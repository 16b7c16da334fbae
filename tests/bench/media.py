# SPDX-License-Identifier: AGPL-3.0-or-later
"""Calls with G.711 at 20 ms beside SIPp's `rtp_stream`: `python -m tests.bench.media` prints what is on time, and the CPU.

The caller has one core and its peer, which is ours in all runs, another; both ends of each call play a file from ports of the
call's own until it is over. What the peer received says what was lost and how uneven it came; how late packets left only ours
tells. CPU is that of the caller from start to end, for the packets that went and came.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from engine.messages import Summary
from tests.bench.candidates import Candidate, Ours, Sipp
from tests.bench.climb import say
from tests.bench.runs import COMMON, HOST, MARGIN_S, MEASURED_CORE, PEER_CORE, pinned, reap
from tests.bench.tables import machine, table
from tests.interop.media.scenes import PCMU, callee, caller, do, talking, wait
from tests.programs import Program, free_port

SIZES = (500, 1000, 1500, 2000)
TALK_S = 10
RAMP_S = 3
PACKETS_A_SECOND = 50
SECURED = (
    "m=audio [rtpstream_audio_port] RTP/SAVP 0",
    "a=rtpmap:0 PCMU/8000",
    "a=crypto:[cryptotag1audio] [cryptosuiteaescm128sha1801audio] inline:[cryptokeyparams1audio]",
)
KINDS = {"RTP": PCMU, "SRTP": SECURED}
CALLER_PORTS, PEER_PORTS = 10_000, 22_000


@dataclass(frozen=True)
class Outcome:
    """What a run of the caller says, and what its peer says of it. `ours` is None when the caller is SIPp."""

    ours: Summary | None
    peer: Summary
    cpu_s: float


def write_scenarios(folder: Path, media: Sequence[str], talk_s: int) -> None:
    """A file to play, and both sides' scenarios."""
    (folder / "sound.ulaw").write_bytes(bytes(at & 0xFF for at in range(80_000)))
    play = do('rtp_stream="sound.ulaw,-1,0"')
    caller(folder, media, talking(play, wait(talk_s * 1000)))
    callee(folder, media, play)


def run(program: Candidate, peer: Ours, folder: Path, calls: int, talk_s: int) -> Outcome:
    """So many calls at once, which begin within `RAMP_S` and talk for `talk_s`."""
    port = free_port()
    limit_s = talk_s + RAMP_S + MARGIN_S
    ends = ("-m", str(calls), "-mi", HOST, "-timeout", str(limit_s), *COMMON)
    reports = folder / "peer.json", folder / "ours.json"
    command = (*pinned(PEER_CORE), *peer.command, "-sf", "callee.xml", "-p", str(port), "-mp", str(PEER_PORTS))
    server = Program((*command, *peer.reporting(reports[0]), *ends), folder, peer.environment)
    try:
        server.wait_bound(port)
        flags = (
            "-sf",
            "caller.xml",
            f"{HOST}:{port}",
            "-r",
            str(-(-calls // RAMP_S)),
            "-l",
            str(calls),
            "-mp",
            str(CALLER_PORTS),
        )
        told = program.reporting(reports[1]) if isinstance(program, Ours) else ()
        command = (*pinned(MEASURED_CORE), *program.command, *flags, *told, *ends)
        client = Program(command, folder, program.environment)
        try:
            cpu_s = reap(client, limit_s + MARGIN_S)
        finally:
            client.end()
        reap(server, limit_s)
    finally:
        server.end()
    peer_says, ours_says = (_summary(report) for report in reports)
    assert peer_says is not None, server.output
    return Outcome(ours_says, peer_says, cpu_s)


def _summary(report: Path) -> Summary | None:
    if not report.exists():
        return None
    summary = msgspec.json.decode(report.read_bytes(), type=Summary)
    report.unlink()
    return summary


def row(name: str, kind: str, calls: int, outcome: Outcome, talk_s: int) -> tuple[str, ...]:
    """A row of the table."""
    peer = outcome.peer.media
    assert peer is not None
    counted = peer.counters
    handled = counted.packets_received + counted.packets_sent
    wanted = calls * talk_s * PACKETS_A_SECOND
    late = signalling = ("–", "–")
    if outcome.ours is not None and outcome.ours.media is not None and outcome.ours.lateness is not None:
        lateness, starts = outcome.ours.media.lateness, outcome.ours.lateness
        late = (f"{lateness.p50_ms:.2f}", f"{lateness.p99_ms:.2f}")
        signalling = (f"{starts.p50_ms:.2f}", f"{starts.p99_ms:.2f}")
    return (
        f"{kind} {calls}",
        name,
        f"{counted.packets_received / wanted * 100:.1f}",
        str(counted.lost),
        *late,
        *signalling,
        f"{peer.jitter.p50_ms:.2f}",
        f"{outcome.cpu_s / max(1, handled) * 1e6:.1f}",
        f"{outcome.cpu_s / (calls * talk_s) * 100:.3f}",
    )


COLUMNS = (
    "calls", "program", "arrived %", "lost", "sent late p50 ms", "p99 ms", "calls late p50 ms", "p99 ms", "jitter ms",
    "CPU µs a packet", "CPU % a call",
)  # fmt: skip


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.media", description=__doc__.partition("\n\n")[0])
    parser.add_argument("--quick", action="store_true", help="few calls, for a short time: to see that it works")
    parser.add_argument("--calls", default="", help="numbers of calls, separated by commas (500,1000,1500,2000)")
    parser.add_argument("--command", default="", help="what to measure instead of this checkout, as `gossipper sipp`")
    options = parser.parse_args()
    ours, talk_s = Ours(options.command), 2 if options.quick else TALK_S
    sizes = tuple(map(int, options.calls.split(","))) if options.calls else (20,) if options.quick else SIZES
    print(f"{ours.describe()}; {machine()}\n", flush=True)
    rows = []
    with TemporaryDirectory() as name:
        folder = Path(name)
        for kind, media in KINDS.items():
            write_scenarios(folder, media, talk_s)
            for calls in sizes:
                for program in (ours, Sipp()) if kind == "RTP" else (ours,):
                    say(f"{calls} calls with {kind}, {program.name}")
                    rows.append(row(program.name, kind, calls, run(program, ours, folder, calls, talk_s), talk_s))
    print(table("Calls with two-way G.711 at 20 ms", COLUMNS, rows), flush=True)


if __name__ == "__main__":
    main()
