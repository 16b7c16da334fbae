# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whether the numbers of a run can be believed, and if not, why not and when.

A load generator that is late, or loses what it was sent, measures itself. Each rule below looks at one such cause, in
the whole run and in every stretch of it, for a few bad seconds are nothing in the numbers of an hour. A run that breaks
none is trustworthy.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from engine.messages import Histogram, Verdict
from engine.stats.measurements import Measurements
from engine.stats.media import LATE_PACKET_MS
from engine.stats.meter import LATE_START_NS
from engine.stats.stretches import STRETCH_NS, Stretch, Trouble, Troubles

LATE_SHARE: Final = 0.01
FEWEST_LATE: Final = 3
"""Late calls that make a stretch a bad one, however few there are in all: one or two are a hiccup that any machine has."""
BUSY_SHARE: Final = 0.95
BUSY_AFTER_NS: Final = 2_000_000_000
"""Less time says nothing about how busy a generator is: starting takes CPU too."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One cause of doubt.

    `whole` says what is wrong in all of a run, or "". `trouble` is what is wrong in a stretch, or None, and `figure` says
    how much that was. `in_part` is said when only stretches are bad.
    """

    whole: Callable[[Stretch], str]
    trouble: Callable[[Stretch], Trouble | None]
    figure: Callable[[Trouble], str]
    in_part: str = ""


def _late(counted: Callable[[Stretch], tuple[int, int]], lateness: Callable[[Stretch], Histogram], what: str) -> Rule:
    """More than a share is late. `counted` is how many were, and how many there were; `what` says it of them."""

    def whole(run: Stretch) -> str:
        late, total = counted(run)
        if late <= LATE_SHARE * total:
            return ""
        return f"{late / total:.1%} of the {what} (p99 {lateness(run).percentiles_ns(99)[0] / 1e6:.0f} ms)"

    def trouble(stretch: Stretch) -> Trouble | None:
        late, total = counted(stretch)
        if late < FEWEST_LATE or late <= LATE_SHARE * total:
            return None
        return Trouble(stretch.from_ns, stretch.to_ns, late, total, lateness(stretch).max_ns)

    return Rule(whole, trouble, figure=_late_share, in_part=what)


def _late_share(trouble: Trouble) -> str:
    return f"{trouble.amount / trouble.total:.1%} of them (up to {trouble.worst_ns / 1e6:.0f} ms)"


def _starts(stretch: Stretch) -> tuple[int, int]:
    return stretch.counted("late_starts"), stretch.counted("outgoing")


def _packets(stretch: Stretch) -> tuple[int, int]:
    lateness = stretch.packet_lateness()
    return lateness.repartition[-1], lateness.count


def _busy_in_all(run: Stretch) -> str:
    trouble = _busy(run)
    return f"the generator used {_busy_share(trouble)} of its CPU" if trouble else ""


def _busy(stretch: Stretch) -> Trouble | None:
    used_ns, wall_ns = stretch.counted("cpu_ns"), stretch.wall_ns()
    if wall_ns < BUSY_AFTER_NS or used_ns <= BUSY_SHARE * wall_ns:
        return None
    return Trouble(stretch.from_ns, stretch.to_ns, used_ns, wall_ns)


def _busy_share(trouble: Trouble) -> str:
    return f"{trouble.amount / trouble.total:.0%}"


def _lost(counter: str, what: str, counted: Callable[[Stretch, str], int] = Stretch.counted) -> Rule:
    """Nothing of this may happen: `what` says it, with the number in place of {}."""

    def trouble(stretch: Stretch) -> Trouble | None:
        number = counted(stretch, counter)
        return Trouble(stretch.from_ns, stretch.to_ns, number) if number else None

    def whole(run: Stretch) -> str:
        number = counted(run, counter)
        return what.format(number) if number else ""

    return Rule(whole, trouble, figure=lambda trouble: str(trouble.amount))


