# SPDX-License-Identifier: AGPL-3.0-or-later
"""Samples of the packets of one source, whatever payload types come."""

from __future__ import annotations

from engine.media.codecs import Codec, Decoder, codec_of
from engine.media.sdp import Format


class Decoding:
    """Decoders for the payload types that have come. `codec` is that of the last packet, None when we cannot decode it."""

    __slots__ = ("_decoders", "codec")

    def __init__(self) -> None:
        self._decoders: dict[int, tuple[Codec, Decoder] | None] = {}
        self.codec: Codec | None = None

    def decode(self, known: Format | None, payload_type: int, payload: bytes) -> bytes:
        """Samples of 16 bits, of `codec`'s rate, whole ones of all its channels; b"" when we cannot decode it."""
        if payload_type in self._decoders:
            found = self._decoders[payload_type]
        else:
            found = self._decoders[payload_type] = _decoder(known, payload_type)
        if found is None:
            self.codec = None
            return b""
        codec, decoder = found
        self.codec = codec
        rest = len(payload) % codec.frame_bytes
        return decoder.decode(payload[:-rest] if rest else payload)


def _decoder(known: Format | None, payload_type: int) -> tuple[Codec, Decoder] | None:
    name = f"{known.name}/{known.clock_rate}/{known.channels}" if known is not None else None
    codec = codec_of(name, payload_type)
    if codec is None or codec.make_decoder is None:
        return None
    return codec, codec.make_decoder()
