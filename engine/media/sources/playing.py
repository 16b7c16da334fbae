# SPDX-License-Identifier: AGPL-3.0-or-later
"""From what `rtp_stream` says, and the bytes of its file, to a track."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from engine.errors import MediaError
from engine.media.codecs import H264, ILBC, ILBC_20, Codec
from engine.media.playable import Playable
from engine.media.sources.annexb import annexb_track, is_annexb
from engine.media.sources.ogg import is_ogg, ogg_track
from engine.media.sources.pattern import pattern_track
from engine.media.sources.raw import raw_track
from engine.media.sources.spec import StreamSpec
from engine.media.sources.synthetic import synthetic_track
from engine.media.sources.wav import container_of, is_wav, wav_track
from engine.media.track import Track


def playable(spec: StreamSpec, data: bytes = b"") -> Playable:
    """Make what a specification says; `data` is what its file holds. Raises MediaError.

    A file is told by its beginning, not by its name: WAV, Ogg Opus, H.264 with start codes, what would be noise as payloads
    (MP3), else payloads. This takes time (resampling some 3 % of what it plays), so it is done where nobody waits.
    """
    if spec.file and not data:
        raise MediaError(spec.file, "the file is empty")
    track, loops = _track(spec, data)
    track.payload_type = spec.payload_type
    return Playable(track, loops, spec.payload_type, spec.kind)


def _track(spec: StreamSpec, data: bytes) -> tuple[Track, int]:
    if spec.pattern:
        return pattern_track(spec.pattern, spec.text, spec.codec), spec.loops
    if spec.synthetic is not None:
        return synthetic_track(spec.synthetic, spec.text, spec.codec, spec.loops)
    if is_ogg(data):
        return ogg_track(data, spec.file, spec.codec), spec.loops
    if spec.codec is H264 and is_annexb(data):
        return annexb_track(data, spec.file), spec.loops
    if is_wav(data):
        return wav_track(data, spec.file, spec.codec, spec.loops)
    if kind := container_of(data):
        raise MediaError(spec.file, f"{kind} cannot be read", "convert it to a RIFF WAV file")
    codec, start = _framing(spec.codec, data)
    return raw_track(data[start:], spec.file, codec, spec.loops)


_ILBC_FILES: Final[Mapping[bytes, Codec]] = {b"#!iLBC20\n": ILBC_20, b"#!iLBC30\n": ILBC}
"""How a file of iLBC may begin (RFC 3952 section 6); without such a line its frames are of 30 ms, as for SIPp."""


def _framing(codec: Codec, data: bytes) -> tuple[Codec, int]:
    """What the packets of a file of payloads are like, and where they begin."""
    if codec is ILBC:
        for line, found in _ILBC_FILES.items():
            if data.startswith(line):
                return found, len(line)
    return codec, 0
