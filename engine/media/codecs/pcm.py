# SPDX-License-Identifier: AGPL-3.0-or-later
"""Arithmetic on samples: the one place that imports `audioop`.

Up to Python 3.12 it is in the standard library and warns that it will go; from 3.13 on it is the package audioop-lts, under the
same name. PCM here and in all of `engine.media` is signed, 16 bits, in the machine's byte order, channels interleaved.
"""

from __future__ import annotations

import sys
import warnings
from array import array
from typing import Final

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    from audioop import (
        add,
        alaw2lin,
        bias,
        byteswap,
        lin2alaw,
        lin2lin,
        lin2ulaw,
        max,
        mul,
        ratecv,
        rms,
        tostereo,
        ulaw2lin,
    )

__all__ = [
    "LITTLE_ENDIAN",
    "WIDTH",
    "add",
    "alaw2lin",
    "bias",
    "byteswap",
    "lin2alaw",
    "lin2lin",
    "lin2ulaw",
    "max",
    "mixed",
    "mul",
    "ratecv",
    "rms",
    "split",
    "tostereo",
    "ulaw2lin",
]

WIDTH: Final = 2
"""Bytes of a sample."""
LITTLE_ENDIAN: Final = sys.byteorder == "little"
_CODES: Final = {2: "h", 4: "i"}
"""Of arrays of samples, by their width."""


def split(samples: bytes, width: int, channels: int) -> list[bytes]:
    """Each of the channels, of samples of 2 or 4 bytes."""
    if channels == 1:
        return [samples]
    values = array(_CODES[width], samples)
    return [values[channel::channels].tobytes() for channel in range(channels)]


def mixed(samples: bytes, width: int, channels: int) -> bytes:
    """All channels as one, each as loud as it is, divided by their number; of samples of 2 or 4 bytes."""
    if channels == 1:
        return samples
    first, *others = (mul(channel, width, 1 / channels) for channel in split(samples, width, channels))
    for other in others:
        first = add(first, other, width)
    return first
