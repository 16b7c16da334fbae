# SPDX-License-Identifier: AGPL-3.0-or-later
"""How a call would sound to people: the E-model (ITU-T G.107) with what a receiver knows.

All that is not known has G.107's default value, which makes a rating of 93.2. What is known are the codec, the packets that
never came or came too late and how they lie together, and the delay, of which only the part that was measured counts: echo is
taken to be cancelled, and a delay that nobody measured impairs nothing. So a figure is an upper bound, and good for comparing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from engine.media.playout import BUFFER_NS
from engine.media.reception import ReceptionSummary

DEFAULT_RATING: Final = 93.2
"""R0 - Is of G.107's default values."""
BEST_MOS: Final = 4.5
WORST_MOS: Final = 1.0

_MOST_IMPAIRMENT: Final = 95.0
_HEARD_DELAY_MS: Final = 100.0
_NS_A_MS: Final = 1_000_000
_JITTERS_BUFFERED: Final = 2
"""A playout buffer that follows the jitter holds about twice of it."""


@dataclass(frozen=True)
class Impairment:
    """What a codec costs (G.113 appendix I): `ie` without loss, `bpl` its robustness against loss, larger is more robust."""

    ie: float
    bpl: float


G711: Final = Impairment(0, 25.1)
G711_UNCONCEALED: Final = Impairment(0, 4.3)
"""Of a receiver that plays nothing where a packet is missing."""

CODECS: Final = {
    "PCMU": G711,
    "PCMA": G711,
    "G729": Impairment(11, 19),
    "ILBC": Impairment(11, 32),
    "G723": Impairment(15, 16.1),
    "GSM-EFR": Impairment(5, 10),
    # Wideband: the scale of G.107 ends with what narrowband can be, and they are no worse than that.
    "G722": G711,
    "OPUS": G711,
    "L16": G711,
}
"""By encoding names in upper case, with concealment of losses; a codec that is not here is taken for G.711."""


def rating(impairment: Impairment, loss: float, burst_ratio: float = 1.0, delay_ms: float | None = None) -> float:
    """The transmission rating R, at most 93.2 and maybe negative.

    `loss` is a fraction of 0 to 1, `burst_ratio` how much longer runs of missing packets are than by chance (1 and more),
    `delay_ms` from mouth to ear, None when it is not known.
    """
    percent = 100 * min(1.0, max(0.0, loss))
    lost = percent / (percent / max(1.0, burst_ratio) + impairment.bpl)
    effective = impairment.ie + (_MOST_IMPAIRMENT - impairment.ie) * lost
    return DEFAULT_RATING - effective - delay_impairment(delay_ms or 0.0)


def delay_impairment(delay_ms: float) -> float:
    """Idd: what a delay costs by being too long for talking, whatever the echo (G.107 section 7.4); nothing up to 100 ms."""
    if delay_ms <= _HEARD_DELAY_MS:
        return 0.0
    doublings = math.log2(min(delay_ms, 1e9) / _HEARD_DELAY_MS)
    return 25 * (math.pow(1 + doublings**6, 1 / 6) - 3 * math.pow(1 + (doublings / 3) ** 6, 1 / 6) + 2)


def mos_of(rated: float) -> float:
    """The mean opinion score of a rating (G.107 annex B), 1 to 4.5; it never falls while the rating grows."""
    if rated >= 100:
        return BEST_MOS
    if rated <= 0:
        return WORST_MOS
    return max(WORST_MOS, 1 + 0.035 * rated + rated * (rated - 60) * (100 - rated) * 7e-6)


def mos(codec: str, loss: float, burst_ratio: float = 1.0, delay_ms: float | None = None) -> float:
    """The mean opinion score of a stream; see `rating`."""
    return mos_of(rating(CODECS.get(codec.upper(), G711), loss, burst_ratio, delay_ms))


def burst_ratio(packets: int, lost: int, bursts: int) -> float:
    """How long runs of missing packets are, compared with the same loss by chance (G.107 section 7.5)."""
    return max(1.0, lost / bursts * (1 - lost / packets)) if bursts and packets else 1.0


def mos_of_reception(codec: str, received: ReceptionSummary, round_trip_ns: int = -1, packet_ms: int = 20) -> float:
    """The mean opinion score of what was received, 0 when nothing was.

    The delay is half the round trip, if there is one (-1: none), a packet's time, and what a buffer needs for the jitter.
    """
    if not received.packets or not received.expected:
        return 0.0
    delay_ms: float | None = None
    if round_trip_ns >= 0:
        buffered_ns = min(BUFFER_NS, _JITTERS_BUFFERED * received.jitter_mean_ns)
        delay_ms = (round_trip_ns / 2 + buffered_ns) / _NS_A_MS + packet_ms
    ratio = burst_ratio(received.expected, received.lost, received.bursts)
    return mos(codec, (received.lost + received.late) / received.expected, ratio, delay_ms)
