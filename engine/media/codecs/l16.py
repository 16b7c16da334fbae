# SPDX-License-Identifier: AGPL-3.0-or-later
"""L16: samples as they are, the high byte first (RFC 3551 section 4.5.11), at any rate, with any number of channels."""

from __future__ import annotations

from functools import lru_cache

from engine.media.codecs.codec import Codec
from engine.media.codecs.pcm import LITTLE_ENDIAN, WIDTH, byteswap

RATES = range(4000, 192_001)
CHANNELS = range(1, 9)
_MOST_PAYLOAD_BYTES = 1400
_PACKET_MS = (20, 10, 5, 4, 2, 1)
_STATIC = {(44100, 2): 10, (44100, 1): 11}
_DYNAMIC_TYPE = 96


class L16:
    """Both ways."""

    def encode(self, pcm: bytes) -> bytes:
        """Two bytes a sample."""
        return byteswap(pcm, WIDTH) if LITTLE_ENDIAN else bytes(pcm)

    def decode(self, payload: bytes) -> bytes:
        """A sample for each two bytes."""
        whole = payload[: len(payload) & ~1]
        return byteswap(whole, WIDTH) if LITTLE_ENDIAN else bytes(whole)


@lru_cache(64)
def l16(rate: int, channels: int = 1) -> Codec:
    """The codec for a rate in Hz and a number of channels; its packets are short enough for a datagram of 1500 bytes."""
    frame_bytes = WIDTH * channels
    packet_ms = next((ms for ms in _PACKET_MS if frame_bytes * (rate * ms // 1000) <= _MOST_PAYLOAD_BYTES), 1)
    return Codec(
        "L16",
        _STATIC.get((rate, channels), _DYNAMIC_TYPE),
        rate,
        rate,
        packet_bytes=frame_bytes * (rate * packet_ms // 1000),
        packet_ms=packet_ms,
        channels=channels,
        frame_bytes=frame_bytes,
        frame_ms=1000 / rate,
        make_encoder=L16,
        make_decoder=L16,
    )
