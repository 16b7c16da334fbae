# SPDX-License-Identifier: AGPL-3.0-or-later
"""Followed calls that a run tells of are in its files, or counted as dropped, whatever the disk does."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio

from engine.bus import Bus
from engine.errors import ReportError
from engine.messages import CallTrace, FollowedCall, QueueCounts
from engine.run import call_files
from engine.run.call_files import CallFiles
from tests.engine.export.conservation import conserved
from tests.engine.report.examples import run_started
from tests.engine.report.followed import followed, refused
from tests.engine.report.test_capture import blocks_of, comments_of
from tests.engine.run.runs import call, engine_with_server, serve

BUSY = Path(__file__).parents[2] / "interop" / "busy.xml"


class Kept:
    """Files that are kept, and what they warn of."""

    def __init__(self, bus: Bus, files: CallFiles) -> None:
        self.bus = bus
        self.files = files
        self.warnings: list[str] = []

    def tell(self, *calls: FollowedCall, run: str = "1") -> None:
        for each in calls:
            self.bus.publish(CallTrace(run=run, elapsed_ns=0, call=each))

    async def complete(self) -> dict[str, QueueCounts]:
        with trio.fail_after(20):
            await self.files.complete(self.warnings.append)
        conserved(self.files.queues)
        return self.files.queues


@asynccontextmanager
async def kept(**options: Any) -> AsyncIterator[Kept]:
    """The files of a run with these options."""
    async with trio.open_nursery() as nursery:
        bus = Bus(nursery)
        it = Kept(bus, CallFiles(run_started(**options)))
        await nursery.start(it.files.keep, bus, it.warnings.append)
        yield it
        nursery.cancel_scope.cancel()


@contextmanager
def pipe_that_nobody_empties(folder: Path) -> Iterator[str]:
    """The path of a pipe that takes some 64 KB, and then nothing more."""
    path = folder / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        yield str(path)
    finally:
        os.close(reader)


async def test_a_capture_has_all_calls_and_the_log_those_that_failed(tmp_path: Path) -> None:
    capture, log = tmp_path / "calls.pcapng", tmp_path / "calls.log"
    async with kept(trace_pcap=str(capture), trace_call_debug=True, call_debug_file=str(log)) as it:
        it.tell(followed(1), refused(2), followed(3))
        it.tell(refused(4), run="another")
        counts = await it.complete()
    assert counts == {"capture": QueueCounts(offered=3, written=3), "call debug log": QueueCounts(offered=1, written=1)}
    assert [comments_of(block)[0][:6] for block in blocks_of(capture.read_bytes()) if comments_of(block)] == [
        "call 1",
        "call 2",
        "call 3",
    ]
    assert log.read_bytes().count(b"Call debugging information for call 2@here") == 1
    assert log.read_bytes().count(b"Call debugging information") == 1
    assert it.warnings == []


async def test_a_capture_of_no_calls_is_one_all_the_same(tmp_path: Path) -> None:
    async with kept(trace_pcap=str(tmp_path / "calls.pcapng")) as it:
        assert await it.complete() == {"capture": QueueCounts()}
    assert blocks_of((tmp_path / "calls.pcapng").read_bytes()) == []


async def test_the_log_is_appended_to_when_it_is_not_to_be_overwritten(tmp_path: Path) -> None:
    for overwrite, wanted in ((True, 1), (False, 2), (True, 1)):
        options = {"call_debug_file": str(tmp_path / "calls.log"), "call_debug_overwrite": overwrite}
        async with kept(trace_call_debug=True, **options) as it:
            it.tell(refused())
            await it.complete()
        assert (tmp_path / "calls.log").read_bytes().count(b"Call debugging information") == wanted


async def test_the_log_has_sipps_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    async with kept(trace_call_debug=True) as it:
        await it.complete()
    assert os.listdir(tmp_path) == ["uac_4242_calldebug.log"]


async def test_who_asks_for_nothing_keeps_nothing() -> None:
    async with kept() as it:
        it.tell(refused())
        assert await it.complete() == {}


@pytest.mark.parametrize("option", ["trace_pcap", "call_debug_file"])
def test_a_file_that_cannot_be_opened_is_told_at_once(option: str) -> None:
    with pytest.raises(ReportError, match=r"^no/where: cannot be written: "):
        CallFiles(run_started(trace_call_debug=True, **{option: "no/where"}))


async def test_a_full_disk_is_told_once_and_drops_what_comes() -> None:
    async with kept(trace_call_debug=True, call_debug_file="/dev/full") as it:
        for number in range(20):
            it.tell(refused(number))
            await trio.sleep(0.001)
        counts = await it.complete()
    assert counts == {"call debug log": QueueCounts(offered=20, dropped=20)}
    assert it.warnings == ["/dev/full: cannot be written: No space left on device"]


async def test_a_file_that_takes_no_more_holds_up_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call_files, "COMPLETE_S", 0.2)
    with pipe_that_nobody_empties(tmp_path) as pipe:
        async with kept(trace_call_debug=True, call_debug_file=pipe) as it:
            big = refused(1)
            entries = [msgspec.structs.replace(entry, data=bytes(100_000)) for entry in big.entries]
            it.tell(*(msgspec.structs.replace(big, entries=tuple(entries)) for _ in range(10)))
            counts = await it.complete()
    assert counts == {"call debug log": QueueCounts(offered=10, dropped=10)}
    assert it.warnings == [f"{pipe}: takes no more; 10 calls are not in it"]


async def test_what_does_not_fit_in_the_queue_is_dropped_and_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call_files, "MOST_WAITING", 5)
    async with kept(trace_pcap=str(tmp_path / "calls.pcapng")) as it:
        it.tell(*(followed(number) for number in range(50)))
        counts = (await it.complete())["capture"]
    assert counts.offered == 50
    assert 5 <= counts.written < 50
    told = [block for block in blocks_of((tmp_path / "calls.pcapng").read_bytes()) if comments_of(block)]
    assert len(told) == counts.written


async def test_what_the_bus_lost_is_counted_as_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call_files, "_UNREAD", 10)
    async with kept(trace_pcap=str(tmp_path / "calls.pcapng")) as it:
        it.tell(*(followed(number) for number in range(30)))
        counts = (await it.complete())["capture"]
    assert counts == QueueCounts(offered=30, written=10, dropped=20)


async def test_a_run_whose_file_takes_no_more_goes_on_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call_files, "COMPLETE_S", 0.2)
    with pipe_that_nobody_empties(tmp_path) as pipe:
        async with engine_with_server() as (bus, server):
            run = await call(bus, server.port, max_calls=100, trace_pcap=pipe)
            summary = await run.finish()
    conserved(summary.queues)
    counts = summary.queues["capture"]
    assert summary.counters.successful == counts.offered == 100
    assert 0 < counts.written < 100
    assert f"capture dropped {counts.dropped} of 100" in summary.verdict.reasons
    assert [text for text in run.warnings if pipe in text] == [f"{pipe}: takes no more; {counts.dropped} calls are not in it"]


@pytest.mark.parametrize("workers", [1, 2])
async def test_the_captures_of_a_run_are_one_however_many_workers_it_has(tmp_path: Path, workers: int) -> None:
    path = tmp_path / "calls.pcapng"
    async with engine_with_server(in_process=False) as (bus, server):
        run = await call(bus, server.port, max_calls=40, workers=workers, trace_pcap=str(path))
        summary = await run.finish()
    assert summary.queues["capture"] == QueueCounts(offered=40, written=40)
    told = [comment for block in blocks_of(path.read_bytes()) for comment in comments_of(block)]
    assert sorted(int(comment.split()[1]) for comment in told) == list(range(1, 41))


async def test_all_calls_that_fail_are_in_the_log_and_no_other(tmp_path: Path) -> None:
    log = tmp_path / "calls.log"
    async with engine_with_server() as (bus, _):
        busy = await serve(bus, scenario_name="", scenario_file=str(BUSY))
        run = await call(bus, busy.port, max_calls=30, trace_call_debug=True, call_debug_file=str(log))
        summary = await run.finish()
    assert summary.counters.failed == 30
    assert summary.queues["call debug log"] == QueueCounts(offered=30, written=30)
    assert log.read_bytes().count(b"Call debugging information for call ") == 30
