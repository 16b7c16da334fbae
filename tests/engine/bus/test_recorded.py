# SPDX-License-Identifier: AGPL-3.0-or-later
"""The lines of a recording: each tells what the ones before have not, and all together tell everything."""

from __future__ import annotations

import json
import random
import tracemalloc

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.bus.recorded import LineReader, LineWriter
from engine.media.reception import ReceptionSummary
from engine.messages import Histogram, RunState, Snapshot
from engine.messages.histogram import KEPT_BITS
from engine.stats.gathered import Gathered
from engine.stats.media import MediaMeter, Reported
from engine.stats.meter import Meter
from engine.stats.samples import Samples
from tests.engine.bus.events import RUN, finished, logged, snapshot, started

S = 1_000_000_000
batches = st.lists(st.lists(st.integers(min_value=0, max_value=10**12), max_size=20), max_size=6)


def snapshots(times_ns: list[list[int]], run: str = RUN) -> list[Snapshot]:
    """A snapshot a second; each counts in some more times, in one of its histograms less than in the others."""
    total, half, made = Histogram(repartition=[0]), Histogram(repartition=[0]), []
    for second, values in enumerate(times_ns):
        for histogram, some in ((total, values), (half, values[::2])):
            samples = Samples()
            samples.pending.extend(some)
            histogram.add(samples.take())
        made.append(
            msgspec.structs.replace(
                snapshot(4 * second, run),
                response_times={"1": total.copy(), "a.b/c": half.copy()},
                response_times_from_due={"1": half.copy()},
                call_length=total.copy(),
                lateness=half.copy(),
            )
        )
    return made


def line_of(writer: LineWriter, snapshot: Snapshot) -> bytes:
    return writer.snapshot_line(snapshot.elapsed_ns, snapshot, dict(writer.growths(snapshot)))


@given(batches)
def test_what_is_read_is_what_was_written(times_ns: list[list[int]]) -> None:
    writer, reader = LineWriter(), LineReader()
    for written in snapshots(times_ns):
        assert reader.read(line_of(writer, written)) == (written.elapsed_ns, written)


def with_media(snapshots: list[Snapshot]) -> list[Snapshot]:
    """The same snapshots, which tell of media from the second on."""
    meter = Meter(steps=1)
    media = meter.media = MediaMeter()
    gathered = Gathered([meter.take()])
    made = snapshots[:1]
    for second, each in enumerate(snapshots[1:]):
        media.lateness.pending.extend((second, 7_000_000))
        heard = ReceptionSummary(expected=100, lost=second, jitter_mean_ns=1_000_000, longest_gap_ns=60_000_000, mos=4.1)
        media.leg_opened().closed(heard, Reported(0.01, 3_000_000, 4.2))
        gathered.take(0, meter.take())
        made.append(msgspec.structs.replace(each, media=gathered.measurements().media))
    return made


def test_media_is_read_as_it_was_written() -> None:
    writer, reader = LineWriter(), LineReader()
    written = with_media(snapshots([[1], [2], [3], [4]]))
    assert written[3].media is not None
    assert written[3].media.lateness.count == 6
    lines = [line_of(writer, each) for each in written]
    assert [reader.read(line)[1] for line in lines] == written
    assert b'"media.lateness":[2,1,' in lines[3]


def test_runs_in_one_recording_do_not_mix() -> None:
    reader = LineReader()
    first, second = snapshots([[1], [2]], "a"), snapshots([[3], [4]], "b")
    writers = LineWriter(), LineWriter()
    for pair in zip(first, second, strict=True):
        for writer, written in zip(writers, pair, strict=True):
            assert reader.read(line_of(writer, written))[1] == written


def test_a_line_holds_only_what_has_grown() -> None:
    writer = LineWriter()
    dice = random.Random(1)
    many = [dice.randrange(10**6, 10**9) for _ in range(10_000)]
    first, second, third = snapshots([many, [5_000_000, 5_000_001, 5_100_000], []])
    large = line_of(writer, first)
    small = json.loads(line_of(writer, second))
    assert small["grown"].keys() == {
        "response_times.1",
        "response_times.a.b/c",
        "response_times_from_due.1",
        "call_length",
        "lateness",
    }
    assert small["grown"]["call_length"][1::2] == [2, 1]
    assert small["event"]["call_length"]["count"] == 10_003
    assert len(json.dumps(small)) < len(large) / 10
    assert json.loads(line_of(writer, third))["grown"] == {}


def test_a_snapshot_a_second_is_recorded_and_each_new_state() -> None:
    writer = LineWriter()
    due = []
    for sequence in range(13):
        state = RunState.PAUSED if sequence >= 6 else RunState.RUNNING
        each = msgspec.structs.replace(snapshot(sequence), state=state)
        if writer.is_due(each):
            due.append(sequence)
            line_of(writer, each)
    assert due == [0, 4, 6, 10]


def test_other_events_stand_there_whole() -> None:
    writer, reader = LineWriter(), LineReader()
    for event in (started(), logged("ü"), finished()):
        assert reader.read(writer.line(7, event)) == (7, event)


def test_a_recording_from_before_tells_all_buckets_each_time() -> None:
    reader = LineReader()
    for written in snapshots([[1_000_000], [2_000_000]]):
        assert reader.read(msgspec.json.encode({"at_ns": 3, "event": written})) == (3, written)


@pytest.mark.parametrize(
    ("growth", "kept_bits"),
    [
        ([1 << 62, 1], KEPT_BITS),
        ([1 << 31, 1], 1),
        ([-1, 1], KEPT_BITS),
        ([1 << 70, 1], KEPT_BITS),
        ([1, 1], 0),
        ([1, 1], 1 << 40),
    ],
)
def test_what_no_recorder_wrote_is_refused_and_costs_nothing(growth: list[int], kept_bits: int) -> None:
    (written,) = snapshots([[1]])
    line = json.loads(line_of(LineWriter(), written))
    line["grown"]["lateness"] = growth
    line["event"]["lateness"]["kept_bits"] = kept_bits
    tracemalloc.start()
    with pytest.raises(msgspec.MsgspecError):
        LineReader().read(json.dumps(line).encode())
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()


@given(st.lists(st.integers(min_value=0, max_value=1 << 62), max_size=9), st.integers(min_value=1, max_value=64))
def test_any_growth_is_read_or_refused(growth: list[int], kept_bits: int) -> None:
    (written,) = snapshots([[1]])
    line = json.loads(line_of(LineWriter(), written))
    line["grown"]["lateness"] = growth
    line["event"]["lateness"]["kept_bits"] = kept_bits
    try:
        event = LineReader().read(json.dumps(line).encode())[1]
    except msgspec.MsgspecError:
        return
    assert isinstance(event, Snapshot)
    event.lateness.percentiles_ns(50, 99)
