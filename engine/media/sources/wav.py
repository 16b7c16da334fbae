# SPDX-License-Identifier: AGPL-3.0-or-later
"""WAV files: PCM of 8 to 32 bits, floating point, A-law and µ-law, at any rate, with any channels, made into a codec's packets.

What is encoded already as it is to be sent (a-law at 8 kHz for PCMA) goes out byte for byte. All else becomes samples, is mixed
to the channels of the codec, taken to its rate, and encoded; the last packet is filled up with silence.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from engine.errors import MediaError
from engine.media.codecs import PCMA, PCMU, Codec
from engine.media.codecs.pcm import LITTLE_ENDIAN, WIDTH, alaw2lin, bias, byteswap, lin2lin, mixed, split, ulaw2lin
from engine.media.sources.limits import check_size
from engine.media.sources.raw import raw_track
from engine.media.sources.resample import WIDE, Resampler
from engine.media.track import Track

RATES = range(1000, 384_001)
CHANNELS = range(1, 33)
_BLOCK_FRAMES = 1 << 15
_PCM, _FLOAT, _ALAW, _ULAW, _EXTENSIBLE = 1, 3, 6, 7, 0xFFFE
_FORMATS: Mapping[int, tuple[int, ...]] = {_PCM: (8, 16, 24, 32), _FLOAT: (32, 64), _ALAW: (8,), _ULAW: (8,)}
_OTHERS = {2: "ADPCM", 0x11: "IMA ADPCM", 0x31: "GSM 6.10", 0x45: "G.726", 0x50: "MPEG", 0x55: "MP3", 0x161: "WMA"}
_CONTAINERS = {b"RIFX": "big-endian RIFF", b"RF64": "RF64", b"OggS": "Ogg", b"fLaC": "FLAC", b"ID3": "MP3", b"FORM": "AIFF"}
_LARGEST_FLOAT = 2147483520.0
"""Of those that are still a sample of 32 bits."""


@dataclass(frozen=True, slots=True)
class Wav:
    """What a WAV file holds. `tag` is its format (1 PCM, 3 floating point, 6 A-law, 7 µ-law), `body` all its samples."""

    tag: int
    channels: int
    rate: int
    bits: int
    body: memoryview

    @property
    def frame_bytes(self) -> int:
        """Bytes of one sample of all channels."""
        return self.channels * self.bits // 8


def is_wav(data: bytes) -> bool:
    """Whether a file begins as a WAV file does."""
    return data[:4] in (b"RIFF", b"RIFX", b"RF64") and data[8:12] == b"WAVE"


def container_of(data: bytes) -> str:
    """The kind of a file of sound that cannot be read here, by its beginning; "" when it is none that is known."""
    return next((kind for beginning, kind in _CONTAINERS.items() if data.startswith(beginning)), "")


def read_wav(data: bytes, name: str) -> Wav:
    """What a WAV file holds; one whose end is missing holds what is there. Raises MediaError."""
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        kind = container_of(data)
        raise MediaError(name, f"{kind} cannot be read" if kind else "this is no WAV file", "convert it to a RIFF WAV file")
    header: bytes | None = None
    for chunk, start, size in _chunks(data):
        if chunk == b"fmt ":
            header = data[start : start + size]
        elif chunk == b"data":
            if header is None:
                raise MediaError(name, "the WAV file has its samples before their format")
            return _described(header, memoryview(data)[start : start + size], name)
    raise MediaError(name, "the WAV file has no samples")


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Name, place and size of each; a size that goes beyond the end is what there is."""
    at = 12
    while at + 8 <= len(data):
        size = min(int.from_bytes(data[at + 4 : at + 8], "little"), len(data) - at - 8)
        yield data[at : at + 4], at + 8, size
        at += 8 + size + (size & 1)


def _described(header: bytes, body: memoryview, name: str) -> Wav:
    if len(header) < 16:
        raise MediaError(name, "the WAV file has no whole format")
    tag, channels, rate, _, align, bits = struct.unpack_from("<HHIIHH", header)
    if tag == _EXTENSIBLE and len(header) >= 26:
        tag = int.from_bytes(header[24:26], "little")
    if tag not in _FORMATS:
        raise MediaError(
            name, f"a WAV file of {_OTHERS.get(tag, f'format {tag}')} cannot be decoded", "convert it to 16-bit PCM"
        )
    if bits not in _FORMATS[tag]:
        raise MediaError(name, f"a WAV file with samples of {bits} bits cannot be read", "convert it to 16-bit PCM")
    if channels not in CHANNELS or rate not in RATES or align != channels * bits // 8:
        raise MediaError(name, f"the WAV file says {channels} channels, {rate} Hz, {align} bytes a frame, which cannot be")
    whole = len(body) - len(body) % align
    if not whole:
        raise MediaError(name, "the WAV file has no samples")
    return Wav(tag, channels, rate, bits, body[:whole])


