# SPDX-License-Identifier: AGPL-3.0-or-later
from __future__ import annotations

import itertools
import json
import math
import os
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import trio
import trio.testing

from engine.bus import Subscription, open_bus, record, recording, replay
from engine.bus.recorded import LineReader
from engine.errors import RecordingError
from engine.messages import Event, RunStarted, RunState, Snapshot, Warning
from tests.engine.bus.events import RUN, finished, logged, snapshot, started, warning
from tests.engine.bus.recordings import write_recording

STORY: list[Event] = [started(), snapshot(1), logged("ü"), warning("w"), snapshot(5), finished()]


async def recorded(path: Path, events: list[Event]) -> None:
    """Record these events as an engine does: the recorder is there before the run starts."""
    async with open_bus() as bus, trio.open_nursery() as nursery:
        await nursery.start(record, bus, RUN, path)
        for event in events:
            bus.publish(event)


async def replayed(path: Path, speed: float = math.inf) -> list[Event]:
    events: list[Event] = []
    async with open_bus() as bus:
        with bus.subscribe(Event, capacity=16) as subscription:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_collect, subscription, events)
                await replay(bus, path, speed)
                bus.close()
    return events


async def _collect(subscription: Subscription[Event], events: list[Event]) -> None:
    async for event in subscription:
        events.append(event)


async def test_what_was_recorded_is_replayed(tmp_path: Path) -> None:
    await recorded(tmp_path / "run.jsonl", STORY)
    assert await replayed(tmp_path / "run.jsonl") == STORY


async def test_a_line_is_a_json_object_with_its_time_and_its_type(tmp_path: Path) -> None:
    await recorded(tmp_path / "run.jsonl", STORY)
    lines = [json.loads(line) for line in (tmp_path / "run.jsonl").read_text("utf-8").splitlines()]
    assert [line["event"]["type"] for line in lines] == [
        "RunStarted",
        "Snapshot",
        "Logged",
        "Warning",
        "Snapshot",
        "RunFinished",
    ]
    assert lines[0]["at_ns"] == 0
    assert all(earlier["at_ns"] <= later["at_ns"] for earlier, later in itertools.pairwise(lines))


async def test_snapshots_are_recorded_once_a_second_and_the_last_one_always(tmp_path: Path) -> None:
    last = msgspec.structs.replace(snapshot(10), state=RunState.FINISHED)
    await recorded(tmp_path / "run.jsonl", [started(), *map(snapshot, range(10)), last, finished()])
    assert await replayed(tmp_path / "run.jsonl") == [started(), snapshot(0), snapshot(4), snapshot(8), last, finished()]


