# SPDX-License-Identifier: AGPL-3.0-or-later
"""SIPp's test patterns: every byte of every payload is the same, so whoever gets one back knows whether it came through."""

from __future__ import annotations

from engine.errors import MediaError
from engine.media.codecs import Codec
from engine.media.track import Track, spaced_track

PATTERNS = {1: 0xAA, 2: 0xBB, 3: 0xCC, 4: 0xDD, 5: 0xEE, 6: 0xFF}
"""The byte of each, by SIPp's number of the pattern."""
_PACKETS = 50


def pattern_track(number: int, name: str, codec: Codec) -> Track:
    """Some packets, all alike, none with the marker bit, to be played for ever. Raises MediaError."""
    if number not in PATTERNS:
        raise MediaError(name, f"there is no pattern {number}", "patterns are 1 to 6")
    if codec.packet_bytes is None:
        raise MediaError(name, f"packets of {codec.name} differ in size", "a pattern needs a codec whose packets do not")
    return spaced_track(
        bytes([PATTERNS[number]]) * codec.packet_bytes,
        [0] * _PACKETS,
        [codec.packet_bytes] * _PACKETS,
        codec.packet_ms,
        clock_rate=codec.clock_rate,
        payload_type=codec.payload_type,
        codec=codec.name,
    )
