# SPDX-License-Identifier: AGPL-3.0-or-later
"""Followed calls that a run tells of are in its files, or counted as dropped, whatever the disk does."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
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


class Kept:
    """Files that are kept, and what they warn of."""

    def __init__(self, bus: Bus, files: CallFiles) -> None:
        self.bus = bus
        self.files = files
        self.warnings: list[str] = []

    def tell(self, *calls: FollowedCall, run: str = "1") -> None:
        for call in calls:
            self.bus.publish(CallTrace(run=run, elapsed_ns=0, call=call))

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
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        async with kept(trace_call_debug=True, call_debug_file=str(pipe)) as it:
            big = refused(1)
            entries = [msgspec.structs.replace(entry, data=bytes(100_000)) for entry in big.entries]
            it.tell(*(msgspec.structs.replace(big, entries=tuple(entries)) for _ in range(10)))
            counts = await it.complete()
    finally:
        os.close(reader)
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
