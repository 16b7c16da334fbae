# SPDX-License-Identifier: AGPL-3.0-or-later
"""What was measured of one call's media, as records tell it: by kind, with units in the names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

Figures: TypeAlias = dict[str, dict[str, int | float]]
"""Of each kind (`audio`) the figures by name."""
_DECIMALS: Final = 3


def _rounded(value: float) -> float:
    return round(value, _DECIMALS)


def _percent(parts: float) -> float:
    return round(100 * parts, _DECIMALS)


NAMES: Final[Mapping[str, tuple[str, Callable[[float], int | float]]]] = {
    "packets": ("packets_received", int),
    "sent": ("packets_sent", int),
    "expected": ("packets_expected", int),
    "lost": ("packets_lost", int),
    "loss": ("loss_percent", _percent),
    "duplicates": ("packets_duplicate", int),
    "reordered": ("packets_reordered", int),
    "jitter": ("jitter_ms", _rounded),
    "jitter_max": ("peak_jitter_ms", _rounded),
    "gap": ("longest_gap_ms", _rounded),
    "gaps": ("gaps", int),
    "mos": ("mos", _rounded),
}
"""What each figure of a call's media is called, and how it is told."""


def figures_of(media: Mapping[str, float]) -> Figures:
    """The figures of a `CallEnded`, whose names begin with their kind (`audio_packets`)."""
    figures: Figures = {}
    for each, value in media.items():
        kind, _, name = each.partition("_")
        told, convert = NAMES.get(name, (name, _rounded))
        figures.setdefault(kind, {})[told] = convert(value)
    return figures
