# SPDX-License-Identifier: AGPL-3.0-or-later
"""Media without a file: a tone, the ringback tone, or silence, encoded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from engine.errors import MediaError
from engine.media.codecs import Codec
from engine.media.codecs.pcm import WIDTH, tostereo
from engine.media.sources.limits import check_size
from engine.media.sources.raw import raw_track
from engine.media.sources.tones import RINGBACK_OFF_MS, RINGBACK_ON_MS, TONE_DBM0, ringback, tone
from engine.media.sources.wav import encoded
from engine.media.track import Track

TONE_HZ = 1000.0
FREQUENCIES_HZ = (20.0, 20_000.0)
LEVELS_DBM0 = (-70.0, 3.0)


class Sound(StrEnum):
    """What there is to be heard."""

    RINGBACK = "ringback"
    SILENCE = "silence"
    TONE = "tone"


@dataclass(frozen=True, slots=True)
class Synthetic:
    """What to make up. `duration_ms` 0 is a second, of ringback once through its cadence; `packet_ms` 0 what the codec has."""

    sound: Sound = Sound.RINGBACK
    frequency_hz: float = TONE_HZ
    level_dbm0: float = TONE_DBM0
    packet_ms: int = 0
    duration_ms: int = 0


def synthetic_track(what: Synthetic, name: str, codec: Codec, loops: int = 1) -> tuple[Track, int]:
    """Its packets, and how often to play them. Raises MediaError."""
    if codec.make_encoder is None or codec.packet_bytes is None:
        raise MediaError(name, f"nothing here can encode {codec.name}", "give a file of its frames")
    if what.packet_ms:
        codec = with_packet_ms(codec, what.packet_ms, name)
    usual_ms = RINGBACK_ON_MS + RINGBACK_OFF_MS if what.sound is Sound.RINGBACK else 1000
    duration_ms = what.duration_ms or usual_ms
    packets = -(-duration_ms // codec.packet_ms)
    check_size(name, packets * (codec.packet_bytes or 0), packets, duration_ms)
    mono = _MAKERS[what.sound](what, codec.sample_rate, duration_ms)
    blocks = mono if codec.channels == 1 else (tostereo(block, WIDTH, 1, 1) for block in mono)
    return raw_track(encoded(blocks, codec, loops), name, codec, loops)


def with_packet_ms(codec: Codec, packet_ms: int, name: str) -> Codec:
    """The codec with packets of another length. Raises MediaError when there are no such packets."""
    frames = packet_ms / codec.frame_ms
    size = round(frames) * codec.frame_bytes
    if codec.packet_bytes is None or abs(frames - round(frames)) > 1e-6 or not 0 < size <= _MOST_PAYLOAD_BYTES:
        raise MediaError(name, f"{codec.name} has no packets of {packet_ms} ms")
    return replace(codec, packet_ms=packet_ms, packet_bytes=size)


_MOST_PAYLOAD_BYTES = 1 << 13


def _silence(what: Synthetic, rate: int, duration_ms: int) -> Iterator[bytes]:
    yield bytes(WIDTH * (rate * duration_ms // 1000))


def _tone(what: Synthetic, rate: int, duration_ms: int) -> Iterator[bytes]:
    yield tone(what.frequency_hz, what.level_dbm0, rate, duration_ms)


def _ringback(what: Synthetic, rate: int, duration_ms: int) -> Iterator[bytes]:
    return ringback(rate, duration_ms, what.level_dbm0)


_MAKERS: Mapping[Sound, Callable[[Synthetic, int, int], Iterator[bytes]]] = {
    Sound.RINGBACK: _ringback,
    Sound.SILENCE: _silence,
    Sound.TONE: _tone,
}
