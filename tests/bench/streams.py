# SPDX-License-Identifier: AGPL-3.0-or-later
"""Calls over TCP and TLS beside SIPp: `python -m tests.bench.streams` prints CPU a call and the highest clean rate.

Debian's `sipp` has no TLS, so there ours stands alone. Both sides of a pair are the same program, so that neither is held
back by the other; its caller and its server have a core each. Certificates are made by `gossipper tls-cert`.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.candidates import Candidate, Ours, Sipp, certificates, shown_by
from tests.bench.climb import highest_clean_rate, say
from tests.bench.runs import Flags, run_pair
from tests.bench.tables import machine, table
from tests.programs import require

RATE = 2000.0
CALLS = 20_000
REPETITIONS = 3
SHARED = (2000.0, 5000.0, 8000.0, 10_000.0, 15_000.0, 20_000.0, 25_000.0)
PER_CALL = (500.0, 1000.0, 2000.0, 3000.0, 4000.0, 5000.0, 6000.0)
CLIMBS = {"t1": SHARED, "tn": PER_CALL, "l1": SHARED, "ln": PER_CALL[:5]}
TIMEWAIT = b'<timewait milliseconds="4000"/>'
"""SIPp's server counts a call as failed whose connection is closed while it still waits here."""


def flags_for(name: str, program: Candidate, folder: Path) -> Flags:
    """How both sides are started for a transport. SIPp takes no more sockets than it may have files."""
    more = ("-max_socket", "1000") if program.name == "sipp" else ()
    secure = shown_by(folder) if name[0] == "l" else ()
    trust = ("-tls_ca", str(folder / "ca.pem")) if secure else ()
    return Flags(
        uac=("-sn", "uac", "-t", name, *trust, *more), uas=("-sf", str(folder / "uas.xml"), "-t", name, *secure, *more)
    )


def prepare(folder: Path, ours: Ours) -> None:
    """The server's scenario without a wait at its end, and certificates."""
    sipp = require("sipp")
    scenario = subprocess.run([sipp, "-sd", "uas"], capture_output=True, check=False).stdout
    (folder / "uas.xml").write_bytes(scenario.replace(TIMEWAIT, b""))
    certificates(ours, folder)


def cpu_row(name: str, program: Candidate, folder: Path, calls: int, repetitions: int) -> tuple[str, ...]:
    """CPU a call of a program's caller and of its server."""
    flags = flags_for(name, program, folder)
    pairs = []
    for repetition in range(repetitions):
        say(f"-t {name} at {RATE:g}/s, {program.name}, {repetition + 1} of {repetitions}")
        pairs.append(run_pair(program, program, RATE, calls, flags=flags))
    failed = sum(pair.uac.totals.failed if pair.uac.totals else calls for pair in pairs)
    medians_s = [statistics.median(side) for side in ([p.uac.cpu_s for p in pairs], [p.uas.cpu_s for p in pairs])]
    return (name, program.name, *(f"{cpu_s / calls * 1e6:.1f}" for cpu_s in medians_s), str(failed))


def climb_row(name: str, program: Candidate, folder: Path, climb: Sequence[float], repetitions: int) -> tuple[str, ...]:
    """How far a program comes against itself."""
    flags = flags_for(name, program, folder)
    return (name, program.name, highest_clean_rate(program, program, climb, repetitions, flags))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.streams", description=__doc__.partition("\n\n")[0])
    parser.add_argument("--quick", action="store_true", help="each figure from one short run: to see that it works")
    quick = parser.parse_args().quick
    ours, sipp = Ours(), Sipp()
    repetitions, calls = (1, 2000) if quick else (REPETITIONS, CALLS)
    kinds = [(name, each) for name in CLIMBS for each in ((ours, sipp) if name[0] == "t" else (ours,))]
    print(f"{ours.describe()}; {machine()}; medians of {repetitions}\n", flush=True)
    with TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder, ours)
        rows = [cpu_row(transport, program, folder, calls, repetitions) for transport, program in kinds]
        columns = ("-t", "program", "UAC µs", "UAS µs", "failed")
        print(table(f"CPU a call over connections, {RATE:g}/s", columns, rows), flush=True)
        climbs = {transport: climb[: 2 if quick else None] for transport, climb in CLIMBS.items()}
        rows = [climb_row(transport, program, folder, climbs[transport], repetitions) for transport, program in kinds]
        print(table("Highest rate without a failed call over connections", ("-t", "program", "calls/s"), rows), flush=True)


if __name__ == "__main__":
    main()
