# SPDX-License-Identifier: AGPL-3.0-or-later
"""Records on their way: whole frames, nothing waited for, and each offered one written or dropped."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest

from engine.messages.records import RECORDS_DECODER, CallStarted, Record, ResponseTimed
from engine.shard.following import records as module
from engine.shard.following.records import RecordLink

WANTED = ("CallStarted", "MessageRecorded")


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def started(number: int, call_id: bytes = b"1@a") -> CallStarted:
    return CallStarted(5, number, call_id, "main", True, 7)


def read(theirs: socket.socket, limit_s: float = 5.0) -> list[Record]:
    """Every record until the end of the stream; what is left of a last frame is no frame."""
    theirs.settimeout(limit_s)
    data = bytearray()
    while piece := theirs.recv(1 << 20):
        data += piece
    found: list[Record] = []
    while len(data) >= 4 and len(data) >= 4 + (length := int.from_bytes(data[:4], "big")):
        found += RECORDS_DECODER.decode(bytes(data[4 : 4 + length]))
        del data[: 4 + length]
    return found


def test_records_arrive_in_their_order(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    link = RecordLink(ours.fileno(), WANTED)
    for number in range(3):
        link.add(started(number))
    link.flush()
    link.add(started(3))
    link.close()
    ours.close()
    assert read(theirs) == [started(number) for number in range(4)]
    assert (link.counts.offered, link.counts.written, link.counts.dropped) == (4, 4, 0)


def test_what_nobody_wants_is_no_record(pair: tuple[socket.socket, socket.socket]) -> None:
    link = RecordLink(pair[0].fileno(), WANTED)
    link.add(ResponseTimed(1, 1, b"1", "main", 3, "1", 5))
    assert (link.wants(CallStarted), link.wants(ResponseTimed)) == (True, False)
    assert link.counts.offered == 0
    link.close()


def test_an_exporter_that_reads_nothing_costs_no_time_and_what_does_not_fit_is_dropped(
    pair: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = pair
    link = RecordLink(ours.fileno(), WANTED)
    for number in range(300):
        for _ in range(20):
            link.add(started(number, bytes(5000)))
        link.flush()
    counts = link.counts
    assert counts.offered == 6000
    assert counts.dropped > 0
    begun = time.monotonic()
    link.close()
    assert time.monotonic() - begun < module.LAST_SENDS_S + 4
    ours.close()
    counts = link.counts
    assert counts.offered == counts.written + counts.dropped
    assert len(read(theirs)) == counts.written


def test_more_than_fit_between_two_ticks(pair: tuple[socket.socket, socket.socket]) -> None:
    link = RecordLink(pair[0].fileno(), WANTED)
    for number in range(module.MOST_WAITING + 7):
        link.add(started(number))
    assert link.counts.dropped == 7
    link.close()


def test_no_frame_is_longer_than_frames_may_be_whatever_peers_send(
    pair: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_FRAME_BYTES", 10_000)
    ours, theirs = pair
    link = RecordLink(ours.fileno(), WANTED)
    for number in range(30):
        link.add(started(number, bytes(3000)))
    link.close()
    ours.close()
    theirs.settimeout(5.0)
    data = bytearray()
    while piece := theirs.recv(1 << 20):
        data += piece
    found = []
    while data:
        length = int.from_bytes(data[:4], "big")
        assert length <= 10_000
        found += RECORDS_DECODER.decode(bytes(data[4 : 4 + length]))
        del data[: 4 + length]
    assert [record.call for record in found] == list(range(30))
    assert link.counts.written == 30


def test_an_exporter_that_is_gone(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    link = RecordLink(ours.fileno(), WANTED)
    theirs.close()
    for number in range(3):
        link.add(started(number))
        link.flush()
    link.close()
    link.close()
    assert (link.counts.offered, link.counts.written, link.counts.dropped) == (3, 0, 3)