@pytest.fixture
def slow_disk(tmp_path: Path) -> Iterator[tuple[Path, int]]:
    """A file that takes nothing more once 64 KiB wait in it, and the descriptor that they can be read from."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    yield path, reader
    os.close(reader)


async def test_what_is_too_much_for_a_disk_is_left_out_and_told(
    slow_disk: tuple[Path, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, reader = slow_disk
    monkeypatch.setattr(recording, "MOST_WAITING", 1_000_000)
    got = b""
    async with open_bus() as bus, trio.open_nursery() as nursery:
        with bus.subscribe(Warning) as warnings:
            await nursery.start(record, bus, RUN, path)
            bus.publish(started())
            for number in range(100):
                bus.publish(logged(f"{number} {'x' * 100_000}"))
                await trio.testing.wait_all_tasks_blocked()
            bus.publish(finished())
            with trio.fail_after(10):
                assert (await warnings.receive()).text.endswith("it takes them too slowly; some are left out")
                while not got.endswith(b"}\n") or b"RunFinished" not in got:
                    await trio.lowlevel.wait_readable(reader)
                    got += os.read(reader, 1_000_000)
            assert len(warnings) == 0
    events = [LineReader().read(line)[1] for line in got.splitlines()]
    assert (events[0], events[-1]) == (started(), finished())
    assert 5 < len(events) < 20


async def test_a_disk_that_takes_nothing_more_does_not_hold_up_who_gives_up(slow_disk: tuple[Path, int]) -> None:
    with trio.fail_after(10):
        async with open_bus() as bus, trio.open_nursery() as nursery:
            await nursery.start(record, bus, RUN, slow_disk[0])
            bus.publish(logged("x" * 1_000_000))
            await trio.testing.wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()


async def test_other_runs_are_not_recorded_and_the_end_of_this_one_ends_it(tmp_path: Path) -> None:
    await recorded(tmp_path / "run.jsonl", [started("other"), started(), finished("other"), logged("in"), finished()])
    assert await replayed(tmp_path / "run.jsonl") == [started(), logged("in"), finished()]


async def test_a_recording_of_an_older_version_is_replayed() -> None:
    begin, *told = await replayed(Path(__file__).with_name("older.jsonl"))
    assert isinstance(begin, RunStarted)
    snapshots = [event for event in told if isinstance(event, Snapshot)]
    assert [(event.counters.outgoing, event.call_length.count) for event in snapshots] == [(0, 0), (220, 220), (520, 520)]
    assert snapshots[-1].response_times["1"].percentiles_ns(50, 99) == [2_000_384, 14_150_000]


async def test_a_recording_ends_with_the_bus(tmp_path: Path) -> None:
    async with trio.open_nursery() as nursery, open_bus() as bus:
        await nursery.start(record, bus, RUN, tmp_path / "run.jsonl")
        bus.publish(started())
    assert await replayed(tmp_path / "run.jsonl") == [started()]


@pytest.mark.parametrize(("path", "why"), [("missing/run.jsonl", "No such file"), (".", "directory")])
async def test_a_file_that_cannot_be_written_is_a_warning(tmp_path: Path, path: str, why: str) -> None:
    async with open_bus() as bus:
        with bus.subscribe(Warning) as warnings:
            await record(bus, RUN, tmp_path / path)
            text = (await warnings.receive()).text
    assert str(tmp_path / path) in text
    assert why in text


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full to be a full disk")
async def test_a_full_disk_is_a_warning() -> None:
    async with open_bus() as bus, trio.open_nursery() as nursery:
        with bus.subscribe(Warning) as warnings:
            await nursery.start(record, bus, RUN, "/dev/full")
            bus.publish(started())
            assert "No space left" in (await warnings.receive()).text


async def test_a_replay_of_any_length_loses_nothing_to_a_slow_reader(tmp_path: Path) -> None:
    story = [started(), *map(snapshot, range(300)), finished()]
    write_recording(tmp_path / "run.jsonl", story)
    received: list[Event] = []
    async with open_bus() as bus, trio.open_nursery() as nursery:
        nursery.start_soon(replay, bus, tmp_path / "run.jsonl", math.inf)
        with bus.subscribe(Event, capacity=100) as events:
            while len(received) < len(story):
                await trio.testing.wait_all_tasks_blocked()
                received += await events.receive_batch()
    assert received == story


async def test_a_replay_keeps_the_time_of_the_recording(tmp_path: Path, autojump_clock: trio.testing.MockClock) -> None:
    write_recording(tmp_path / "run.jsonl", [started(), snapshot(1), finished()], step_ns=60 * 10**9)
    autojump_clock.autojump_threshold = 0.05
    before = trio.current_time()
    assert await replayed(tmp_path / "run.jsonl", speed=2.0) == [started(), snapshot(1), finished()]
    assert trio.current_time() - before == pytest.approx(60)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is empty"),
        (b"rubbish\n", ":1: is no recorded event"),
        (b'{"at_ns": 0, "event": {"type": "Logged", "run": "1", "elapsed_ns": 1, "text": "x"}}\n{"at_ns": 0}\n', ":2: is no"),
        (b'{"at_ns": 0, "event": {"type": "Unheard"}}\n', ":1: is no recorded event"),
        (b"\xff\xfe\x00\n", ":1: is no recorded event"),
    ],
)
async def test_a_bad_recording_is_refused_before_anything_is_played(tmp_path: Path, content: bytes, why: str) -> None:
    (tmp_path / "run.jsonl").write_bytes(content)
    async with open_bus() as bus:
        with bus.subscribe(Event) as events:
            with pytest.raises(RecordingError, match=why):
                await replay(bus, tmp_path / "run.jsonl", math.inf)
            assert len(events) == 0


async def test_a_missing_recording_is_named(tmp_path: Path) -> None:
    async with open_bus() as bus:
        with pytest.raises(RecordingError, match=r"nowhere\.jsonl: cannot be read: No such file"):
            await replay(bus, tmp_path / "nowhere.jsonl", 1.0)
