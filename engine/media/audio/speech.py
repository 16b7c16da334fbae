# SPDX-License-Identifier: AGPL-3.0-or-later
"""Where in a track there is sound: silence at its end is not what we say."""

from __future__ import annotations

import math
from dataclasses import dataclass

from engine.media.audio.energy import OVERLOAD, THRESHOLD_DBOV
from engine.media.codecs import Codec, codec_of, pcm, static_codec
from engine.media.rtp import read_rtp
from engine.media.track import Track

_WINDOW_MS = 5
_NS_A_SECOND = 1_000_000_000
_ADAPTS = "G722"
_TYPICAL_PACKET_NS = 20_000_000


@dataclass(frozen=True, slots=True)
class Sound:
    """From the first sound in a pass of a track to the end of the last, after the start of the pass."""

    begin_ns: int
    end_ns: int


def sound_in(track: Track, threshold_dbov: float = THRESHOLD_DBOV) -> Sound | None:
    """Where a track sounds; None when it is silent. One that we cannot decode sounds from its first packet to its last.

    It is looked at from both ends up to where it sounds, half a microsecond a silent packet.
    """
    codec = _codec_of_datagrams(track) if track.whole else codec_of_track(track)
    if codec is None or codec.make_decoder is None:
        return _all_of(track)
    count = len(track)
    for index in range(count):
        loud = _loud_in(track, codec, index, threshold_dbov)
        if loud is not None:
            begin_ns = track.dues_ns[index] + loud[0]
            break
    else:
        return None
    for index in reversed(range(count)):
        loud = _loud_in(track, codec, index, threshold_dbov)
        if loud is not None:
            return Sound(begin_ns, track.dues_ns[index] + loud[1])
    return None


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


def _payload(track: Track, codec: Codec, index: int) -> bytes:
    """Of a capture only that of packets of RTP that are of this codec."""
    start = track.starts[index]
    payload = track.payloads[start : start + track.sizes[index]]
    if not track.whole:
        return payload
    packet = read_rtp(payload)
    if packet is None or packet.payload_type != codec.payload_type:
        return b""
    return payload[packet.payload_start : packet.payload_end]


def _loud_in(track: Track, codec: Codec, index: int, threshold_dbov: float) -> tuple[int, int] | None:
    """Where a packet begins and ends to be loud, in ns after its beginning; None when it is silent.

    The decoder has heard the packet before, so that one which adapts itself has done so.
    """
    assert codec.make_decoder is not None
    decoder = codec.make_decoder()
    if index and codec.name == _ADAPTS:
        decoder.decode(_payload(track, codec, index - 1))
    samples = decoder.decode(_payload(track, codec, index))
    frame = pcm.WIDTH * codec.channels
    size = max(1, codec.sample_rate * _WINDOW_MS // 1000) * frame
    windows = -(-len(samples) // size)
    least = OVERLOAD * 10 ** (threshold_dbov / 20)
    if not windows or pcm.rms(samples, pcm.WIDTH) < least / math.sqrt(windows) - 1:
        return None
    places = range(0, len(samples), size)
    loud = [place for place in places if pcm.rms(samples[place : place + size], pcm.WIDTH) >= least]
    if not loud:
        return None
    bytes_a_second = codec.sample_rate * frame
    end = min(loud[-1] + size, len(samples))
    return loud[0] * _NS_A_SECOND // bytes_a_second, end * _NS_A_SECOND // bytes_a_second
