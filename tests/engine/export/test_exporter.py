# SPDX-License-Identifier: AGPL-3.0-or-later
"""The process: it brings into files what shards write, comes after other programs, and ends with its run, however that ends."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import trio

from engine.export.protocol import NotOpened, Opened
from engine.messages import QueueCounts
from tests.engine.export.conservation import conserved
from tests.engine.export.exporters import LIMIT_S, exporter
from tests.engine.export.recording import ended, frame
from tests.engine.export.test_call_records import read_lines


async def test_what_shards_record_is_in_the_file_when_it_has_said_its_last(tmp_path: Path) -> None:
    path = tmp_path / "calls"
    async with exporter(shards=2) as played:
        assert await played.open(call_records=str(path)) == Opened(events=())
        for number, shard in enumerate(played.shards):
            shard.sendall(frame([ended(number), ended(number + 10)]))
        await played.until_counted(4)
        played.shards[0].sendall(frame([ended(20)]))  # still on its way when the run ends
        counts = await played.complete()
        assert await trio.to_thread.run_sync(played.process.wait, LIMIT_S) == 0
    assert sorted(line["call_number"] for line in read_lines(path)) == [0, 1, 10, 11, 20]
    assert counts.records == 5
    assert counts.queues == {"call records": QueueCounts(offered=5, written=5)}
    assert not played.warnings


async def test_it_comes_after_other_programs() -> None:
    async with exporter() as played:
        await played.open(call_records="/dev/null")
        assert os.getpriority(os.PRIO_PROCESS, played.process.pid) == min(19, os.getpriority(os.PRIO_PROCESS, 0) + 10)


async def test_a_sink_that_cannot_be_opened_is_the_last_word(tmp_path: Path) -> None:
    async with exporter() as played:
        told = await played.open(call_records=str(tmp_path / "no" / "calls"))
        assert told == NotOpened(text=f"{tmp_path}/no/calls: cannot be written: No such file or directory")
        assert await trio.to_thread.run_sync(played.process.wait, LIMIT_S) == 0


async def test_garbage_from_a_shard_is_told_once_and_costs_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "calls"
    async with exporter(shards=2) as played:
        await played.open(call_records=str(path))
        for _ in range(3):
            played.shards[0].sendall(b"\0\0\0\4junk")
        played.shards[0].sendall(b"\xff" * 100)
        played.shards[1].sendall(frame([ended(1)]))
        await played.until_counted(1)
        counts = await played.complete()
    assert len(read_lines(path)) == 1
    assert len(played.warnings) == 2
    assert played.warnings[1] == "worker 1 records what cannot be read; nothing more is taken from it"
    conserved(counts.queues)


async def test_what_cannot_be_written_in_time_is_dropped_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    async with exporter() as played:
        await played.open(call_records=str(path))
        data = b"".join(frame([ended(number, reason="x" * 500) for number in range(100)]) for _ in range(20))
        shard = trio.SocketStream(trio.socket.from_stdlib_socket(played.shards[0].dup()))
        await shard.send_all(data)
        await played.until_counted(2000)
        began_s = trio.current_time()
        counts = await played.complete(within_s=0.3)
        assert trio.current_time() - began_s < LIMIT_S / 2
        assert await trio.to_thread.run_sync(played.process.wait, LIMIT_S) == 0
    os.close(reader)
    conserved(counts.queues)
    assert counts.queues["call records"].offered == 2000
    assert counts.queues["call records"].dropped >= 1000


async def test_when_the_run_is_gone_it_writes_what_it_has_and_ends(tmp_path: Path) -> None:
    path = tmp_path / "calls"
    async with exporter() as played:
        await played.open(call_records=str(path))
        played.shards[0].sendall(frame([ended(1)]))
        played.shards[0].shutdown(socket.SHUT_RDWR)
        await played.sender.aclose()
        await trio.to_thread.run_sync(played.process.wait, LIMIT_S)
    assert [line["call_number"] for line in read_lines(path)] == [1]


async def test_a_run_that_is_gone_before_it_had_a_plan_leaves_nothing() -> None:
    async with exporter() as played:
        await played.sender.aclose()
        assert await trio.to_thread.run_sync(played.process.wait, LIMIT_S) == 0
