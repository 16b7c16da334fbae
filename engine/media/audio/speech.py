# SPDX-License-Identifier: AGPL-3.0-or-later
"""Where in a track there is sound: silence at its end is not what we say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from engine.media.audio.energy import THRESHOLD_DBOV, dbov
from engine.media.codecs import Codec, codec_of, pcm, static_codec
from engine.media.rtp import read_rtp
from engine.media.track import Track

_WINDOW_MS = 5
_NS_A_SECOND = 1_000_000_000
_TYPICAL_PACKET_NS = 20_000_000


@dataclass(frozen=True, slots=True)
class Sound:
    """From the first sound in a pass of a track to the end of the last, after the start of the pass."""

    begin_ns: int
    end_ns: int


def sound_in(track: Track, threshold_dbov: float = THRESHOLD_DBOV) -> Sound | None:
    """Where a track sounds; None when it is silent. One that we cannot decode sounds from its first packet to its last.

    Once for a track, where it is loaded: it takes about a microsecond a packet.
    """
    codec = _codec_of_datagrams(track) if track.whole else codec_of_track(track)
    if codec is None or codec.make_decoder is None:
        return _all_of(track)
    begin_ns, end_ns = -1, -1
    for due_ns, samples in _decoded(track, codec):
        place = _loud_in(samples, codec, threshold_dbov)
        if place is not None:
            begin_ns = due_ns + place[0] if begin_ns < 0 else begin_ns
            end_ns = max(end_ns, due_ns + place[1])
    return Sound(begin_ns, end_ns) if begin_ns >= 0 else None


def codec_of_track(track: Track) -> Codec | None:
    """What a track is encoded in; None when it is nothing that we know."""
    name = track.codec if not track.codec or "/" in track.codec else f"{track.codec}/{track.clock_rate}"
    return codec_of(name or None, track.payload_type)


def _all_of(track: Track) -> Sound | None:
    count = len(track)
    if not count:
        return None
    last_ns = track.dues_ns[count - 1]
    packet_ns = min(max(track.period_ns - last_ns, 0), _TYPICAL_PACKET_NS) or _TYPICAL_PACKET_NS
    return Sound(track.dues_ns[0], last_ns + packet_ns)


def _codec_of_datagrams(track: Track) -> Codec | None:
    """The codec of a capture: that of the static payload type of its first packet of RTP."""
    for start, size in zip(track.starts, track.sizes, strict=True):
        packet = read_rtp(track.payloads[start : start + size])
        if packet is not None:
            return static_codec(packet.payload_type)
    return None


def _decoded(track: Track, codec: Codec) -> Iterator[tuple[int, bytes]]:
    """When each packet is due, and its samples; of a capture only the packets of RTP that are of this codec."""
    assert codec.make_decoder is not None
    decoder = codec.make_decoder()
    for due_ns, start, size in zip(track.dues_ns, track.starts, track.sizes, strict=True):
        payload = track.payloads[start : start + size]
        if track.whole:
            packet = read_rtp(payload)
            if packet is None or packet.payload_type != codec.payload_type:
                continue
            payload = payload[packet.payload_start : packet.payload_end]
        yield due_ns, decoder.decode(payload)


def _loud_in(samples: bytes, codec: Codec, threshold_dbov: float) -> tuple[int, int] | None:
    """Where a packet begins and ends to be loud, in ns after its beginning."""
    frame = pcm.WIDTH * codec.channels
    size = max(1, codec.sample_rate * _WINDOW_MS // 1000) * frame
    loud = [
        place
        for place in range(0, len(samples), size)
        if dbov(pcm.rms(samples[place : place + size], pcm.WIDTH)) >= threshold_dbov
    ]
    if not loud:
        return None
    bytes_a_second = codec.sample_rate * frame
    end = min(loud[-1] + size, len(samples))
    return loud[0] * _NS_A_SECOND // bytes_a_second, end * _NS_A_SECOND // bytes_a_second
