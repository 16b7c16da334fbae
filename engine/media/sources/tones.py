# SPDX-License-Identifier: AGPL-3.0-or-later
"""Tones as samples. Levels are dBm0: 0 dBm0 is a sine 3.17 dB below the loudest that µ-law can say (ITU-T G.711, table 5)."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator
from typing import Final

FULL_SCALE_DBM0: Final = 3.17
"""The level of a sine whose peaks are the largest samples of 16 bits."""
RINGBACK_HZ: Final = 425
"""The usual tone of ITU-T E.180, in most of the world."""
RINGBACK_ON_MS, RINGBACK_OFF_MS = 1000, 4000
TONE_DBM0: Final = -10.0
"""What E.180 recommends for tones that people are to hear."""
_PEAK = 32767
_TABLE_S = 1


def tone(frequency_hz: float, level_dbm0: float, sample_rate: int, duration_ms: int) -> bytes:
    """A sine, 16 bits. Of whole hertz it is computed for a second and repeated, so long ones cost nothing."""
    count = sample_rate * duration_ms // 1000
    peak = _PEAK * 10 ** (min(0.0, level_dbm0 - FULL_SCALE_DBM0) / 20)
    step = 2 * math.pi * frequency_hz / sample_rate
    once = min(count, sample_rate * _TABLE_S) if float(frequency_hz).is_integer() else count
    samples = array("h", [round(peak * math.sin(step * k)) for k in range(once)])
    return (samples * -(-count // once) if once else samples)[:count].tobytes()


def ringback(sample_rate: int, duration_ms: int, level_dbm0: float = TONE_DBM0) -> Iterator[bytes]:
    """What a caller hears while the other side rings: a second of tone, four of silence, and again."""
    on, off = tone(RINGBACK_HZ, level_dbm0, sample_rate, RINGBACK_ON_MS), bytes(2 * sample_rate * RINGBACK_OFF_MS // 1000)
    left = 2 * (sample_rate * duration_ms // 1000)
    while left > 0:
        for part in (on[:left], off[: max(0, left - len(on))]):
            yield part
            left -= len(part)
            if left <= 0:
                return
