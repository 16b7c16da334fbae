# SPDX-License-Identifier: AGPL-3.0-or-later
"""What it costs to tell of every call: `python -m tests.bench.export` prints a table, a row for each way to run the same load.

The UAC and its exporter share one core, the peer (Debian's `sipp`) has another. The first row is the load without anything;
then come call records, the event log, HEP and all of them together; and at last what a receiver that reads nothing, an exporter
that is stopped and one that is killed in mid-run do to the calls.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from engine.messages import Summary
from tests.bench.candidates import Ours, Sipp
from tests.bench.climb import say
from tests.bench.runs import COMMON, HOST, MARGIN_S, MEASURED_CORE, OPEN_CALLS, PEER_CORE, pinned, reap
from tests.bench.tables import machine, table
from tests.programs import Program, free_port

RATE, SECONDS = 2000, 30
EVERYTHING = ("-log_file_jsonl", "events.jsonl", "-follow", "failed")


@dataclass(frozen=True)
class Way:
    """A way to run the load: its flags, a receiver of HEP that `reads` or does not, and what is done to the exporter."""

    name: str
    flags: tuple[str, ...] = ()
    reads: bool | None = None
    harm: signal.Signals | None = None


WAYS = (
    Way("nothing"),
    Way("-call_records", ("-call_records", "calls.jsonl")),
    Way("-log_file_jsonl", EVERYTHING[:2]),
    Way("-hep_addr", reads=True),
    Way("-follow failed", EVERYTHING[2:]),
    Way("all of these", ("-call_records", "calls.jsonl", *EVERYTHING), reads=True),
    Way("all, Homer reads nothing", EVERYTHING, reads=False),
    Way("all, exporter stopped", EVERYTHING, reads=True, harm=signal.SIGSTOP),
    Way("all, exporter killed", EVERYTHING, reads=True, harm=signal.SIGKILL),
    Way("nothing, again"),
)


@contextmanager
def homer(reads: bool | None) -> Iterator[tuple[str, ...]]:
    """The flags for a receiver of HEP: over UDP, read by a thread, or over TCP and never read."""
    if reads is None:
        yield ()
        return
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM if reads else socket.SOCK_STREAM) as receiver:
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        receiver.bind((HOST, 0))
        receiver.settimeout(1)
        over = threading.Event()
        thread = threading.Thread(target=_drain, args=(receiver, over))
        if reads:
            thread.start()
        else:
            receiver.listen()
        try:
            yield ("-hep_addr", f"{HOST}:{receiver.getsockname()[1]}", "-hep_proto", "udp" if reads else "tcp")
        finally:
            over.set()
            if reads:
                thread.join()


def _drain(receiver: socket.socket, over: threading.Event) -> None:
    while not over.is_set():
        try:
            receiver.recv(65535)
        except TimeoutError:
            continue


def _exporter_of(pid: int) -> int | None:
    """The process that exports for a run."""
    for child in (child for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()):
        if b"engine.export" in Path(f"/proc/{child}/cmdline").read_bytes():
            return int(child)
    return None


def _harm(client: Program, number: signal.Signals) -> None:
    exporter = _exporter_of(client.process.pid)
    assert exporter is not None, "it has no exporter"
    os.kill(exporter, number)


def run_way(ours: Ours, way: Way, rate: int, seconds: int) -> tuple[str, ...]:
    """Run the load in one way; its row."""
    calls = rate * seconds
    say(f"{way.name}: {calls} calls at {rate}/s")
    with TemporaryDirectory() as name, homer(way.reads) as flags:
        folder, port = Path(name), free_port()
        server = Program(
            (*pinned(PEER_CORE), *Sipp().command, "-sn", "uas", "-p", str(port), "-m", str(calls), *COMMON), folder
        )
        try:
            server.wait_bound(port)
            load = ("-r", str(rate), "-m", str(calls), "-l", str(OPEN_CALLS), "-timeout", str(seconds + MARGIN_S))
            command = (
                *pinned(MEASURED_CORE),
                *ours.command,
                "-sn",
                "uac",
                f"{HOST}:{port}",
                *load,
                *way.flags,
                *flags,
                *COMMON,
            )
            client = Program((*command, "-summary_json", "summary.json"), folder, ours.environment)
            try:
                if way.harm is not None:
                    time.sleep(seconds / 2)
                    _harm(client, way.harm)
                cpu_s = reap(client, seconds + 3 * MARGIN_S)
            finally:
                client.end()
        finally:
            server.end()
        summary = msgspec.json.decode((folder / "summary.json").read_bytes(), type=Summary)
    return _row(way.name, summary, cpu_s, calls)


def _row(name: str, summary: Summary, cpu_s: float, calls: int) -> tuple[str, ...]:
    counters, lateness = summary.counters, summary.lateness
    queues = summary.queues.items()
    assert all(counts.offered == counts.written + counts.dropped for _, counts in queues), summary.queues
    drops = ", ".join(f"{queue} {counts.dropped} of {counts.offered}" for queue, counts in queues if counts.dropped)
    late = (f"{lateness.p50_ms:.2f}", f"{lateness.p99_ms:.2f}", f"{lateness.max_ms:.1f}")
    ended = (
        f"{counters.successful} ok, {counters.failed} failed" if counters.failed or counters.successful != calls else "all ok"
    )
    return (name, ended, *late, f"{cpu_s / calls * 1e6:.0f}", drops or "–")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.export", description=__doc__.partition("\n\n")[0])
    parser.add_argument("--rate", type=int, default=RATE, help="calls a second")
    parser.add_argument("--seconds", type=int, default=SECONDS, help="of each run")
    parser.add_argument("--command", default="", help="what to measure instead of this checkout, as `gossipper sipp`")
    arguments = parser.parse_args()
    ours = Ours(arguments.command)
    print(f"{ours.describe()}; {machine()}\n", flush=True)
    rows = [run_way(ours, way, arguments.rate, arguments.seconds) for way in WAYS]
    columns = ("asked for", "calls", "late p50 ms", "p99 ms", "max ms", "CPU µs a call", "dropped")
    print(table(f"Calls that are told of, at {arguments.rate}/s", columns, rows), flush=True)


if __name__ == "__main__":
    main()
