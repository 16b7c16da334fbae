# SPDX-License-Identifier: AGPL-3.0-or-later
"""The head of a WAV file with samples of 16 bits (RIFF, format 1)."""

from __future__ import annotations

import struct
from typing import Final

WIDTH: Final = 2
_HEAD: Final = struct.Struct("<4sI4s4sIHHIIHH4sI")
HEAD_BYTES: Final = _HEAD.size
MOST_BYTES: Final = 0xFFFF_FFFF - HEAD_BYTES
"""Samples that a file can have: its lengths are of 32 bits."""
_FORMAT_BYTES: Final = 16
_PCM: Final = 1


def wav_head(rate: int, channels: int, size: int) -> bytes:
    """The head before `size` bytes of samples, so many channels at `rate` a second."""
    frame = channels * WIDTH
    size = min(size, MOST_BYTES)
    riff = size + HEAD_BYTES - 8
    of_format = (_FORMAT_BYTES, _PCM, channels, rate, rate * frame, frame, 8 * WIDTH)
    return _HEAD.pack(b"RIFF", riff, b"WAVE", b"fmt ", *of_format, b"data", size)
