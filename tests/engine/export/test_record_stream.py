# SPDX-License-Identifier: AGPL-3.0-or-later
"""What comes from a shard is read in whatever pieces it comes, and nothing in it ends the reader."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence

import trio
import trio.testing
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.export.record_stream import RecordStream
from engine.messages.records import MOST_FRAME_BYTES, Record
from tests.engine.export.recording import ended, frame

LIMIT_S = 10


class Reading:
    """A stream, the other end of it, and what was read."""

    def __init__(self) -> None:
        self.shard, theirs = socket.socketpair()
        self.taken: list[Record] = []
        self.told: list[str] = []
        self.stream = RecordStream(theirs, 1, self._take, self.told.append)

    async def _take(self, records: Sequence[Record]) -> None:
        self.taken += records

    def numbers(self) -> list[int]:
        return [record.call for record in self.taken]


def read_whole(pieces: Sequence[bytes], then: Callable[[Reading], None] = lambda reading: reading.shard.close()) -> Reading:
    """What is read of these pieces, each of which comes by itself, until the shard has closed its end."""

    async def read() -> Reading:
        reading = Reading()
        with reading.shard, trio.fail_after(LIMIT_S):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(reading.stream.read)
                for piece in pieces:
                    reading.shard.setblocking(False)
                    try:
                        reading.shard.sendall(piece)
                    except OSError:
                        break
                    await trio.testing.wait_all_tasks_blocked()
                then(reading)
        return reading

    return trio.run(read)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(1, 400), max_size=12))
def test_batches_may_come_in_any_pieces(sizes: list[int]) -> None:
    data = frame([ended(1), ended(2)]) + frame([]) + frame([ended(3)])
    pieces, at = [], 0
    for size in [*sizes, len(data)]:
        pieces.append(data[at : at + size])
        at += size
    reading = read_whole([piece for piece in pieces if piece])
    assert reading.numbers() == [1, 2, 3]
    assert reading.taken[0] == ended(1)
    assert not reading.told


@settings(deadline=None, max_examples=60)
@given(st.binary(max_size=300))
def test_a_batch_that_is_none_is_left_out_and_told(garbage: bytes) -> None:
    reading = read_whole([len(garbage).to_bytes(4, "big") + garbage, frame([ended(5)])])
    assert reading.numbers() == [5]
    if garbage != b"\x90":
        assert reading.told[0].startswith("worker 1 records what cannot be read; it is left out: ")


def test_a_length_that_none_can_have_ends_the_stream_and_the_shard_notices() -> None:
    reading = read_whole([frame([ended(1)]), (MOST_FRAME_BYTES + 1).to_bytes(4, "big"), frame([ended(2)])])
    assert reading.numbers() == [1]
    assert reading.told == ["worker 1 records what cannot be read; nothing more is taken from it"]


@settings(deadline=None, max_examples=60)
@given(st.binary(max_size=200))
def test_any_bytes_end_nothing(data: bytes) -> None:
    assert len(read_whole([data] if data else []).told) <= 50


def test_half_a_batch_at_the_end_is_left_out() -> None:
    assert read_whole([frame([ended(1)]), frame([ended(2)])[:-1]]).numbers() == [1]


def test_what_is_there_is_read_to_its_end_though_the_shard_never_closes_its_own() -> None:
    def finish(reading: Reading) -> None:
        reading.shard.sendall(frame([ended(2)]))
        reading.stream.finish()

    assert read_whole([frame([ended(1)])], finish).numbers() == [1, 2]


def test_a_batch_may_be_as_long_as_a_frame() -> None:
    many = [ended(number, reason="x" * 1000) for number in range(2000)]

    async def read() -> list[int]:
        reading = Reading()
        data = frame(many)
        with trio.fail_after(LIMIT_S):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(reading.stream.read)
                shard = trio.SocketStream(trio.socket.from_stdlib_socket(reading.shard))
                await shard.send_all(data)
                await shard.aclose()
        return reading.numbers()

    assert trio.run(read) == list(range(2000))
