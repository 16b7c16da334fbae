# SPDX-License-Identifier: AGPL-3.0-or-later
"""Reports between two ends: when they are due, what they say, what is made of them (RFC 3550 sections 6.2 to 6.4)."""

from __future__ import annotations

import random
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.media.reception import Reception
from engine.media.rtcp import (
    Goodbye,
    ReceiverReport,
    ReportBlock,
    SenderReport,
    SourceDescription,
    ntp_time,
    read_rtcp,
    write_rtcp,
)
from engine.media.rtcp_session import MOST_A_SECOND, RtcpSession

MS = 1_000_000
SECOND = 1000 * MS
WALL_NS = 1_700_000_000 * SECOND
OURS, THEIRS = 0x11, 0x22


@dataclass
class Stream:
    """A stream that sends, as a report sees it."""

    ssrc: int = OURS
    packets_sent: int = 0
    octets_sent: int = 0
    last_timestamp: int = 0
    last_sent_ns: int = 0

    def send(self, packets: int, now_ns: int) -> None:
        self.packets_sent += packets
        self.octets_sent += 160 * packets
        self.last_timestamp = (self.last_timestamp + 160 * packets) % (1 << 32)
        self.last_sent_ns = now_ns

    def timestamp_at(self, now_ns: int) -> int:
        return self.last_timestamp + (now_ns - self.last_sent_ns) * 8 // MS


def session(interval_ms: int = 5000, seed: int = 1, name: str = "us@here") -> RtcpSession:
    return RtcpSession(name, 8000, random.Random(seed), 0, interval_ms)


def heard(packets: int) -> Reception:
    reception = Reception(8000)
    for sequence in range(packets):
        reception.received(sequence, sequence * 160, sequence * 20 * MS)
    return reception


def block(last_sr: int = 0, delay: int = 0, ssrc: int = OURS) -> bytes:
    return write_rtcp([ReceiverReport(THEIRS, (ReportBlock(ssrc, 64, 5, 9, 80, last_sr, delay),))])


def test_reports_are_due_at_random_about_the_interval() -> None:
    one = session()
    assert 1250 * MS <= one.due_ns < 3750 * MS
    waits = []
    for _ in range(500):
        now_ns = one.due_ns
        one.report(now_ns, WALL_NS, Stream(), None)
        waits.append(one.due_ns - now_ns)
    assert all(2500 * MS <= wait_ns < 7500 * MS for wait_ns in waits)
    assert sum(waits) / len(waits) == pytest.approx(5 * SECOND, rel=0.05)
    assert session(seed=7).due_ns == session(seed=7).due_ns != session(seed=8).due_ns
    assert session(500).due_ns < 375 * MS


def test_who_has_sent_nothing_reports_as_a_receiver() -> None:
    assert read_rtcp(session().report(0, WALL_NS, Stream(), None)) == [
        ReceiverReport(OURS),
        SourceDescription({OURS: "us@here"}),
    ]


def test_a_sender_tells_its_counts_and_its_clock() -> None:
    stream = Stream()
    stream.send(50, 980 * MS)
    packets = read_rtcp(session().report(1000 * MS, WALL_NS, stream, None))
    assert packets is not None
    assert packets[0] == SenderReport(OURS, ntp_time(WALL_NS), 50 * 160 + 160, 50, 8000)


def test_who_stops_sending_is_a_receiver_two_reports_later() -> None:
    one, stream = session(), Stream()
    stream.send(50, 0)
    kinds = []
    for second in range(4):
        packets = read_rtcp(one.report(second * SECOND, WALL_NS, stream, None))
        assert packets
        kinds.append(type(packets[0]))
    assert kinds == [SenderReport, SenderReport, ReceiverReport, ReceiverReport]


def test_what_was_received_is_reported_with_the_last_report_of_its_sender() -> None:
    one = session()
    assert one.received(write_rtcp([SenderReport(THEIRS, ntp_time(WALL_NS), 0, 7, 8)]), 3 * SECOND, OURS)
    assert one.peer_packets == 7
    packets = read_rtcp(one.report(5 * SECOND, WALL_NS, Stream(), heard(10), THEIRS))
    assert packets
    assert isinstance(packets[0], ReceiverReport)
    (told,) = packets[0].blocks
    assert (told.ssrc, told.cumulative_lost, told.highest_sequence) == (THEIRS, 0, 9)
    assert (told.last_sr, told.delay_since_last_sr) == (ntp_time(WALL_NS) >> 16 & 0xFFFFFFFF, 2 << 16)
    (other,) = (read_rtcp(one.report(5 * SECOND, WALL_NS, Stream(), heard(10), 0x33)) or [])[:1]
    assert isinstance(other, ReceiverReport)
    assert (other.blocks[0].last_sr, other.blocks[0].delay_since_last_sr) == (0, 0), "of another source there was no report"


