# SPDX-License-Identifier: AGPL-3.0-or-later
"""Packets of RTP against RFC 3550 section 5."""

from __future__ import annotations

import struct

import dpkt
from hypothesis import example, given
from hypothesis import strategies as st

from engine.media.rtp import read_rtp, write_rtp
from tests.growth import grows_linearly

U16 = st.integers(0, 0xFFFF)
U32 = st.integers(0, 0xFFFFFFFF)


def payload_of(data: bytes) -> bytes | None:
    packet = read_rtp(data)
    return None if packet is None else data[packet.payload_start : packet.payload_end]


@given(st.integers(0, 127), U16, U32, U32, st.binary(max_size=200), st.booleans())
def test_what_is_written_is_read(kind: int, sequence: int, timestamp: int, ssrc: int, payload: bytes, marker: bool) -> None:
    data = write_rtp(kind, sequence, timestamp, ssrc, payload, marker)
    packet = read_rtp(data)
    assert packet is not None
    assert (packet.version, packet.payload_type, packet.marker) == (2, kind, marker)
    assert (packet.sequence, packet.timestamp, packet.ssrc) == (sequence, timestamp, ssrc)
    assert data[packet.payload_start : packet.payload_end] == payload


@given(st.integers(0, 127), U16, U32, U32, st.binary(max_size=200), st.booleans())
def test_another_reader_reads_the_same(
    kind: int, sequence: int, timestamp: int, ssrc: int, payload: bytes, marker: bool
) -> None:
    theirs = dpkt.rtp.RTP(write_rtp(kind, sequence, timestamp, ssrc, payload, marker))
    assert (theirs.version, theirs.p, theirs.x, theirs.cc, theirs.m) == (2, 0, 0, 0, int(marker))
    assert (theirs.pt, theirs.seq, theirs.ts, theirs.ssrc, theirs.data) == (kind, sequence, timestamp, ssrc, payload)


@given(st.integers(0, 15), st.none() | st.integers(0, 20), st.integers(0, 255), st.binary(max_size=100))
def test_sources_extension_and_padding_are_no_payload(sources: int, words: int | None, padding: int, payload: bytes) -> None:
    first = 0x80 | sources | (0x10 if words is not None else 0) | (0x20 if padding else 0)
    extension = b"" if words is None else struct.pack("!HH", 0xBEDE, words) + b"ext!" * words
    tail = bytes(padding - 1) + bytes([padding]) if padding else b""
    data = struct.pack("!BBHII", first, 8, 1, 160, 7) + b"csrc" * sources + extension + payload + tail
    assert payload_of(data) == payload


def test_parts_that_do_not_fit_make_it_no_packet() -> None:
    header = struct.pack("!BHII", 0, 1, 160, 7)
    assert payload_of(b"\x80" + header) == b""
    for data in (
        b"",
        b"\x80" + header[:-1],  # shorter than a header
        b"\x00" + header,  # versions that are not 2: STUN, DTLS, old RTP
        b"\x40" + header,
        b"\xc0" + header,
        b"\x81" + header + b"abc",  # a contributing source that is not there
        b"\x90" + header + b"abc",  # half the head of an extension
        b"\x90" + header + b"\xbe\xde\x00\x02" + b"four",  # an extension longer than the datagram
        b"\x90" + header + b"\xbe\xde\xff\xff" + b"four",
        b"\xa0" + header + b"sound\x00",  # padding that counts not even itself
        b"\xa0" + header + b"sound\x07",  # more padding than there is
        b"\xa0" + header,  # padding that would be the header
        b"\xb1" + header + b"csrc" + b"\xbe\xde\x00\x01" + b"four" + b"\x00\x03",
    ):
        assert read_rtp(data) is None


@given(st.binary(max_size=120))
@example(b"\xbf" + bytes(11))
@example(b"\xbf" + b"\xff" * 90)
def test_anything_is_a_packet_with_its_payload_inside_or_none(data: bytes) -> None:
    packet = read_rtp(data)
    assert packet is None or 12 <= packet.payload_start <= packet.payload_end <= len(data)


def test_numbers_beyond_their_sizes_wrap() -> None:
    packet = read_rtp(write_rtp(0, 65536 + 3, (1 << 32) + 5, (1 << 32) + 7, b""))
    assert packet is not None
    assert (packet.sequence, packet.timestamp, packet.ssrc) == (3, 5, 7)


def test_reading_takes_no_longer_for_a_large_packet() -> None:
    assert grows_linearly(lambda size: [read_rtp(b"\xbf" + b"\x01" * size) for _ in range(200)], 8000)
