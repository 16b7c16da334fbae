# SPDX-License-Identifier: AGPL-3.0-or-later
"""PCM through our codecs, for tests: there, back, and as a track. Only those that we can decode."""

from __future__ import annotations

from engine.media.codecs import Codec
from engine.media.track import Track, even_track


def decoded(codec: Codec, payload: bytes) -> bytes:
    """The PCM of a payload, by a decoder of its own."""
    assert codec.make_decoder is not None
    return codec.make_decoder().decode(payload)


def encoded(codec: Codec, pcm: bytes) -> bytes:
    """The payload of PCM, by an encoder of its own."""
    assert codec.make_encoder is not None
    return codec.make_encoder().encode(pcm)


def track_of(codec: Codec, pcm: bytes, payload_type: int | None = None) -> Track:
    """The PCM in packets; without a payload type, with the codec's."""
    assert codec.packet_bytes is not None
    return even_track(
        encoded(codec, pcm),
        codec.packet_bytes,
        codec.packet_ms,
        clock_rate=codec.clock_rate,
        payload_type=codec.payload_type if payload_type is None else payload_type,
        codec=codec.name,
    )
