# SPDX-License-Identifier: AGPL-3.0-or-later
"""The sounds, pictures and captures that come with the program, in `scenarios/media` and `scenarios/pcap`. All are made here:

    python -m tests.media_samples

Nothing in them was recorded. A test compares what lies there with what this makes, so they are computed with whole numbers.
"""

from __future__ import annotations

import io
import math
import struct
from array import array
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path

import dpkt

from engine.media.codecs import PCMA
from engine.media.events import digits_track
from engine.media.rtp import write_rtp
from engine.media.sources.annexb import annexb_track
from engine.media.track import Track, even_track
from tests.engine.media.sources.h264 import video
from tests.programs import ROOT

FOLDER = ROOT / "scenarios"
SPEECH_RATE = 16_000
SPEECH_MS = 3000
START = 1_700_000_000
SOURCE = 0x60551BBE
"""Of captures. Those of digits have others: a call that replays one after another would seem to send packets a second time."""
DIGITS = {**{digit: digit for digit in "0123456789"}, "star": "*", "pound": "#"}

_TURN = 1024
_SINE = [round(16384 * math.sin(2 * math.pi * k / _TURN)) for k in range(_TURN)]
_SYLLABLE_MS, _SPOKEN_MS, _WORD = 240, 190, 4
"""A syllable each so long, of which so much sounds; after so many a pause of one."""
_VOWELS = ((700, 1200), (400, 2000), (500, 900), (300, 2300), (600, 1700))
"""Where they are loudest, in Hz."""
_PITCHES_HZ = (118, 126, 132, 121, 110, 114)
_WIDTH_HZ = 180
_HARMONICS = 24


