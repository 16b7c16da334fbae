# SPDX-License-Identifier: AGPL-3.0-or-later
"""Arithmetic on samples: the one place that imports `audioop`.

Up to Python 3.12 it is in the standard library and warns that it will go; from 3.13 on it is the package audioop-lts, under the
same name. PCM here and in all of `engine.media` is signed, 16 bits, in the machine's byte order, channels interleaved.
"""

from __future__ import annotations

import sys
import warnings
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
        tomono,
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
    "mul",
    "ratecv",
    "rms",
    "tomono",
    "tostereo",
    "ulaw2lin",
]

WIDTH: Final = 2
"""Bytes of a sample."""
LITTLE_ENDIAN: Final = sys.byteorder == "little"
