# SPDX-License-Identifier: AGPL-3.0-or-later
"""The benchmark: `python -m tests.bench` prints ours and SIPp side by side, from one run on the same cores.

The measured program has one core, its peer another; each figure is the median of three runs. Progress goes to standard
error, the tables, in Markdown, to standard output. What the columns mean: `docs/performance.md`.

Ours is the installed `gossipper` beside this Python when it is what this checkout would install, else this checkout as
plain Python; the first line says which.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.candidates import Candidate, Ours, Sipp
from tests.bench.climb import CLIMB, highest_clean_rate, say
from tests.bench.runs import Flags, Pair, run_pair
from tests.bench.tables import machine, table
from tests.bench.ten_actions import write_scenarios
from tests.bench.wire import measure_start, wire_lateness

REPETITIONS = 3
CPU_RATES = (2000.0, 5000.0)
LATENESS_RATES = (500.0, 2000.0)
QUICK_CALLS = 10_000


def median(values: Sequence[float], form: str) -> str:
    """The median as text."""
    return format(statistics.median(values), form)


def cpu_table(ours: Candidate, sipp: Candidate, rates: Sequence[float], calls: int, repetitions: int) -> str:
    """CPU a call in both roles. SIPp is the peer of both, so one run of SIPp against itself gives both its roles."""
    rows = []
    for rate in rates:
        pairs: dict[str, list[Pair]] = {"both": [], "uac": [], "uas": []}
        for repetition in range(repetitions):
            say(f"CPU a call at {rate:g}/s, {calls} calls, {repetition + 1} of {repetitions}")
            pairs["both"].append(run_pair(sipp, sipp, rate, calls))
            pairs["uac"].append(run_pair(ours, sipp, rate, calls))
            pairs["uas"].append(run_pair(sipp, ours, rate, calls))
        rows.append(_cpu_row(f"UAC {rate:g}/s", pairs["uac"], pairs["both"], lambda pair: pair.uac.cpu_s))
        rows.append(_cpu_row(f"UAS {rate:g}/s", pairs["uas"], pairs["both"], lambda pair: pair.uas.cpu_s))
    columns = ("role and rate", f"{ours.name} µs", "sipp µs", "ratio", f"{ours.name} failed", "sipp failed")
    return table("CPU a call", columns, rows)


def _cpu_row(name: str, ours: Sequence[Pair], sipp: Sequence[Pair], cpu_s: Callable[[Pair], float]) -> tuple[str, ...]:
    ours_us, sipp_us = ([cpu_s(pair) / pair.calls * 1e6 for pair in pairs] for pairs in (ours, sipp))
    ratio = statistics.median(ours_us) / statistics.median(sipp_us)
    failed = (_failed(pairs) for pairs in (ours, sipp))
    return (name, median(ours_us, ".1f"), median(sipp_us, ".1f"), f"{ratio:.2f}", *failed)


def _failed(pairs: Sequence[Pair]) -> str:
    """The calls that the UAC says failed, over all runs."""
    if any(pair.uac.totals is None for pair in pairs):
        return "no report"
    return str(sum(pair.uac.totals.failed for pair in pairs if pair.uac.totals))


def actions_table(candidates: Sequence[Candidate], sipp: Candidate, rate: float, calls: int, repetitions: int) -> str:
    """CPU a call without and with ten actions on the answer."""
    rows = []
    with TemporaryDirectory() as folder:
        scenarios = write_scenarios(Path(folder))
        for candidate in candidates:
            say(f"ten actions, {candidate.name} at {rate:g}/s")
            runs = [
                [run_pair(candidate, sipp, rate, calls, flags=Flags(uac=("-sf", str(file)))) for file in scenarios]
                for _ in range(repetitions)
            ]
            plain_us, ten_us = ([pair.uac.cpu_s / calls * 1e6 for pair in pairs] for pairs in zip(*runs, strict=True))
            ratio = statistics.median(ten_us) / statistics.median(plain_us)
            failed = (_failed(pairs) for pairs in zip(*runs, strict=True))
            rows.append((candidate.name, median(plain_us, ".1f"), median(ten_us, ".1f"), f"{ratio:.2f}", "/".join(failed)))
    return table(f"Ten actions a call, {rate:g}/s", ("program", "without µs", "with µs", "ratio", "failed"), rows)


def climb_table(ours: Candidate, sipp: Candidate, climb: Sequence[float], repetitions: int) -> str:
    """The highest rate without a failed call, for each program in each role."""
    rows = [
        (f"{uac.name} → {uas.name}", highest_clean_rate(uac, uas, climb, repetitions))
        for uac, uas in ((sipp, sipp), (ours, sipp), (sipp, ours), (ours, ours))
    ]
    return table("Highest rate without a failed call", ("UAC → UAS", "calls/s"), rows)


def lateness_table(ours: Candidate, sipp: Candidate, rates: Sequence[float], calls: int, repetitions: int) -> str:
    """How late calls started, by the time at which their INVITE arrived."""
    rows = []
    for rate in rates:
        for candidate in (ours, sipp):
            say(f"lateness of {candidate.name} at {rate:g}/s")
            runs = [wire_lateness(candidate, rate, calls) for _ in range(repetitions)]
            figures = ([run.p50_ms for run in runs], [run.p99_ms for run in runs], [run.max_ms for run in runs])
            rows.append((f"{candidate.name} {rate:g}/s", *(median(figure, ".2f") for figure in figures)))
    return table("How late calls start", ("program and rate", "p50 ms", "p99 ms", "max ms"), rows)


def start_table(ours: Candidate, sipp: Candidate, repetitions: int) -> str:
    """From starting the program to its first INVITE, and what the whole of a run of one call costs."""
    rows = []
    for candidate in (ours, sipp):
        say(f"start of {candidate.name}")
        starts = [measure_start(candidate) for _ in range(repetitions)]
        figures = ([start.delay_s for start in starts], [start.cpu_s for start in starts])
        rows.append((candidate.name, *(median(figure, ".2f") for figure in figures)))
    return table("Start", ("program", "to first INVITE s", "CPU of a run of one call s"), rows)


def parse_arguments() -> argparse.Namespace:
    """The options of the benchmark."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__.partition("\n\n")[0])
    parser.add_argument("--quick", action="store_true", help="each figure from one short run: to see that it works")
    parser.add_argument("--rates", default="", help="rates for CPU a call, separated by commas (2000,5000)")
    parser.add_argument("--calls", type=int, default=60_000, help="calls of each run for CPU a call (60000)")
    parser.add_argument(
        "--command", default="", help="what to measure, such as 'gossipper sipp'; else ours, as installed or this checkout"
    )
    return parser.parse_args()


def main() -> None:
    """Measure and print."""
    options = parse_arguments()
    ours, sipp = Ours(options.command), Sipp()
    repetitions = 1 if options.quick else REPETITIONS
    calls = QUICK_CALLS if options.quick else options.calls
    rates = tuple(float(rate) for rate in options.rates.split(",")) if options.rates else CPU_RATES
    climb = CLIMB[:2] if options.quick else CLIMB
    print(f"{ours.describe()}; {machine()}; medians of {repetitions}\n", flush=True)
    print(start_table(ours, sipp, repetitions), flush=True)
    print(lateness_table(ours, sipp, LATENESS_RATES, 5000, repetitions), flush=True)
    print(cpu_table(ours, sipp, rates, calls, repetitions), flush=True)
    print(actions_table((ours, sipp), sipp, max(rates), calls, repetitions), flush=True)
    print(climb_table(ours, sipp, climb, repetitions), flush=True)


if __name__ == "__main__":
    main()