def speech(rate: int, duration_ms: int) -> array[int]:
    """Something like speech: voiced syllables in words, with pauses between them. 16 bits, some 12 dB below the loudest."""
    out = array("h", bytes(2 * (rate * duration_ms // 1000)))
    spoken = rate * _SPOKEN_MS // 1000
    syllables = [number for number in range(-(-duration_ms // _SYLLABLE_MS)) if number % (_WORD + 1) != _WORD]
    for number in syllables:
        first = rate * _SYLLABLE_MS // 1000 * number
        weights = _weights(_PITCHES_HZ[number % len(_PITCHES_HZ)], _VOWELS[number * 2 % len(_VOWELS)], rate)
        total = sum(weight for _, weight in weights)
        for k in range(min(spoken, len(out) - first)):
            loudness = 8192 - (_SINE[(_TURN * k // spoken + _TURN // 4) % _TURN] >> 1)
            voice = sum(weight * _SINE[step * k // rate % _TURN] for step, weight in weights) // total
            out[first + k] = 7 * voice * loudness >> 16
    return out


def _weights(pitch_hz: int, formants: tuple[int, int], rate: int) -> list[tuple[int, int]]:
    """For each harmonic its steps a second through the table, and how loud it is."""
    found = []
    for number in range(1, _HARMONICS + 1):
        hertz = pitch_hz * number
        if hertz < rate // 2:
            distance = min(abs(hertz - formant) for formant in formants)
            found.append((hertz * _TURN, 1000 * _WIDTH_HZ // (_WIDTH_HZ + distance)))
    return found


def wav_file(samples: array[int], rate: int) -> bytes:
    """A WAV file of 16 bits, mono."""
    body = struct.pack(f"<{len(samples)}h", *samples)
    head = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, rate, 2 * rate, 2, 16)
    chunks = head + struct.pack("<4sI", b"data", len(body)) + body
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


def capture(datagrams: Iterator[tuple[int, bytes]]) -> bytes:
    """A pcap file of datagrams, each with its time in ns after the start."""
    file = io.BytesIO()
    writer = dpkt.pcap.Writer(file)
    for number, (due_ns, data) in enumerate(datagrams):
        udp = dpkt.udp.UDP(sport=6000, dport=7000, data=data, ulen=8 + len(data))
        ip = dpkt.ip.IP(src=b"\xc0\0\2\1", dst=b"\xc0\0\2\2", p=17, id=number, data=udp, len=28 + len(data))
        frame = dpkt.ethernet.Ethernet(dst=b"\2\0\0\0\0\2", src=b"\2\0\0\0\0\1", data=ip)
        writer.writepkt_time(bytes(frame), START + Decimal(due_ns // 1000) / 1_000_000)
    return file.getvalue()


def rtp(track: Track, sequence: int = 1, timestamp: int = 240, source: int = SOURCE) -> Iterator[tuple[int, bytes]]:
    """The packets of a track."""
    for k, (at, size) in enumerate(zip(track.starts, track.sizes, strict=True)):
        payload = track.payloads[at : at + size]
        stamp = timestamp + track.timestamps[k]
        yield track.dues_ns[k], write_rtp(track.payload_type, sequence + k, stamp, source, payload, bool(track.markers[k]))


def a_law_call() -> bytes:
    """236 packets of A-law, each of 30 ms."""
    pcm = speech(8000, 236 * 30).tobytes()
    assert PCMA.make_encoder is not None
    payloads = PCMA.make_encoder().encode(pcm)
    return capture(rtp(even_track(payloads, 240, 30, clock_rate=8000, payload_type=8, codec="PCMA")))


# --- T.38 --------------------------------------------------------------------------------------------------------------

_NO_SIGNAL, _CNG, _V21_PREAMBLE, _V29_9600_TRAINING = 0, 1, 3, 7
_V21, _V29_9600 = 0, 4
_HDLC, _HDLC_FCS, _HDLC_FCS_END, _T4, _T4_END = 0, 2, 4, 6, 7
_REDUNDANT = 2
_SENDER = b"\xff\xc8\xc2" + bytes(reversed(b"GOSSIPPER           "))
_COMMAND = b"\xff\xc8\xc1\x00\x26\x0f\x00"
_END_OF_PAGES, _DISCONNECT = b"\xff\xc8\x2f", b"\xff\xc8\xfb"


def _indicator(which: int) -> bytes:
    """A T30_indicator (T.38 annex A)."""
    return bytes([which << 1])


def _fields(modulation: int, *fields: tuple[int, bytes]) -> bytes:
    """A T30_data with its fields; one without bytes has its type only."""
    out = bytes([0xC0 | modulation << 1, len(fields)])
    for kind, data in fields:
        out += bytes([(0x80 if data else 0) | kind << 4])
        out += struct.pack(">H", len(data) - 1) + data if data else b""
    return out


def _frames(start_ms: int, *frames: bytes) -> Iterator[tuple[int, bytes]]:
    """HDLC frames at 300 bit/s, an octet each 27 ms."""
    at_ms = start_ms
    for number, frame in enumerate(frames):
        for octet in frame:
            yield at_ms, _fields(_V21, (_HDLC, bytes([octet])))
            at_ms += 27
        yield at_ms, _fields(_V21, (_HDLC_FCS_END if number == len(frames) - 1 else _HDLC_FCS, b""))
        at_ms += 27


def _messages() -> Iterator[tuple[int, bytes]]:
    """What a sending fax says of one page, with its times in ms."""
    yield 0, _indicator(_CNG)
    yield 500, _indicator(_NO_SIGNAL)
    yield 1500, _indicator(_V21_PREAMBLE)
    yield from _frames(2500, _SENDER, _COMMAND)
    yield 3500, _indicator(_NO_SIGNAL)
    yield 3600, _indicator(_V29_9600_TRAINING)
    for k in range(50):
        yield 3850 + 40 * k, _fields(_V29_9600, (_T4, bytes((k * 7 + octet * 13) % 256 for octet in range(48))))
    yield 5850, _fields(_V29_9600, (_T4_END, b""))
    yield 5900, _indicator(_V21_PREAMBLE)
    yield from _frames(6900, _END_OF_PAGES)
    yield 7200, _indicator(_V21_PREAMBLE)
    yield from _frames(8200, _DISCONNECT)
    yield 8500, _indicator(_NO_SIGNAL)


def fax() -> bytes:
    """UDPTL datagrams (T.38 section 9.1): each also repeats the two before."""

    def datagrams() -> Iterator[tuple[int, bytes]]:
        before: list[bytes] = []
        for number, (at_ms, message) in enumerate(_messages()):
            repeated = b"".join(bytes([len(each)]) + each for each in before)
            yield at_ms * 1_000_000, struct.pack(">HB", number, len(message)) + message + bytes([0, len(before)]) + repeated
            before = [message, *before][:_REDUNDANT]

    return capture(datagrams())


# --- all ---------------------------------------------------------------------------------------------------------------


def samples() -> Mapping[str, bytes]:
    """Every file, by its place in `scenarios`."""
    digits = {
        f"pcap/dtmf_2833_{name}.pcap": capture(rtp(digits_track(digit, 101, tone_ms=160, gap_ms=60), source=SOURCE + number))
        for number, (name, digit) in enumerate(DIGITS.items(), 1)
    }
    return {
        **digits,
        "pcap/g711a.pcap": a_law_call(),
        "media/speech.wav": wav_file(speech(SPEECH_RATE, SPEECH_MS), SPEECH_RATE),
        "media/video.pcap": capture(rtp(annexb_track(video(90, 30), "video"), timestamp=3000)),
        "media/fax.pcap": fax(),
    }


def write(folder: Path) -> None:
    """Write all of them."""
    for name, data in samples().items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)


if __name__ == "__main__":
    write(FOLDER)
