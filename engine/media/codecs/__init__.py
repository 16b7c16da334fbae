# SPDX-License-Identifier: AGPL-3.0-or-later
"""Codecs: one table of what there is, by name and by payload type (RFC 3551 section 6 and its registry).

To add one: a `Codec` in a module of its own, and its place in `_TABLE`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from engine.media.codecs.codec import Codec, Decoder, Encoder
from engine.media.codecs.g711 import PCMA, PCMU
from engine.media.codecs.g722 import G722
from engine.media.codecs.l16 import CHANNELS, RATES, l16
from engine.media.codecs.passed import CN, G729, H264, ILBC, ILBC_20, OPUS

__all__ = [
    "CN",
    "FIRST_DYNAMIC",
    "G722",
    "G729",
    "H264",
    "ILBC",
    "ILBC_20",
    "L16_MONO",
    "L16_STEREO",
    "OPUS",
    "PCMA",
    "PCMU",
    "Codec",
    "Decoder",
    "Encoder",
    "codec_of",
    "l16",
    "static_codec",
]

L16_MONO = l16(44100)
L16_STEREO = l16(44100, 2)
_TABLE = (PCMU, PCMA, G722, G729, ILBC, CN, OPUS, H264, L16_MONO, L16_STEREO)
_BY_NAME: Mapping[str, Codec] = {codec.name.upper(): codec for codec in reversed(_TABLE)}
_OFTEN: Mapping[int, Codec] = {97: ILBC, 96: H264}
"""Dynamic payload types that the namesake in Go takes."""
_BY_TYPE: Mapping[int, Codec] = {**_OFTEN, **{codec.payload_type: codec for codec in _TABLE}}
FIRST_DYNAMIC = 96
"""Payload types from here on have no fixed meaning (RFC 3551 section 3)."""

_RTPMAP = re.compile(r"\s*([A-Za-z0-9_.+-]{1,32})(?:/(\d{1,7})(?:/(\d{1,3}))?)?\s*")


def codec_of(name: str | None, payload_type: int) -> Codec | None:
    """The codec of an `a=rtpmap`, `PCMU/8000` or just `PCMU`, in any case; without a name that of the payload type.

    The name decides. None when there is no such codec, or not with this clock rate or number of channels.
    """
    if name is None or not name.strip():
        return _BY_TYPE.get(payload_type)
    parts = _RTPMAP.fullmatch(name)
    if parts is None:
        return None
    known = _BY_NAME.get(parts[1].upper())
    if known is None:
        return None
    if known.name == "L16":
        return _l16_of(parts[2], parts[3])
    if parts[2] is not None and int(parts[2]) != known.clock_rate and not _rate_of_samples(known, int(parts[2])):
        return None
    return known


def _l16_of(rate: str | None, channels: str | None) -> Codec | None:
    hertz, count = int(rate or 44100), int(channels or 1)
    return l16(hertz, count) if hertz in RATES and count in CHANNELS else None


def _rate_of_samples(codec: Codec, rate: int) -> bool:
    """G722/16000 is wrong and often met."""
    return codec is G722 and rate == codec.sample_rate


def static_codec(payload_type: int) -> Codec | None:
    """The codec that a payload type below 96 always means, of those that we know."""
    return _BY_TYPE.get(payload_type) if payload_type < FIRST_DYNAMIC else None
