# SPDX-License-Identifier: AGPL-3.0-or-later
"""From one sample rate to another: windowed-sinc filters, each tap a pass of `audioop` over the whole block.

A filter of 150 taps costs some 150 passes in C instead of as many multiplications a sample in Python: ten seconds of 44.1 kHz
become 8 kHz in a few tenths of a second. Tones keep their level within 0.3 dB up to 0.42 of the lower rate (3.4 kHz of
8 kHz); what would fold back to below that, and images when the rate goes up, are 50 dB down.
"""

from __future__ import annotations

import math
from array import array
from typing import Final

from engine.media.codecs.pcm import add, mul, ratecv

WIDE: Final = 4
"""Bytes of a sample here: 32 bits, so that what the passes round off is not heard."""
_HEADROOM: Final = 4
_PASS, _STOP = 0.44, 0.56
"""Of the lower rate: what is kept, and what is gone."""
_HAMMING_WIDTH: Final = 3.3
"""Taps × transition / rate of a Hamming window that is 53 dB down."""
_OVERSAMPLED: Final = 4
"""So many times its own rate a signal needs before straight lines between its samples will do."""
_MOST_UP: Final = 8


def low_pass(rate: int, keep_hz: float, stop_hz: float) -> list[float]:
    """The taps of a symmetric filter with gain 1, an odd number of them."""
    middle = max(1, math.ceil(_HAMMING_WIDTH * rate / (stop_hz - keep_hz) / 2))
    edge = (keep_hz + stop_hz) / rate
    taps = [edge * _sinc(edge * (k - middle)) * (0.54 - 0.46 * math.cos(math.pi * k / middle)) for k in range(2 * middle + 1)]
    total = sum(taps)
    return [tap / total for tap in taps]


def _sinc(x: float) -> float:
    return math.sin(math.pi * x) / (math.pi * x) if x else 1.0


class _Stage:
    """Puts `up` - 1 zeros after each sample, filters, and takes each `down`-th, of one channel, block by block."""

    def __init__(self, taps: list[float], up: int, down: int) -> None:
        self._taps = [tap * up for tap in taps]
        self._up, self._down = up, down
        self._half = len(taps) // 2
        self._held = bytes(WIDE * self._half)
        self._skip = 0

    def process(self, block: bytes) -> bytes:
        """What comes out; the filter's delay is made up for, so the first sample stays the first."""
        held = self._held + self._stuffed(block)
        count = len(held) // WIDE - 2 * self._half
        if count <= 0:
            self._held = held
            return b""
        self._held = held[WIDE * count :]
        return self._thinned(self._filtered(held, WIDE * count))

    def flush(self) -> bytes:
        """What is still in the filter."""
        return self.process(bytes(WIDE * -(-self._half // self._up)))

    def _stuffed(self, block: bytes) -> bytes:
        if self._up == 1:
            return block
        samples = array("i", block)
        stuffed = array("i", bytes(len(block) * self._up))
        stuffed[:: self._up] = samples
        return stuffed.tobytes()

    def _filtered(self, held: bytes, size: int) -> bytes:
        half, view = self._half, memoryview(held)
        total = mul(view[WIDE * half : WIDE * half + size], WIDE, self._taps[half])
        for k in range(half):
            mirrored = WIDE * (2 * half - k)
            pair = add(view[WIDE * k : WIDE * k + size], view[mirrored : mirrored + size], WIDE)
            total = add(total, mul(pair, WIDE, self._taps[k]), WIDE)
        return total

    def _thinned(self, block: bytes) -> bytes:
        if self._down == 1:
            return block
        samples = array("i", block)
        taken = samples[self._skip :: self._down]
        self._skip = (self._skip - len(samples)) % self._down
        return taken.tobytes()


class Resampler:
    """One channel of 32-bit samples from a rate to another, block by block; both rates in Hz, 1000 to 384000."""

    def __init__(self, from_rate: int, to_rate: int) -> None:
        self._stages: list[_Stage] = []
        self._to_rate = to_rate
        self._lines_from = self._plan(from_rate, to_rate)
        self._state: tuple[int, tuple[tuple[int, int], ...]] | None = None

    def _plan(self, rate: int, to_rate: int) -> int:
        """Fill the stages; the rate from which straight lines go on, 0 when the stages are all."""
        while rate % 2 == 0 and rate // 2 >= 3 * to_rate:
            self._stages.append(_Stage(low_pass(rate, _PASS * to_rate, rate / 2 - _PASS * to_rate), 1, 2))
            rate //= 2
        if rate == to_rate:
            return 0
        low = min(rate, to_rate)
        up = _times_up(rate, to_rate, low)
        exact = rate * up % to_rate == 0
        taps = low_pass(rate * up, _PASS * low, _STOP * low)
        self._stages.append(_Stage(taps, up, rate * up // to_rate if exact else 1))
        return 0 if exact else rate * up

    def process(self, block: bytes) -> bytes:
        """The samples that this block brings."""
        block = mul(block, WIDE, 1 / _HEADROOM)
        for stage in self._stages:
            block = stage.process(block)
        return self._finished(block)

    def flush(self) -> bytes:
        """The last samples."""
        rest = b""
        for stage in self._stages:
            rest = stage.process(rest) + stage.flush()
        return self._finished(rest)

    def _finished(self, block: bytes) -> bytes:
        if self._lines_from and block:
            block, self._state = ratecv(block, WIDE, 1, self._lines_from, self._to_rate, self._state)
        return mul(block, WIDE, _HEADROOM)


def _times_up(rate: int, to_rate: int, low: int) -> int:
    """How often the rate is taken: so that it is a multiple of the new one, else so that straight lines will do."""
    whole = next((up for up in range(1, _MOST_UP + 1) if rate * up % to_rate == 0), 0)
    return whole or next((up for up in range(1, _MOST_UP) if rate * up >= _OVERSAMPLED * low), _MOST_UP)