def wav_track(data: bytes, name: str, codec: Codec, loops: int = 1) -> tuple[Track, int]:
    """A WAV file as packets of a codec, and how often to play them. Raises MediaError."""
    wav = read_wav(data, name)
    if (wav.tag, wav.rate, wav.channels, codec) in ((_ALAW, 8000, 1, PCMA), (_ULAW, 8000, 1, PCMU)):
        return raw_track(bytes(wav.body), name, codec, loops)
    if codec.make_encoder is None or codec.packet_bytes is None:
        raise MediaError(name, f"nothing here can encode a WAV file as {codec.name}", "give a file of its frames")
    frames = len(wav.body) // wav.frame_bytes
    duration_ms = frames * 1000 / wav.rate
    packets = int(duration_ms / codec.packet_ms) + 1
    check_size(name, packets * codec.packet_bytes, packets, duration_ms)
    return raw_track(encoded(samples_of(wav, codec), codec, loops), name, codec, loops)


def samples_of(wav: Wav, codec: Codec) -> Iterator[bytes]:
    """The samples at the rate and with the channels of the codec, block by block."""
    same = wav.channels == codec.channels
    count = wav.channels if same else 1
    resamplers = [Resampler(wav.rate, codec.sample_rate) for _ in range(count)] if wav.rate != codec.sample_rate else None
    step = wav.frame_bytes * _BLOCK_FRAMES
    for start in range(0, len(wav.body), step):
        wide = _DECODERS[wav.tag](bytes(wav.body[start : start + step]), wav.bits)
        channels = split(wide, WIDE, wav.channels) if same else [mixed(wide, WIDE, wav.channels)]
        if resamplers is not None:
            channels = [each.process(channel) for each, channel in zip(resamplers, channels, strict=True)]
        yield _joined(channels, codec.channels)
    if resamplers is not None:
        yield _joined([each.flush() for each in resamplers], codec.channels)


def encoded(blocks: Iterator[bytes], codec: Codec, loops: int = 1) -> bytes:
    """Whole packets of a codec that encodes, the last filled up with silence.

    What is played more than once is encoded as it is the second time, where the coder adapts itself to what it has heard:
    else a listener's decoder, which has heard the end of it, makes a crack of the beginning.
    """
    if codec.make_encoder is None:
        raise ValueError(codec.name)
    encoder = codec.make_encoder()
    if codec.adapts and loops != 1:
        pcm = b"".join(blocks)
        encoder.encode(_whole(pcm, codec))
        blocks = iter((pcm,))
    payloads = bytearray()
    packet = _packet_bytes(codec)
    held = b""
    for block in blocks:
        held += block
        whole = len(held) - len(held) % packet
        payloads += encoder.encode(held[:whole])
        held = held[whole:]
    payloads += encoder.encode(_whole(held, codec))
    return bytes(payloads)


def _packet_bytes(codec: Codec) -> int:
    """The samples of a packet."""
    return WIDTH * codec.channels * codec.samples_a_packet


def _whole(pcm: bytes, codec: Codec) -> bytes:
    """Samples filled up to whole packets."""
    return pcm.ljust(len(pcm) + -len(pcm) % _packet_bytes(codec), b"\0")


def _from_pcm(block: bytes, bits: int) -> bytes:
    width = bits // 8
    if width == 1:
        return lin2lin(bias(block, 1, 128), 1, WIDE)
    return lin2lin(block if LITTLE_ENDIAN else byteswap(block, width), width, WIDE)


def _from_float(block: bytes, bits: int) -> bytes:
    values = array("f" if bits == 32 else "d", block)
    if not LITTLE_ENDIAN:
        values.byteswap()
    clipped = (min(1.0, max(-1.0, value)) if value == value else 0.0 for value in values)
    return array("i", [int(value * _LARGEST_FLOAT) for value in clipped]).tobytes()


_DECODERS: Mapping[int, Callable[[bytes, int], bytes]] = {
    _PCM: _from_pcm,
    _FLOAT: _from_float,
    _ALAW: lambda block, bits: lin2lin(alaw2lin(block, WIDTH), WIDTH, WIDE),
    _ULAW: lambda block, bits: lin2lin(ulaw2lin(block, WIDTH), WIDTH, WIDE),
}


def _joined(channels: list[bytes], wanted: int) -> bytes:
    """Samples of 16 bits with the wanted channels interleaved; one channel becomes all."""
    narrow = [lin2lin(channel, WIDE, WIDTH) for channel in channels]
    if wanted == 1:
        return narrow[0]
    frames = len(narrow[0]) // WIDTH
    joined = array("h", bytes(WIDTH * frames * wanted))
    for number in range(wanted):
        joined[number::wanted] = array("h", narrow[number % len(narrow)])
    return joined.tobytes()
