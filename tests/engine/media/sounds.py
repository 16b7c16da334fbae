# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is in PCM: the level of a frequency (windowed, so that 60 dB below another it is still told), and WAV files in memory.

PCM is bytes of 16-bit samples, mono. `tests.media_audio` has what works on lists of samples.
"""

from __future__ import annotations

import cmath
import math
import struct
from array import array

from tests.media_audio import dominant_hz as strongest_hz
from tests.media_audio import level_db

FULL_SCALE = 32768.0
SILENT_DBFS = -120.0


def samples(pcm: bytes) -> array[int]:
    """The samples of PCM as numbers."""
    found = array("h")
    found.frombytes(pcm[: len(pcm) & ~1])
    return found


def goertzel(pcm: bytes, rate: int, frequency_hz: float) -> float:
    """The amplitude of a sine of this frequency in the samples, 0 to 1, the loudest sine being 1 (a Hann window is used)."""
    values = samples(pcm)
    count = len(values)
    if not count:
        return 0.0
    turn = 2 * math.pi / count
    weighted = [value * (0.5 - 0.5 * math.cos(turn * k)) for k, value in enumerate(values)]
    step = 2 * math.pi * frequency_hz / rate
    double_cos = 2 * math.cos(step)
    before, now = 0.0, 0.0
    for value in weighted:
        before, now = now, value + double_cos * now - before
    return abs(now - before * cmath.exp(-1j * step)) * 4 / count / FULL_SCALE


def tone_dbfs(pcm: bytes, rate: int, frequency_hz: float) -> float:
    """The level of a sine of this frequency, in dB below the loudest sine."""
    amplitude = goertzel(pcm, rate, frequency_hz)
    return max(SILENT_DBFS, 20 * math.log10(amplitude)) if amplitude else SILENT_DBFS


def level_dbfs(pcm: bytes) -> float:
    """The level of all that is in the samples: 0 is the loudest sine."""
    return level_db(samples(pcm))


def dominant_hz(pcm: bytes, rate: int) -> float:
    """The loudest frequency."""
    return strongest_hz(samples(pcm), rate)


def sine(frequency_hz: float, rate: int, duration_ms: int, dbfs: float = -10.0) -> bytes:
    """A sine of 16 bits, `dbfs` below the loudest."""
    peak = (FULL_SCALE - 1) * 10 ** (dbfs / 20)
    step = 2 * math.pi * frequency_hz / rate
    return array("h", [round(peak * math.sin(step * k)) for k in range(rate * duration_ms // 1000)]).tobytes()


def wav(body: bytes, rate: int = 8000, channels: int = 1, bits: int = 16, tag: int = 1, extensible: bool = False) -> bytes:
    """A WAV file around samples as they stand in it."""
    align = channels * bits // 8
    header = struct.pack("<HHIIHH", 0xFFFE if extensible else tag, channels, rate, rate * align, align, bits)
    if extensible:
        header += struct.pack("<HHIH", 22, bits, 0, tag) + bytes.fromhex("000000001000800000aa00389b71")
    chunks = b"fmt " + struct.pack("<I", len(header)) + header + b"data" + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks
