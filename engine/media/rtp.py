# SPDX-License-Identifier: AGPL-3.0-or-later
"""Packets of RTP (RFC 3550 section 5): what a datagram says, and how one is written."""

from __future__ import annotations

import struct
from typing import Final

HEADER: Final = struct.Struct("!BBHII")
"""A header without contributing sources and extension (section 5.1): version, marker and payload type, sequence, timestamp,
source."""
HEADER_BYTES: Final = 12
VERSION_BITS: Final = 0x80
"""Version 2 where the header has it, in the two highest bits of the first byte."""
MARKER: Final = 0x80
"""The marker bit, in the byte of the payload type."""

_VERSION: Final = 2
_PADDING: Final = 0x20
_EXTENSION: Final = 0x10
_SOURCES: Final = 0x0F
_WORD: Final = 4


class Rtp:
    """The header of a packet, and where in its datagram the payload is (`data[payload_start:payload_end]`, maybe empty)."""

    __slots__ = ("marker", "payload_end", "payload_start", "payload_type", "sequence", "ssrc", "timestamp", "version")

    def __init__(
        self, payload_type: int, marker: bool, sequence: int, timestamp: int, ssrc: int, payload_start: int, payload_end: int
    ) -> None:
        self.version = 2
        self.payload_type = payload_type
        self.marker = marker
        self.sequence = sequence
        self.timestamp = timestamp
        self.ssrc = ssrc
        self.payload_start = payload_start
        self.payload_end = payload_end


def read_rtp(data: bytes) -> Rtp | None:
    """The packet that a datagram is; None when it is none of version 2, or its parts do not fit into it.

    Contributing sources, the header extension and padding are passed over. RTCP that comes to the same port (RFC 5761) has to
    be told apart before: `engine.media.demux`.
    """
    size = len(data)
    if size < HEADER_BYTES:
        return None
    first = data[0]
    if first >> 6 != _VERSION:
        return None
    start = HEADER_BYTES + _WORD * (first & _SOURCES)
    end = size
    if first & _EXTENSION:
        if start + _WORD > size:
            return None
        start += _WORD + _WORD * (data[start + 2] << 8 | data[start + 3])
    if first & _PADDING:
        padding = data[size - 1]
        if padding == 0:
            return None
        end -= padding
    if start > end:
        return None
    second = data[1]
    return Rtp(
        second & 0x7F,
        second >= MARKER,
        data[2] << 8 | data[3],
        data[4] << 24 | data[5] << 16 | data[6] << 8 | data[7],
        data[8] << 24 | data[9] << 16 | data[10] << 8 | data[11],
        start,
        end,
    )


def write_rtp(payload_type: int, sequence: int, timestamp: int, ssrc: int, payload: bytes, marker: bool = False) -> bytes:
    """A packet without extension and padding; sequence, timestamp and source are taken modulo their sizes."""
    second = payload_type & 0x7F | (MARKER if marker else 0)
    return HEADER.pack(VERSION_BITS, second, sequence & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc & 0xFFFFFFFF) + payload
