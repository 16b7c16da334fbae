# SPDX-License-Identifier: AGPL-3.0-or-later
"""G.722 at 64 kbit/s: samples of 16 kHz, two to a byte, while RTP counts 8000 a second (RFC 3551 section 4.5.2).

The coder adapts itself to what it hears, so each stream needs one of its own, each way.
"""

from __future__ import annotations

from array import array

from G722 import G722 as Coder

from engine.media.codecs.codec import Codec

_SAMPLE_RATE = 16000
_BIT_RATE = 64000


class Encoder:
    """One stream, to bytes."""

    def __init__(self) -> None:
        self._coder = Coder(_SAMPLE_RATE, _BIT_RATE)

    def encode(self, pcm: bytes) -> bytes:
        """A byte for each two samples; one that is left over is dropped."""
        samples = array("h")
        samples.frombytes(pcm)
        payload: bytes = self._coder.encode(samples)
        return payload


class Decoder:
    """One stream, to samples."""

    def __init__(self) -> None:
        self._coder = Coder(_SAMPLE_RATE, _BIT_RATE)

    def decode(self, payload: bytes) -> bytes:
        """Two samples for each byte."""
        samples: array[int] = self._coder.decode(payload)
        return samples.tobytes()


G722 = Codec("G722", 9, 8000, _SAMPLE_RATE, packet_bytes=160, adapts=True, make_encoder=Encoder, make_decoder=Decoder)
