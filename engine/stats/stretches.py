# SPDX-License-Identifier: AGPL-3.0-or-later
"""Stretches of a run in which something was wrong: neighbours joined, the worst kept, the others counted.

A run of a day has 17,280 stretches, so what is kept of them is bounded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from engine.messages import Histogram, QueueCounts
from engine.stats.measurements import Measurements

STRETCH_NS: Final = 5_000_000_000
"""Long enough that one hiccup of the machine, some 20 ms in which no call starts, is under 1 % of it; short enough that a
trouble of a few seconds is most of it."""
MOST_KEPT: Final = 3
"""Stretches that are told of one trouble; more are not read."""
_NS_PER_S: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Stretch:
    """What happened between two moments of a run, given in ns since its start, from what was measured until each."""

    from_ns: int
    to_ns: int
    before: Measurements | None
    after: Measurements

    def counted(self, name: str) -> int:
        """What was added to a counter."""
        earlier: int = getattr(self.before.counters, name) if self.before else 0
        return int(getattr(self.after.counters, name)) - earlier

    def counted_of_media(self, name: str) -> int:
        """What was added to a counter of media; 0 where there is none."""
        now, earlier = self.after.media, self.before.media if self.before else None
        return (getattr(now.counters, name) if now else 0) - (getattr(earlier.counters, name) if earlier else 0)

    def queues(self) -> dict[str, QueueCounts]:
        """What was added to the counts of each queue."""
        before = self.before.queues if self.before else {}
        return {name: counts.minus(before.get(name, QueueCounts())) for name, counts in self.after.queues.items()}

    def packet_lateness(self) -> Histogram:
        """How late packets of media were sent; empty where there are none."""
        now, earlier = self.after.media, self.before.media if self.before else None
        if now is None:
            return Histogram(repartition=[0])
        return now.lateness.since(earlier.lateness) if earlier else now.lateness

    def wall_ns(self) -> int:
        """The time that shards measured, added up."""
        return self.after.wall_ns - (self.before.wall_ns if self.before else 0)

    def lateness(self) -> Histogram:
        """How late calls started."""
        return self.after.lateness.since(self.before.lateness) if self.before else self.after.lateness


@dataclass(frozen=True, slots=True)
class Trouble:
    """What was wrong in a stretch: `amount` of `total`, which says how bad it was, and the `worst_ns` of it."""

    from_ns: int
    to_ns: int
    amount: int
    total: int = 0
    worst_ns: int = 0

    def joined(self, later: Trouble) -> Trouble:
        """Both as one; `later` begins where this ends, or with it."""
        return Trouble(
            self.from_ns,
            later.to_ns,
            self.amount + later.amount,
            self.total + later.total,
            max(self.worst_ns, later.worst_ns),
        )


class Troubles:
    """The troubles of one kind in a run, in the order of their times."""

    __slots__ = ("_kept", "_others")

    def __init__(self) -> None:
        self._kept: list[Trouble] = []
        self._others = 0

    def add(self, trouble: Trouble) -> None:
        """Take one that begins at or after the end of the last."""
        if self._kept and self._kept[-1].to_ns == trouble.from_ns:
            self._kept[-1] = self._kept[-1].joined(trouble)
            return
        # The last may go on and become the worst, so it is kept beside the worst of the others.
        if len(self._kept) > MOST_KEPT:
            self._kept.remove(min(self._kept, key=_amount))
            self._others += 1
        self._kept.append(trouble)

    def when(self, figure: Callable[[Trouble], str], until_ns: int) -> str:
        """`from 600 s to 605 s FIGURE, …`; "" when there was none, or nothing else in all that was looked at, `until_ns`."""
        if len(self._kept) == 1 and self._kept[0].from_ns == 0 and self._kept[0].to_ns == until_ns:
            return ""
        worst = sorted(sorted(self._kept, key=_amount)[-MOST_KEPT:], key=_begin)
        told = [f"from {_seconds(each.from_ns)} s to {_seconds(each.to_ns)} s {figure(each)}" for each in worst]
        others = self._others + len(self._kept) - len(worst)
        if others:
            told.append(f"and in {others} other stretch{'es' if others > 1 else ''}")
        return ", ".join(told)


def _amount(trouble: Trouble) -> int:
    return trouble.amount


def _begin(trouble: Trouble) -> int:
    return trouble.from_ns


def _seconds(at_ns: int) -> int:
    return round(at_ns / _NS_PER_S)
