# SPDX-License-Identifier: AGPL-3.0-or-later
"""Writes the recordings that screenshots are made of: `python -m tests.gossipper_tui.screens.make_recordings`.

They are made from `samples`, so a change of the messages changes them in one place, and no clock or dice of the machine
is in them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import msgspec

from engine.bus.recorded import LineWriter
from engine.messages import (
    AnyEvent,
    Counters,
    Histogram,
    Logged,
    Outcome,
    Percentiles,
    RunFinished,
    RunStarted,
    RunState,
    Snapshot,
    StepCounts,
    Summary,
    Verdict,
    Warning,
)
from engine.options import RunConfig
from tests.gossipper_tui import samples

RECORDINGS = Path(__file__).parent / "recordings"
SERVER_RUN = "2-uas"

Recorded = tuple[int, AnyEvent]
"""When, in ns from the run's start, and what."""


def client_events() -> Iterable[Recorded]:
    """A client at 500 calls a second that goes on."""
    yield 0, samples.started()
    for snapshot in samples.snapshots():
        yield snapshot.elapsed_ns, snapshot
        if snapshot.elapsed_ns == 70 * 10**9:
            text = "response times rise: p99 is 71 ms"
            yield snapshot.elapsed_ns, Logged(run=samples.RUN, elapsed_ns=snapshot.elapsed_ns, text=text)
        if snapshot.elapsed_ns == 92 * 10**9:
            text = "10.0.0.5:5060 answers with another tag than before"
            yield snapshot.elapsed_ns, Warning(run=samples.RUN, elapsed_ns=snapshot.elapsed_ns, text=text, count=3)


def media_events() -> Iterable[Recorded]:
    """A client whose calls have audio."""
    yield 0, samples.started()
    for snapshot in samples.media_snapshots():
        yield snapshot.elapsed_ns, snapshot


def finished_events() -> Iterable[Recorded]:
    """A server, and a client that was late and has ended."""
    yield 0, _server_started()
    yield 0, samples.started()
    last = samples.snapshots()[-1]
    for snapshot in samples.snapshots():
        yield snapshot.elapsed_ns, _server_snapshot(snapshot)
        yield snapshot.elapsed_ns, snapshot
    verdict = Verdict(reasons=("1.2 % of the calls started more than 10 ms late",))
    ended = msgspec.structs.replace(last, state=RunState.FINISHED, sequence=last.sequence + 1, verdict=verdict)
    yield ended.elapsed_ns, ended
    yield ended.elapsed_ns, RunFinished(run=samples.RUN, summary=_summary(ended))


def _server_started() -> RunStarted:
    config = RunConfig(scenario_name="uas", local_ip="10.0.0.5", local_port=5060)
    started = samples.started(samples.server(), SERVER_RUN)
    return msgspec.structs.replace(started, config=config, local="10.0.0.5:5060")


def _server_snapshot(of_client: Snapshot) -> Snapshot:
    """What the server sees when the client sees that."""
    calls, done = of_client.counters.outgoing, of_client.counters.successful
    return msgspec.structs.replace(
        of_client,
        run=SERVER_RUN,
        target_rate=0.0,
        counters=Counters(incoming=calls, successful=done, open=calls - done, peak_open=of_client.counters.peak_open),
        steps=tuple(StepCounts(messages=n) for n in (calls, calls, calls, calls, done, done, done)),
        response_times={},
        response_times_from_due={},
        lateness=Histogram(),
    )


def _percentiles(histogram: Histogram) -> Percentiles:
    p50, p90, p95, p99, p99_9 = (ns / 1e6 for ns in histogram.percentiles_ns(50, 90, 95, 99, 99.9))
    return Percentiles(
        count=histogram.count,
        mean_ms=histogram.mean_ns / 1e6,
        stdev_ms=histogram.stdev_ns / 1e6,
        min_ms=histogram.min_ns / 1e6,
        p50_ms=p50,
        p90_ms=p90,
        p95_ms=p95,
        p99_ms=p99,
        p99_9_ms=p99_9,
        max_ms=histogram.max_ns / 1e6,
    )


def _summary(last: Snapshot) -> Summary:
    return Summary(
        generator="gossipper",
        run=last.run,
        scenario="calls/long_call.xml",
        title="Calls with a pause",
        role="uac",
        remote="10.0.0.5:5060",
        transport="u1",
        workers=1,
        started_at="2027-01-15T08:00:00Z",
        elapsed_s=last.elapsed_ns / 1e9,
        outcome=Outcome.FAILED,
        exit_code=1,
        verdict=last.verdict,
        trustworthy=False,
        target_rate=samples.RATE,
        call_rate=last.counters.outgoing / (last.elapsed_ns / 1e9),
        counters=last.counters,
        steps=(),
        response_times={name: _percentiles(times) for name, times in last.response_times.items()},
        response_times_from_due={},
        call_length=_percentiles(last.call_length),
        lateness=_percentiles(last.lateness),
    )


def write(name: str, events: Iterable[Recorded]) -> None:
    """Write a recording, as `engine.bus.record` would have."""
    writers: dict[str, LineWriter] = defaultdict(LineWriter)
    lines = []
    for at_ns, event in events:
        writer = writers[event.run]
        if isinstance(event, Snapshot):
            lines.append(writer.snapshot_line(at_ns, event, dict(writer.growths(event))))
        else:
            lines.append(writer.line(at_ns, event))
    (RECORDINGS / name).write_bytes(b"".join(lines))


if __name__ == "__main__":
    write("client.jsonl", client_events())
    write("finished.jsonl", finished_events())
    write("media.jsonl", media_events())
