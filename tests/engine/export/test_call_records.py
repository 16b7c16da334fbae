# SPDX-License-Identifier: AGPL-3.0-or-later
"""A line of JSON for each call, whatever becomes of the disk."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import trio

from engine.errors import ReportError
from engine.export import call_records as module
from engine.export.call_records import CallRecords
from engine.export.own_files import place_of
from engine.export.results import RESULTS, result_of
from engine.messages import Failure, QueueCounts
from engine.messages.records import CallEnded
from tests.engine.export.conservation import conserved
from tests.engine.export.recording import ended, surroundings

LIMIT_S = 10


@contextlib.asynccontextmanager
async def written(path: Path, told: list[str]) -> AsyncIterator[CallRecords]:
    """A sink that writes to the file; at the end of the block it is closed, and has accounted for all."""
    sink = CallRecords(surroundings(told, call_records=str(path)))
    await sink.open()
    with trio.fail_after(LIMIT_S):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(sink.write)
            yield sink
            sink.close()
    sink.abandon()
    conserved(sink.counts)


async def lines_of(path: Path, *calls: CallEnded) -> list[dict[str, Any]]:
    """What is written of these calls."""
    told: list[str] = []
    async with written(path, told) as sink:
        for call in calls:
            sink.take(call)
    assert sink.counts == {"call records": QueueCounts(offered=len(calls), written=len(calls))}
    assert not told
    return read_lines(path)


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The objects in a file, one a line."""
    return [json.loads(line) for line in path.read_text().splitlines()]


async def test_a_line_says_what_a_call_was_and_how_it_ended(tmp_path: Path) -> None:
    call = ended(
        7, response_times={"1": 1_500_000, "invite": 250}, media={"audio_packets": 50.0, "audio_loss": 0.015, "audio_mos": 4.2}
    )
    (line,) = await lines_of(tmp_path / "calls", call)
    assert line == {
        "schema": "gossipper_call_record_v2",
        "call_id": "7-7@127.0.0.1",
        "call_number": 7,
        "scenario": "main",
        "direction": "outgoing",
        "success": True,
        "result": "success",
        "failure_class": "",
        "error": "",
        "status_code": 200,
        "started_at": "2026-11-22T18:18:30.366970Z",
        "ended_at": "2026-11-22T18:18:30.368204Z",
        "duration_ms": 1.235,
        "late_ms": 0.02,
        "rtd_ms": {"1": 1.5, "invite": 0.0},
        "messages_sent": 3,
        "messages_received": 3,
        "retransmissions": 0,
        "media": {"audio": {"packets_received": 50, "loss_percent": 1.5, "mos": 4.2}},
    }


async def test_a_call_that_failed_says_why_and_one_that_was_cut_off_that_it_was(tmp_path: Path) -> None:
    failed = ended(1, failure=Failure.UNEXPECTED_MESSAGE, reason="unexpected 486 in step 3 (200)", status=486, outgoing=False)
    first, second = await lines_of(tmp_path / "calls", failed, ended(2, cut_off=True))
    assert (first["success"], first["result"], first["failure_class"]) == (False, "unexpected_sip", "FailedUnexpectedMessage")
    assert (first["error"], first["status_code"], first["direction"]) == ("unexpected 486 in step 3 (200)", 486, "incoming")
    assert (second["success"], second["result"], second["failure_class"]) == (False, "cancelled", "")
    assert second["media"] is None


async def test_what_a_peer_wrote_breaks_no_line(tmp_path: Path) -> None:
    (line,) = await lines_of(tmp_path / "calls", ended(1, call_id=b'\xff"\n\x00\\', reason='say "\n"\x1b[2J'))
    assert line["call_id"] == '\N{REPLACEMENT CHARACTER}"\n\0\\'


async def test_the_file_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "calls"
    path.write_text("of yesterday\n")
    assert len(await lines_of(path, ended(1))) == 1


async def test_a_file_that_cannot_be_opened_is_told_before_the_run(tmp_path: Path) -> None:
    sink = CallRecords(surroundings([], call_records=str(tmp_path / "no" / "calls")))
    with pytest.raises(ReportError, match=r"no/calls: cannot be written: No such file"):
        await sink.open()
    sink.abandon()


async def test_a_full_disk_costs_lines_and_one_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_AT_ONCE", 5)
    told: list[str] = []
    async with written(Path("/dev/full"), told) as sink:
        for number in range(100):
            sink.take(ended(number))
    assert told == ["call records: /dev/full: cannot be written: No space left on device; what comes meanwhile is dropped"]
    assert sink.counts["call records"] == QueueCounts(offered=100, dropped=100)


async def test_a_reader_that_reads_nothing_costs_what_does_not_fit_and_holds_up_nobody(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(module, "MOST_WAITING", 2000)
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    sink = CallRecords(surroundings([], call_records=str(path)))
    await sink.open()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(sink.write)
        for number in range(10_000):
            sink.take(ended(number))
            if number % 500 == 0:
                await trio.sleep(0.001)
        sink.close()
        await trio.sleep(0.05)
        nursery.cancel_scope.cancel()
    sink.abandon()
    os.close(reader)
    counts = sink.counts["call records"]
    conserved(counts)
    assert counts.offered == 10_000
    assert counts.dropped >= 7000


def test_every_class_of_failures_has_a_word() -> None:
    assert set(RESULTS) == {None, *Failure}
    assert result_of(None, cut_off=False) == "success"
    assert result_of(Failure.TIMEOUT_ON_RECV, cut_off=False) == "timeout"


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("calls.jsonl", "calls.jsonl"),
        ("/dev/stdout", f"/proc/{os.getppid()}/fd/1"),
        ("/dev/stderr", f"/proc/{os.getppid()}/fd/2"),
        ("/dev/fd/63", f"/proc/{os.getppid()}/fd/63"),
        ("/proc/self/fd/4", f"/proc/{os.getppid()}/fd/4"),
        ("/dev/stdout.txt", "/dev/stdout.txt"),
    ],
)
def test_a_descriptor_of_the_run_is_not_one_of_the_exporter(path: str, place: str) -> None:
    assert place_of(path) == place
