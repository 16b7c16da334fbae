# SPDX-License-Identifier: AGPL-3.0-or-later
"""How a replayed capture keeps its gaps, beside SIPp: `python -m tests.bench.replay` prints how far each gap was off.

A capture with uneven gaps is played by `play_pcap_audio`, by one call and by some at once, and captured again on the loopback
interface with the kernel's stamps: what is compared are the differences of its packets' times with those in the file. The
other side is Debian's `sipp` in all runs. Capturing needs root, and so does SIPp to replay.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.candidates import Candidate, Ours, Sipp
from tests.bench.runs import COMMON, HOST, MEASURED_CORE, PEER_CORE, pinned
from tests.bench.tables import machine, table
from tests.interop.media.scenes import callee, caller, do, wait
from tests.interop.media.tshark_rtp import Arrival, arrivals, capture
from tests.media_captures import SOURCE, Sent, write_capture
from tests.programs import Program, free_port

PACKETS = 500
CALLS = (1, 20)
NS_A_MS = 1_000_000
OFFER = ("m=audio [auto_media_port] RTP/AVP 0", "a=rtpmap:0 PCMU/8000")
OWN_PORTS, PEER_PORTS = 20_000, 24_000
MEDIA_PORTS = 200
"""How many each side takes at most, from there on."""


def write_gaps(path: Path, packets: int) -> list[int]:
    """A capture of packets that came after 1 to 60 ms, some right after each other; their times in ns after the first."""
    draw = random.Random(2)
    at_us, sent = 0, list[Sent]()
    for number in range(packets):
        sent.append(Sent(number, number * 160, at_us, number == 0))
        at_us += 100 if number % 10 == 9 else draw.randrange(1000, 60_000)
    write_capture(path, 0, sent, bytes(160))
    return [one.at_us * 1000 for one in sent]


def errors_ns(captured: Sequence[Arrival], times_ns: Sequence[int]) -> tuple[list[int], int]:
    """How far each gap of each stream was off, and how many packets are missing; each stream has a target port of its own."""
    streams: dict[int, list[int]] = {}
    for one in captured:
        streams.setdefault(one.target_port, []).append(one.at_ns)
    wanted = [after - before for before, after in pairwise(times_ns)]
    off, missing = list[int](), 0
    for stamps in streams.values():
        missing += len(times_ns) - len(stamps)
        gaps = [after - before for before, after in pairwise(stamps)]
        if len(gaps) == len(wanted):
            off += [abs(gap - want) for gap, want in zip(gaps, wanted, strict=True)]
    return sorted(off), missing


def replay(program: Candidate, folder: Path, calls: int, times_ns: Sequence[int]) -> tuple[str, ...]:
    """Play the capture by so many calls at once; a row of the table."""
    caller(folder, OFFER, "\n".join((do('play_pcap_audio="gaps.pcap"'), wait(times_ns[-1] // NS_A_MS + 1000))))
    callee(folder, OFFER)
    port, media = free_port(), PEER_PORTS
    peer = Sipp()
    ends = ("-m", str(calls), "-mi", HOST, "-mp", str(media))
    server = Program((*pinned(PEER_CORE), *peer.command, "-sf", "callee.xml", "-p", str(port), *ends, *COMMON), folder)
    try:
        server.wait_bound(port)
        with capture(folder, f"udp and src host {HOST} and dst portrange {media}-{media + MEDIA_PORTS}") as captured:
            flags = (
                "-sf",
                "caller.xml",
                f"{HOST}:{port}",
                "-r",
                str(calls),
                "-m",
                str(calls),
                "-mi",
                HOST,
                "-mp",
                str(OWN_PORTS),
            )
            client = Program((*pinned(MEASURED_CORE), *program.command, *flags, *COMMON), folder, program.environment)
            try:
                assert client.wait() == 0, client.output
            finally:
                client.end()
    finally:
        server.end()
    off, missing = errors_ns(arrivals(captured, f"rtp.ssrc=={SOURCE}"), times_ns)
    figures = (f"{off[int(len(off) * share)] / NS_A_MS:.3f}" for share in (0.5, 0.99, 0.9999)) if off else ("–",) * 3
    return (program.name, str(calls), *figures, str(missing))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.replay", description=__doc__.partition("\n\n")[0])
    parser.add_argument("--quick", action="store_true", help="a short capture: to see that it works")
    parser.add_argument("--command", default="", help="what to measure instead of this checkout, as `gossipper sipp`")
    arguments = parser.parse_args()
    ours = Ours(arguments.command)
    print(f"{ours.describe()}; {machine()}\n", flush=True)
    with TemporaryDirectory() as name:
        folder = Path(name)
        times_ns = write_gaps(folder / "gaps.pcap", 50 if arguments.quick else PACKETS)
        rows = [replay(program, folder, calls, times_ns) for calls in CALLS for program in (ours, Sipp())]
    columns = ("program", "calls", "p50 ms", "p99 ms", "max ms", "missing")
    print(table("How far the gaps of a replayed capture were off", columns, rows), flush=True)


if __name__ == "__main__":
    main()
