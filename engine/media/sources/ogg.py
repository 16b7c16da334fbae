# SPDX-License-Identifier: AGPL-3.0-or-later
"""Ogg Opus files (RFC 3533, RFC 7845): their packets as they are, each as long as its first byte says (RFC 6716, 3.1).

So Opus is played without a codec. Checksums are not looked at: what the receiver makes of a packet is what is tested.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from typing import Final

from engine.errors import MediaError
from engine.media.codecs import OPUS, Codec
from engine.media.sources.limits import MOST_PACKETS, check_size
from engine.media.track import NS_A_SECOND, Track

_CAPTURE: Final = b"OggS"
_PAGE_HEADER: Final = 27
_CONTINUED: Final = 1
_WHOLE_SEGMENT: Final = 255
_MOST_PACKET_BYTES: Final = 8192
_LONGEST_TICKS: Final = 5760
"""120 ms at 48 kHz (RFC 6716 section 3.2.5, R5)."""
_SILK_TICKS, _HYBRID_TICKS, _CELT_TICKS = (480, 960, 1920, 2880), (480, 960), (120, 240, 480, 960)
_FIRST_HYBRID, _FIRST_CELT = 12, 16


def is_ogg(data: bytes) -> bool:
    """Whether a file begins as an Ogg file does."""
    return data[:4] == _CAPTURE


def duration_ticks(packet: bytes) -> int:
    """How long an Opus packet sounds, in units of 48 kHz; 0 when it is none."""
    if not packet:
        return 0
    config, code = packet[0] >> 3, packet[0] & 3
    if config < _FIRST_HYBRID:
        ticks = _SILK_TICKS[config & 3]
    elif config < _FIRST_CELT:
        ticks = _HYBRID_TICKS[config & 1]
    else:
        ticks = _CELT_TICKS[config & 3]
    frames = (1, 2, 2, packet[1] & 0x3F if len(packet) > 1 else 0)[code]
    return ticks * frames if ticks * frames <= _LONGEST_TICKS else 0


def ogg_track(data: bytes, name: str, codec: Codec) -> Track:
    """The packets of an Ogg Opus file. Raises MediaError."""
    if codec is not OPUS:
        raise MediaError(name, f"an Ogg file cannot be sent as {codec.name}", "Opus is: FILE,1,111,opus/48000/2")
    packets = _packets(data)
    if not next(packets, b"").startswith(b"OpusHead"):
        raise MediaError(name, "the Ogg file holds no Opus", "opusenc makes such files, and ffmpeg with `-c:a libopus`")
    next(packets, b"")
    starts, sizes, ticks, at, length = array("I"), array("H"), array("Q"), 0, 0
    kept: list[bytes] = []
    for packet in packets:
        duration = duration_ticks(packet)
        if not duration or len(packet) > _MOST_PACKET_BYTES:
            continue
        if len(kept) >= MOST_PACKETS:
            check_size(name, at, len(kept) + 1)
        kept.append(packet)
        starts.append(at)
        sizes.append(len(packet))
        ticks.append(length)
        at, length = at + len(packet), length + duration
    if not kept:
        raise MediaError(name, "the Ogg file has no packets of Opus")
    check_size(name, at, len(kept), length / 48)
    return Track(
        b"".join(kept),
        starts,
        sizes,
        array("Q", [tick * NS_A_SECOND // codec.clock_rate for tick in ticks]),
        ticks,
        bytes(len(kept)),
        period_ns=length * NS_A_SECOND // codec.clock_rate,
        period_ticks=length,
        payload_type=codec.payload_type,
        clock_rate=codec.clock_rate,
        codec=codec.name,
    )


def _packets(data: bytes) -> Iterator[bytes]:
    """Those of the first stream in the file. Where a page is missing, what was begun is lost, and what follows is not."""
    serial: bytes | None = None
    begun: list[bytes] = []
    size = 0
    at = data.find(_CAPTURE)
    while at >= 0 and at + _PAGE_HEADER <= len(data):
        segments = data[at + _PAGE_HEADER : at + _PAGE_HEADER + data[at + 26]]
        body = at + _PAGE_HEADER + len(segments)
        end = body + sum(segments)
        if end > len(data) or len(segments) < data[at + 26]:
            return
        serial = serial or data[at + 14 : at + 18]
        if data[at + 14 : at + 18] == serial:
            lost = bool(data[at + 5] & _CONTINUED) and not begun
            if not data[at + 5] & _CONTINUED:
                begun, size = [], 0
            for segment in segments:
                size += segment
                if size <= _MOST_PACKET_BYTES + _WHOLE_SEGMENT:
                    begun.append(data[body : body + segment])
                body += segment
                if segment < _WHOLE_SEGMENT:
                    if not lost:
                        yield b"".join(begun)
                    begun, size, lost = [], 0, False
        at = data.find(_CAPTURE, end)