def _dropped_in_all(run: Stretch) -> str:
    queues = run.queues().items()
    return ", ".join(f"{name} dropped {counts.dropped} of {counts.offered}" for name, counts in queues if counts.dropped)


def _dropped(stretch: Stretch) -> Trouble | None:
    """Of all queues together; what waits may be dropped later than it was offered, so there is no share of it."""
    number = sum(counts.dropped for counts in stretch.queues().values())
    return Trouble(stretch.from_ns, stretch.to_ns, number) if number else None


def _lost_media(counter: str, what: str) -> Rule:
    return _lost(counter, what, Stretch.counted_of_media)


RULES: tuple[Rule, ...] = (
    _late(_starts, Stretch.lateness, f"calls started over {LATE_START_NS // 1_000_000} ms late"),
    _lost("kernel_drops", "the kernel dropped {} datagrams that we did not read in time"),
    _lost("without_socket", "{} calls or connections got no socket, or waited for one (see the limit of open files)"),
    _lost("trace_drops", "a full queue dropped {} messages from the trace"),
    Rule(_busy_in_all, _busy, figure=_busy_share, in_part=f"the generator used over {BUSY_SHARE:.0%} of its CPU"),
    _lost("lost_with_shard", "{} calls ended unseen with a worker process"),
    _late(_packets, Stretch.packet_lateness, f"media packets were sent over {LATE_PACKET_MS} ms late"),
    _lost_media("skipped", "{} media packets were not sent, because their time had passed"),
    _lost_media("send_errors", "the kernel did not take {} media packets"),
    _lost_media("kernel_drops", "the kernel dropped {} media packets that we did not read in time"),
    _lost_media("recording_drops", "{} packets are missing in recordings, because the disk was too slow"),
    Rule(_dropped_in_all, _dropped, figure=lambda trouble: str(trouble.amount)),
)


class Judge:
    """Judges one run, from what was measured until now, told again and again.

    A stretch ends with the first that is told `STRETCH_NS` or more after the last ended, by the clock of the run.
    """

    def __init__(self) -> None:
        self._troubles = [Troubles() for _ in RULES]
        self._from_ns = 0
        self._before: Measurements | None = None
        self._earlier: Stretch | None = None

    def verdict(self, measured: Measurements, elapsed_ns: int, *, last: bool) -> Verdict:
        """The verdict on what was measured in `elapsed_ns`; `last`: the run has ended and with it the stretch."""
        stretch = Stretch(self._from_ns, elapsed_ns, self._before, measured)
        if elapsed_ns // STRETCH_NS > self._from_ns // STRETCH_NS:
            self._look_at(stretch, stretch)
            self._end(stretch)
        elif last:
            # A hiccup is a large part of a short rest, so that has to be bad also together with the stretch before.
            earlier = self._earlier or stretch
            self._look_at(stretch, Stretch(earlier.from_ns, elapsed_ns, earlier.before, measured))
            self._end(stretch)
        return Verdict(reasons=tuple(self._reasons(Stretch(0, elapsed_ns, None, measured))))

    def _end(self, stretch: Stretch) -> None:
        self._from_ns, self._before, self._earlier = stretch.to_ns, stretch.after, stretch

    def _look_at(self, stretch: Stretch, together: Stretch) -> None:
        for rule, troubles in zip(RULES, self._troubles, strict=True):
            trouble = rule.trouble(stretch)
            if trouble is not None and rule.trouble(together) is not None:
                troubles.add(trouble)

    def _reasons(self, run: Stretch) -> list[str]:
        """What is wrong, and when, in the order of the rules."""
        reasons = []
        for rule, troubles in zip(RULES, self._troubles, strict=True):
            when = troubles.when(rule.figure, self._from_ns)
            what = rule.whole(run) or (rule.in_part if when else "")
            if what:
                reasons.append(f"{what}: {when}" if when else what)
        return reasons
