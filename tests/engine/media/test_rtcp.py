# SPDX-License-Identifier: AGPL-3.0-or-later
"""Packets of RTCP against RFC 3550 section 6."""

from __future__ import annotations

import struct

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.media.rtcp import (
    MOST_BYTES,
    MOST_PACKETS,
    Goodbye,
    ReceiverReport,
    ReportBlock,
    RtcpPacket,
    SenderReport,
    SourceDescription,
    ntp_middle,
    ntp_time,
    read_rtcp,
    write_rtcp,
)
from tests.growth import grows_linearly

U8 = st.integers(0, 0xFF)
U32 = st.integers(0, 0xFFFFFFFF)
TEXT = st.text(max_size=60).filter(lambda text: len(text.encode("utf-8", "replace")) < 256 and text.isprintable())
BLOCK = st.builds(ReportBlock, U32, U8, st.integers(-(1 << 23), (1 << 23) - 1), U32, U32, U32, U32)
BLOCKS = st.lists(BLOCK, max_size=31).map(tuple)
PACKET: st.SearchStrategy[RtcpPacket] = st.one_of(
    st.builds(SenderReport, U32, st.integers(0, (1 << 64) - 1), U32, U32, U32, BLOCKS),
    st.builds(ReceiverReport, U32, BLOCKS),
    st.builds(SourceDescription, st.dictionaries(U32, TEXT, max_size=31)),
    st.builds(Goodbye, st.lists(U32, max_size=31).map(tuple), TEXT),
)
BLOCK_OF_THE_RFC = ReportBlock(0x11223344, 128, -2, 0x00010005, 42, 0xB7058000, 0x00054000)


@given(st.lists(PACKET, min_size=1, max_size=4))
def test_what_is_written_is_read(packets: list[RtcpPacket]) -> None:
    data = write_rtcp(packets)
    assert len(data) % 4 == 0
    assert len(data) > MOST_BYTES or read_rtcp(data) == packets


def test_a_compound_packet_is_laid_out_as_the_rfc_draws_it() -> None:
    sender = SenderReport(1, 0xB705_8000_0000_0000, 2, 3, 4, (BLOCK_OF_THE_RFC,))
    data = write_rtcp([sender, SourceDescription({1: "a@b"}), Goodbye((1,), "bye")])
    assert data == bytes.fromhex(
        "81c8000c 00000001 b7058000 00000000 00000002 00000003 00000004"
        "11223344 80fffffe 00010005 0000002a b7058000 00054000"
        "81ca0003 00000001 01036140 62000000"
        "81cb0002 00000001 03627965"
    )


def test_a_name_always_ends_with_a_null_byte() -> None:
    assert write_rtcp([SourceDescription({7: "ab"})]) == bytes.fromhex("81ca0003 00000007 01026162 00000000")


def test_other_items_other_packets_and_padding_are_passed_over() -> None:
    items = b"\x02\x03Ada" + b"\x01\x01n" + b"\x08\x02pq" + b"\x00" * 4
    described = struct.pack("!BBHI", 0x81, 202, 1 + len(items) // 4, 9) + items
    app = struct.pack("!BBHI4s", 0x80, 204, 2, 9, b"name")
    feedback = struct.pack("!BBHII", 0x81, 206, 2, 9, 8)
    padded = struct.pack("!BBHI", 0xA0, 201, 2, 9) + b"\x00\x00\x00\x04"
    assert read_rtcp(app + feedback + described + padded) == [SourceDescription({9: "n"}), ReceiverReport(9)]
    assert read_rtcp(app) == []


def test_what_is_malformed_is_not_believed_at_all() -> None:
    report = write_rtcp([ReceiverReport(9)])
    for data in (
        b"",
        b"\x80",
        report[:-1],
        report + b"\x80\xc9\x00",  # half a header after a good packet
        b"\x40" + report[1:],  # another version
        b"\x80\x00" + report[2:],  # RTP
        b"\x81" + report[1:],  # a report block that is not there
        b"\x80\xc8" + report[2:],  # a sender report without the sender
        b"\x80\xc9\x00\x00",  # a report of nobody
        b"\x80\xc9\xff\xff" + report[4:],  # longer than the datagram
        struct.pack("!BBHI", 0xA0, 201, 1, 9) + report,  # padding before the last packet
        struct.pack("!BBHII", 0xA0, 201, 2, 9, 0),  # padding of nothing
        struct.pack("!BBHII", 0xA0, 201, 2, 9, 5),  # of no whole words
        struct.pack("!BBHII", 0xA0, 201, 2, 9, 12),  # of more than there is
        b"\x81\xca\x00\x00",  # a description without its source
        b"\x81\xca\x00\x02\x00\x00\x00\x09\x01\x01nn",  # items that do not end
        b"\x81\xca\x00\x02\x00\x00\x00\x09\x01\x09nn",  # longer than the packet
        b"\x82\xcb\x00\x01\x00\x00\x00\x09",  # a goodbye of two, of which one is there
        b"\x81\xcb\x00\x02\x00\x00\x00\x09\x04bye",  # a reason longer than the packet
    ):
        assert read_rtcp(data) is None, data.hex()


@given(
    st.binary(max_size=200) | st.lists(PACKET, max_size=3).map(write_rtcp).flatmap(lambda data: st.just(data[: len(data) // 2]))
)
@example(b"\xbf\xca" + b"\x00\x3f" + b"\xff" * 252)
def test_anything_is_read_or_refused(data: bytes) -> None:
    found = read_rtcp(data)
    assert found is None or len(found) <= MOST_PACKETS


def test_a_datagram_of_very_many_packets_is_refused() -> None:
    assert read_rtcp(write_rtcp([ReceiverReport(9)] * MOST_PACKETS)) == [ReceiverReport(9)] * MOST_PACKETS
    assert read_rtcp(write_rtcp([ReceiverReport(9)] * (MOST_PACKETS + 1))) is None
    assert read_rtcp(b"\x80\xcc\x3f\xff" + bytes(0xFFFC)) is None


def test_no_datagram_takes_long() -> None:
    def items(size: int) -> bytes:
        return b"\x81\xca" + struct.pack("!HI", size // 4 + 1, 9) + b"\x02\x00" * (size // 2)

    assert grows_linearly(lambda size: read_rtcp(items(size)), 400)


def test_more_sources_than_a_packet_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="room for 31 sources, not for 32"):
        write_rtcp([Goodbye(tuple(range(32)))])


def test_a_long_text_is_cut_at_a_character() -> None:
    (packet,) = read_rtcp(write_rtcp([SourceDescription({1: "ä" * 200})])) or []
    assert isinstance(packet, SourceDescription)
    assert packet.cnames == {1: "ä" * 127}


def test_times_are_those_of_ntp() -> None:
    assert ntp_time(0) == 2_208_988_800 << 32
    assert ntp_time(500_000_000) == (2_208_988_800 << 32) + (1 << 31)
    assert ntp_time(2_085_978_496 * 10**9) == 0  # the era that begins in February 2036
    assert ntp_middle(0x1234_5678_9ABC_DEF0) == 0x5678_9ABC