def test_two_ends_know_their_round_trip() -> None:
    ours, theirs = session(), session(name="they@there")
    here, there = Stream(OURS), Stream(THEIRS)
    here.send(1, 0)
    there.send(1, 0)
    assert theirs.received(ours.report(10 * SECOND, WALL_NS, here, None), 10 * SECOND + 30 * MS, THEIRS)
    answer = theirs.report(12 * SECOND, WALL_NS - 3600 * SECOND, there, heard(5), OURS)
    assert ours.received(answer, 12 * SECOND + 50 * MS, OURS)
    assert ours.round_trip_ns == pytest.approx(80 * MS, abs=20_000)
    assert (ours.round_trips, ours.implausible) == (1, 0)
    assert (ours.peer_cname, ours.peer_lost, ours.peer_jitter_ns) == ("they@there", 0, 0)


def test_a_round_trip_that_cannot_be_is_dropped() -> None:
    one, stream = session(), Stream()
    stream.send(1, 0)
    one.report(SECOND, WALL_NS, stream, None)
    middle = ntp_time(WALL_NS) >> 16 & 0xFFFFFFFF
    for last_sr, delay, at_ns in (
        (middle ^ 1, 0, 2 * SECOND),  # a report that we never sent
        (middle, 2 << 16, 2 * SECOND),  # held longer than it was away
        (middle, 0xFFFFFFFF, 2 * SECOND),
        (middle, 0, 100 * SECOND),  # away for longer than anybody waits
    ):
        assert one.received(block(last_sr, delay), at_ns, OURS)
    assert (one.round_trip_ns, one.round_trips, one.implausible) == (-1, 0, 4)
    assert one.received(block(0, 0), 2 * SECOND, OURS), "who has had no report yet says zero"
    assert (one.round_trips, one.implausible) == (0, 4)
    assert one.received(block(middle, 65_537), 2 * SECOND, OURS)
    assert one.round_trip_ns == 0, "the unit of the time that it was held is coarse"


def test_what_the_peer_says_of_our_stream_only() -> None:
    one = session()
    assert one.received(block(ssrc=0x77), 0, OURS)
    assert (one.peer_lost, one.peer_fraction_lost, one.peer_jitter_ns) == (-1, -1.0, -1)
    assert one.received(block(), 0, OURS)
    assert (one.peer_lost, one.peer_fraction_lost, one.peer_jitter_ns) == (5, 0.25, 10 * MS)
    assert one.reports_received == 2


def test_a_clock_that_nobody_has_breaks_nothing() -> None:
    one = RtcpSession("us@here", 0, random.Random(1), 0)
    assert one.received(block(), 0, OURS)


def test_the_part_of_our_packets_that_the_peer_has_lost() -> None:
    one = session()
    assert one.peer_loss(100) == -1.0
    assert one.received(block(), 0, OURS)
    assert (one.peer_loss(100), one.peer_loss(4), one.peer_loss(0)) == (0.05, 1.0, 0.0)
    assert one.received(write_rtcp([ReceiverReport(THEIRS, (ReportBlock(OURS, 0, -1, 9, 0),))]), 0, OURS)
    assert one.peer_loss(100) == 0.0, "the network doubles packets"


def test_a_farewell_is_a_report_with_bye() -> None:
    stream = Stream()
    stream.send(1, 0)
    data = session().farewell(SECOND, WALL_NS, stream, heard(3), THEIRS, "done")
    packets = read_rtcp(data)
    assert packets is not None
    assert [type(packet) for packet in packets] == [SenderReport, SourceDescription, Goodbye]
    assert packets[2] == Goodbye((OURS,), "done")
    one = session()
    assert not one.goodbye
    assert one.received(data, 0, OURS)
    assert one.goodbye


def test_a_flood_is_read_in_part_only() -> None:
    one = session()
    taken = sum(one.received(block(), SECOND + number, OURS) for number in range(1000))
    assert (taken, one.flooded) == (MOST_A_SECOND, 1000 - MOST_A_SECOND)
    assert one.received(block(), 3 * SECOND, OURS)


def test_many_reports_take_no_memory() -> None:
    one, stream = session(), Stream()
    for number in range(1000):
        stream.send(1, number * SECOND)
        one.report(number * SECOND, WALL_NS + number * SECOND, stream, None)
    assert len(one._last_reports) < 10


@given(st.binary(max_size=100))
def test_anything_may_come(data: bytes) -> None:
    one = session()
    assert one.received(data, 0, OURS) is (one.malformed == 0)
