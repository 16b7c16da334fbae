# SPDX-License-Identifier: AGPL-3.0-or-later
"""Codecs whose payloads pass through: they are played from files that hold them, and not turned into samples.

Sizes and times are those of SIPp's `rtp_stream`, and where it does not know a codec, the usual ones.
"""

from __future__ import annotations

from engine.media.codecs.codec import Codec

G729 = Codec("G729", 18, 8000, 8000, packet_bytes=20, frame_bytes=10, frame_ms=10)
"""RFC 3551 section 4.5.6: frames of 10 bytes, two to a packet."""
ILBC = Codec("iLBC", 98, 8000, 8000, packet_bytes=50, packet_ms=30, frame_bytes=50, frame_ms=30)
"""RFC 3952 in its mode of 30 ms, as SIPp has it; that of 20 ms has 38 bytes (`ILBC_20`)."""
ILBC_20 = Codec("iLBC", 98, 8000, 8000, packet_bytes=38, packet_ms=20, frame_bytes=38, frame_ms=20)
CN = Codec("CN", 13, 8000, 8000, packet_bytes=1, packet_ms=150, frame_bytes=1, frame_ms=150)
"""RFC 3389: a level of noise."""
OPUS = Codec("opus", 111, 48000, 48000, packet_bytes=None, channels=2, frame_bytes=1, frame_ms=2.5)
"""RFC 7587: packets of any size, which tell their own duration."""
H264 = Codec("H264", 99, 90000, 90000, packet_bytes=1280, packet_ms=160, frame_bytes=1, frame_ms=160)
"""RFC 6184; SIPp cuts a file into pieces of 1280 bytes."""
