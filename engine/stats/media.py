# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the media of a shard's calls write to. A run without media has none: the `media` of its `Meter` stays None.

How it is used:

- Once a shard, where a scenario has media: `meter.media = MediaMeter(tally)`, `meter` being that of the main scenario. The
  calls of the other scenarios write to the same one; only the main meter tells it. `tally` is any object whose attributes
  have names of `MediaCounters`; what they hold is told with the counters. It is for what happens once a packet.
- What happens more seldom is counted directly: `media.counters.recordings += 1`; so are `streams_out` and `streams_in`, up and
  down.
- Samples are appended directly: `media.lateness.pending.append(late_ns)`, or `.pending.extend(...)`; so are `round_trip` and
  `audio_latency`.
- A leg that receives or sends has `leg = media.leg_opened()`, says every few seconds what it has `leg.seen(...)`, and once,
  at its end, `leg.closed(...)`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

import msgspec

from engine.messages import MediaCounters, MediaNumbers
from engine.messages.media import MEDIA_HISTOGRAMS
from engine.stats.samples import Samples

LATE_PACKET_MS: Final = 5
"""A packet sent later than this after it was due is late: a quarter of the usual 20 ms, and what moves the jitter that its
receiver computes by a third of a millisecond (RFC 3550 section 6.4.1)."""
MANY_PENDING: Final = 1000
"""Samples worth folding: those of lateness come once a packet."""
_MILLION: Final = 1_000_000


class Received(Protocol):
    """What a leg received from its beginning to its end; `engine.media.reception.ReceptionSummary` is one.

    `expected` and `lost` are packets (RFC 3550 appendix A.3), `gaps` the times without packets that a listener hears,
    `late` packets too late for his buffer. `mos` is 1 to 4.5, 0 when it cannot be told.
    """

    @property
    def expected(self) -> int: ...
    @property
    def lost(self) -> int: ...
    @property
    def jitter_mean_ns(self) -> int: ...
    @property
    def jitter_max_ns(self) -> int: ...
    @property
    def longest_gap_ns(self) -> int: ...
    @property
    def gaps(self) -> int: ...
    @property
    def late(self) -> int: ...
    @property
    def mos(self) -> float: ...


@dataclass(frozen=True, slots=True)
class Reported:
    """What the peer's RTCP told of what a leg sent. `loss` is the part that was lost, 0 to 1, `mos` 1 to 4.5, 0 when it cannot
    be told."""

    loss: float
    jitter_ns: int
    mos: float = 0.0


class MediaMeter:
    """See the module. Everything that has the name of a histogram in `MediaNumbers` is the `Samples` of it."""

    def __init__(self, tally: object = None) -> None:
        self.counters = MediaCounters()
        self._tally = tally
        self.lateness = Samples((LATE_PACKET_MS,))
        self.loss = Samples()
        self.jitter = Samples()
        self.jitter_max = Samples()
        self.gap = Samples()
        self.mos = Samples()
        self.jitter_seen = Samples()
        self.mos_seen = Samples()
        self.sent_loss = Samples()
        self.sent_jitter = Samples()
        self.sent_mos = Samples()
        self.round_trip = Samples()
        self.audio_latency = Samples()
        self._samples: dict[str, Samples] = {name: getattr(self, name) for name in MEDIA_HISTOGRAMS}

    def leg_opened(self) -> LegMeter:
        """Count a leg, and have what it writes to."""
        self.counters.legs += 1
        return LegMeter(self)

    def fold(self) -> None:
        """Fold samples into their histograms where that is worth while; to be called once a tick."""
        for samples in self._samples.values():
            if len(samples.pending) >= MANY_PENDING:
                samples.fold()

    def take(self) -> MediaNumbers:
        """The counters since the start, and the samples since the last time; those are then forgotten here."""
        counters = msgspec.structs.replace(self.counters)
        for name in MediaCounters.__struct_fields__:
            tallied: int = getattr(self._tally, name, 0)
            setattr(counters, name, getattr(counters, name) + tallied)
        return MediaNumbers(counters=counters, **{name: samples.take() for name, samples in self._samples.items()})

    def give_back(self, taken: MediaNumbers) -> None:
        """Count in again the samples that were taken and could not be told."""
        for name, histogram in taken.histograms().items():
            self._samples[name].give_back(histogram)


class LegMeter:
    """What one leg writes to."""

    __slots__ = ("_expected", "_lost", "_media")

    def __init__(self, media: MediaMeter) -> None:
        self._media = media
        self._expected = 0
        self._lost = 0

    def seen(self, expected: int, lost: int, jitter_ns: int, mos: float) -> None:
        """While it goes on: packets expected and lost since its beginning, the jitter now, the quality of the last seconds."""
        self._count(expected, lost)
        self._media.jitter_seen.pending.append(jitter_ns)
        if mos:
            self._media.mos_seen.pending.append(round(mos * 1000))

    def closed(self, received: Received | None, sent: Reported | None) -> None:
        """At its end: what it received, None for nothing, and what was told of what it sent, None for nothing. What has `seen`
        nothing was short, so all of it is what is seen of it."""
        media = self._media
        if received is not None:
            if not self._expected:
                self.seen(received.expected, received.lost, received.jitter_mean_ns, received.mos)
            self._count(received.expected, received.lost)
            media.loss.pending.append(_parts_per_million(received.lost, received.expected))
            media.jitter.pending.append(received.jitter_mean_ns)
            media.jitter_max.pending.append(received.jitter_max_ns)
            media.gap.pending.append(received.longest_gap_ns)
            media.counters.gaps += received.gaps
            media.counters.late += received.late
            if received.mos:
                media.mos.pending.append(round(received.mos * 1000))
        if sent is not None:
            media.sent_loss.pending.append(round(max(0.0, sent.loss) * _MILLION))
            media.sent_jitter.pending.append(sent.jitter_ns)
            if sent.mos:
                media.sent_mos.pending.append(round(sent.mos * 1000))

    def _count(self, expected: int, lost: int) -> None:
        counters = self._media.counters
        counters.expected += expected - self._expected
        counters.lost += lost - self._lost
        self._expected, self._lost = expected, lost


def _parts_per_million(lost: int, expected: int) -> int:
    return max(0, lost) * _MILLION // expected if expected > 0 else 0
