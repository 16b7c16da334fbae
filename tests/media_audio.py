# SPDX-License-Identifier: AGPL-3.0-or-later
"""Sound for the tests of media: tones that are made here, and what a recording sounds like.

Samples are whole numbers of 16 bits, one channel, in a list or an `array("h")`. Levels are dB below a full-scale sine's RMS
(so a sine of amplitude 32767 is at 0), frequencies Hz.
"""

from __future__ import annotations

import array
import cmath
import math
import sys
import wave
from collections.abc import Sequence
from pathlib import Path

FULL_SCALE = 32767
LOUDEST_WINDOW = 4096
_SILENT_DB = -120.0
_QUIET_DB = -60.0


def tone(hz: float, seconds: float, rate: int = 8000, level_db: float = -12.0) -> array.array[int]:
    """A sine of so many seconds."""
    amplitude = FULL_SCALE * 10 ** (level_db / 20)
    turn = 2 * math.pi * hz / rate
    return array.array("h", (round(amplitude * math.sin(turn * place)) for place in range(int(seconds * rate))))


def pcm(samples: Sequence[int]) -> bytes:
    """Samples as bytes, the lower one of each first."""
    words = array.array("h", samples)
    if sys.byteorder == "big":
        words.byteswap()
    return words.tobytes()


def write_wav(path: Path, samples: Sequence[int], rate: int = 8000, channels: int = 1) -> Path:
    """A WAV file in which each channel has these samples."""
    spread = [sample for sample in samples for _ in range(channels)]
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(pcm(spread))
    return path


def read_wav(path: Path) -> tuple[int, list[array.array[int]]]:
    """The rate of a 16-bit WAV file, and the samples of each channel."""
    with wave.open(str(path), "rb") as file:
        assert file.getsampwidth() == 2, f"{path.name}: {file.getsampwidth()} bytes a sample"
        words = array.array("h", file.readframes(file.getnframes()))
        if sys.byteorder == "big":
            words.byteswap()
        return file.getframerate(), [words[channel :: file.getnchannels()] for channel in range(file.getnchannels())]


def level_db(samples: Sequence[int]) -> float:
    """How loud they are on the average."""
    power = sum(sample * sample for sample in samples) / max(len(samples), 1)
    return 10 * math.log10(2 * power) - 20 * math.log10(FULL_SCALE) if power else _SILENT_DB


def loud_part(samples: Sequence[int], rate: int, within_db: float = 6.0) -> Sequence[int]:
    """The longest part whose every 20 ms are about as loud as most that is no silence, without the first and last of them."""
    size = rate // 50
    levels = [level_db(samples[start : start + size]) for start in range(0, len(samples) - size + 1, size)]
    heard = sorted(level for level in levels if level > _QUIET_DB) or [0.0]
    usual = heard[len(heard) // 2]
    best = range(0)
    start = 0
    for place, level in enumerate([*levels, _SILENT_DB]):
        if abs(level - usual) > within_db:
            best = max(best, range(start, place), key=len)
            start = place + 1
    return samples[(best.start + 1) * size : max(best.stop - 1, 0) * size]


def goertzel_db(samples: Sequence[int], rate: int, hz: float) -> float:
    """The level of one frequency: of a sine of that frequency, its level."""
    factor = 2 * math.cos(2 * math.pi * hz / rate)
    before = last = 0.0
    for sample in samples:
        before, last = last, sample + factor * last - before
    power = before * before + last * last - factor * before * last
    amplitude = 2 * math.sqrt(max(power, 0.0)) / max(len(samples), 1)
    return 20 * math.log10(amplitude / FULL_SCALE) if amplitude else _SILENT_DB


def dominant_hz(samples: Sequence[int], rate: int) -> float:
    """The strongest frequency in the middle of them, to a tenth of a per cent or so of the rate's 4096th part."""
    size = min(LOUDEST_WINDOW, 1 << (max(len(samples), 2).bit_length() - 1))
    start = (len(samples) - size) // 2
    turn = 2 * math.pi / size
    windowed = [sample * (0.5 - 0.5 * math.cos(turn * place)) for place, sample in enumerate(samples[start : start + size])]
    heights = [abs(value) for value in _spectrum([complex(value) for value in windowed])[: size // 2]]
    peak = max(range(1, size // 2 - 1), key=heights.__getitem__)
    left, middle, right = (math.log(max(heights[place], 1e-9)) for place in (peak - 1, peak, peak + 1))
    bend = left - 2 * middle + right
    return (peak + (0.5 * (left - right) / bend if bend else 0.0)) * rate / size


def _spectrum(values: list[complex]) -> list[complex]:
    """The discrete Fourier transform of 2^n values."""
    if len(values) == 1:
        return values
    even, odd = _spectrum(values[::2]), _spectrum(values[1::2])
    turned = [cmath.exp(-2j * math.pi * place / len(values)) * value for place, value in enumerate(odd)]
    sums = [one + other for one, other in zip(even, turned, strict=True)]
    return sums + [one - other for one, other in zip(even, turned, strict=True)]
