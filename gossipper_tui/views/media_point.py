# SPDX-License-Identifier: AGPL-3.0-or-later
"""What media did between two snapshots: packets a second, and how good what came was."""

from __future__ import annotations

from dataclasses import dataclass

from engine.messages import MediaNumbers, Snapshot
from gossipper_tui.views.plot import Pick


@dataclass(frozen=True, slots=True)
class MediaPoint:
    """Packets a second in both directions; of what came the part that was lost, the mean jitter in ns, and the quality of the
    middle leg and of the worst twentieth. None where nothing was measured."""

    sent: float
    received: float
    loss: float | None = None
    jitter_ns: float | None = None
    mos: float | None = None
    low_mos: float | None = None


def media_point(earlier: Snapshot | None, later: Snapshot) -> MediaPoint | None:
    """What media did from one snapshot, or the start, to another; None where there is none."""
    now = later.media
    if now is None:
        return None
    was = earlier.media if earlier is not None else None
    seconds = (later.elapsed_ns - (earlier.elapsed_ns if earlier is not None else 0)) / 1e9
    expected = _grown(was, now, "expected")
    jitter = now.jitter_seen.since(was.jitter_seen) if was else now.jitter_seen
    mos = now.mos_seen.since(was.mos_seen) if was else now.mos_seen
    low_mos, middle_mos = mos.percentiles_ns(5, 50)
    return MediaPoint(
        sent=_grown(was, now, "packets_sent") / seconds if seconds > 0 else 0.0,
        received=_grown(was, now, "packets_received") / seconds if seconds > 0 else 0.0,
        loss=min(1.0, max(0.0, _grown(was, now, "lost") / expected)) if expected > 0 else None,
        jitter_ns=jitter.mean_ns if jitter.count else None,
        mos=middle_mos / 1000 if mos.count else None,
        low_mos=low_mos / 1000 if mos.count else None,
    )


def joined_media(first: MediaPoint | None, second: MediaPoint | None) -> MediaPoint | None:
    """One point for two of the same length. What is worse is kept: a bad moment must not disappear."""
    if first is None or second is None:
        return second or first
    return MediaPoint(
        sent=(first.sent + second.sent) / 2,
        received=(first.received + second.received) / 2,
        loss=_of(max, first.loss, second.loss),
        jitter_ns=_of(max, first.jitter_ns, second.jitter_ns),
        mos=_of(min, first.mos, second.mos),
        low_mos=_of(min, first.low_mos, second.low_mos),
    )


def _grown(was: MediaNumbers | None, now: MediaNumbers, counter: str) -> int:
    earlier: int = getattr(was.counters, counter) if was is not None else 0
    return int(getattr(now.counters, counter)) - earlier


def _of(pick: Pick, *values: float | None) -> float | None:
    known = [value for value in values if value is not None]
    return pick(known) if known else None
