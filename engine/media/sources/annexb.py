# SPDX-License-Identifier: AGPL-3.0-or-later
"""H.264 as encoders write it (ITU-T H.264 annex B), put into packets as RFC 6184 says, at 30 pictures a second.

A file that has no start codes is cut into pieces of one size instead, as SIPp does with any.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from typing import Final

from engine.media.codecs import H264
from engine.media.sources.limits import check_size
from engine.media.track import NS_A_SECOND, Track

MOST_PAYLOAD_BYTES: Final = 1200
PICTURES_A_SECOND: Final = 30
_START: Final = b"\0\0\1"
_SLICES: Final = frozenset({1, 5})
_BEGINNERS: Final = frozenset({6, 7, 8, 9})
"""What stands before the slices of a picture: SEI, parameter sets, a delimiter."""
_FU_A: Final = 28


def is_annexb(data: bytes) -> bool:
    """Whether a file begins with a start code."""
    return data[:3] == _START or data[:4] == b"\0" + _START


def annexb_track(data: bytes, name: str) -> Track:
    """The packets of an H.264 file. Raises MediaError when it is too large."""
    payloads: list[bytes] = []
    pictures: list[int] = []
    markers = bytearray()
    count = 0
    for count, units in enumerate(_pictures(data)):
        for unit in units:
            pieces = _payloads(unit)
            payloads += pieces
            pictures += [count] * len(pieces)
            markers += bytes(len(pieces))
        markers[-1] = 1
    sizes = array("H", map(len, payloads))
    starts, at = array("I"), 0
    for size in sizes:
        starts.append(at)
        at += size
    count += 1
    check_size(name, at, len(payloads), count * 1000 / PICTURES_A_SECOND)
    return Track(
        b"".join(payloads),
        starts,
        sizes,
        array("Q", [picture * NS_A_SECOND // PICTURES_A_SECOND for picture in pictures]),
        array("Q", [picture * H264.clock_rate // PICTURES_A_SECOND for picture in pictures]),
        bytes(markers),
        period_ns=count * NS_A_SECOND // PICTURES_A_SECOND,
        period_ticks=count * H264.clock_rate // PICTURES_A_SECOND,
        payload_type=H264.payload_type,
        clock_rate=H264.clock_rate,
        codec=H264.name,
    )


def _units(data: bytes) -> Iterator[bytes]:
    """The NAL units, without start codes; empty ones are none."""
    at = data.find(_START)
    while at >= 0:
        following = data.find(_START, at + 3)
        unit = data[at + 3 : following if following >= 0 else len(data)].rstrip(b"\0")
        if unit:
            yield unit
        at = following


def _pictures(data: bytes) -> Iterator[list[bytes]]:
    """The units of each picture: a new one begins with what stands before slices, or a slice that begins at the first block."""
    units: list[bytes] = []
    has_slice = False
    for unit in _units(data):
        kind = unit[0] & 31
        begins = kind in _BEGINNERS or (kind in _SLICES and len(unit) > 1 and unit[1] & 0x80)
        if begins and has_slice:
            yield units
            units, has_slice = [], False
        units.append(unit)
        has_slice = has_slice or kind in _SLICES
    if units:
        yield units


def _payloads(unit: bytes) -> list[bytes]:
    """A unit as it is, or in fragments (RFC 6184 section 5.8)."""
    if len(unit) <= MOST_PAYLOAD_BYTES:
        return [unit]
    indicator, kind = bytes([unit[0] & 0xE0 | _FU_A]), unit[0] & 31
    step = MOST_PAYLOAD_BYTES - 2
    pieces = [unit[at : at + step] for at in range(1, len(unit), step)]
    heads = [kind] * len(pieces)
    heads[0] |= 0x80
    heads[-1] |= 0x40
    return [indicator + bytes([head]) + piece for head, piece in zip(heads, pieces, strict=True)]
