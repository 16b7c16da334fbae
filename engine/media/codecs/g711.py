# SPDX-License-Identifier: AGPL-3.0-or-later
"""G.711: µ-law and A-law (RFC 3551 section 4.5.14), a byte a sample, nothing remembered."""

from __future__ import annotations

from engine.media.codecs.codec import Codec
from engine.media.codecs.pcm import WIDTH, alaw2lin, lin2alaw, lin2ulaw, ulaw2lin


class Ulaw:
    """Both ways of µ-law."""

    def encode(self, pcm: bytes) -> bytes:
        """A byte for each sample."""
        return lin2ulaw(pcm, WIDTH)

    def decode(self, payload: bytes) -> bytes:
        """A sample for each byte."""
        return ulaw2lin(payload, WIDTH)


class Alaw:
    """Both ways of A-law."""

    def encode(self, pcm: bytes) -> bytes:
        """A byte for each sample."""
        return lin2alaw(pcm, WIDTH)

    def decode(self, payload: bytes) -> bytes:
        """A sample for each byte."""
        return alaw2lin(payload, WIDTH)


PCMU = Codec("PCMU", 0, 8000, 8000, packet_bytes=160, make_encoder=Ulaw, make_decoder=Ulaw)
PCMA = Codec("PCMA", 8, 8000, 8000, packet_bytes=160, make_encoder=Alaw, make_decoder=Alaw)
