# SPDX-License-Identifier: AGPL-3.0-or-later
"""Files of payloads without any header, cut into packets as SIPp's `rtp_stream` cuts them.

All packets are whole. Where the file does not end with a packet, the next pass goes on within it; the last packet of all is
filled up from the beginning of the file. So two passes of 200 bytes are three packets of 160.
"""

from __future__ import annotations

from array import array
from math import gcd

from engine.errors import MediaError
from engine.media.codecs import Codec
from engine.media.sources.limits import check_size
from engine.media.track import Track, even_track, spaced_track

_MOST_SPLICED = 100_000
"""Packets of a track that goes on within a packet; beyond, each pass begins with a packet of its own."""


def raw_track(data: bytes, name: str, codec: Codec, loops: int = 1) -> tuple[Track, int]:
    """The packets of a file that is played `loops` times (-1: for ever), and how often to play these. Raises MediaError."""
    size = codec.packet_bytes
    if size is None:
        raise MediaError(name, f"packets of {codec.name} differ in size, this file does not say how", "give an Ogg Opus file")
    if not data:
        raise MediaError(name, "the file is empty")
    check_size(name, len(data), -(-len(data) // size), len(data) / size * codec.packet_ms)
    if len(data) % size == 0:
        track = even_track(
            data, size, codec.packet_ms, clock_rate=codec.clock_rate, payload_type=codec.payload_type, codec=codec.name
        )
        return track, loops
    count, passes = _spliced(len(data), size, loops)
    return _wrapped(data, size, count, codec), passes


def _spliced(length: int, size: int, loops: int) -> tuple[int, int]:
    """Packets, and how often to play them, so that each pass over the file goes on where the one before ended."""
    if loops < 0:
        count = length // gcd(length, size)
        return (count, loops) if count <= _MOST_SPLICED else (-(-length // size), loops)
    count = -(-length * loops // size)
    return (count, 1) if count <= _MOST_SPLICED else (-(-length // size), loops)


def _wrapped(data: bytes, size: int, count: int, codec: Codec) -> Track:
    length = len(data)
    held = data + (data * -(-size // length))[:size]
    starts = array("I", [k * size % length for k in range(count)])
    return spaced_track(
        held,
        starts,
        array("H", [size]) * count,
        codec.packet_ms,
        clock_rate=codec.clock_rate,
        payload_type=codec.payload_type,
        codec=codec.name,
    )
