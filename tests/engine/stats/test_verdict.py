# SPDX-License-Identifier: AGPL-3.0-or-later
"""The verdict looks at the run as a whole and at every stretch of it, and says when something was wrong."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from engine.messages import QueueCounts, Verdict
from engine.stats.gathered import Gathered
from engine.stats.measurements import Measurements
from engine.stats.meter import LATE_START_NS, Meter
from engine.stats.stretches import MOST_KEPT, STRETCH_NS
from engine.stats.verdict import Judge

MS = 1_000_000
S = 1_000_000_000


class Load:
    """A shard that runs on a clock of its own, told of once a second."""

    def __init__(self, *, shards: int = 1) -> None:
        self.meters = [Meter(steps=1) for _ in range(shards)]
        self.gathered = Gathered([meter.take() for meter in self.meters])
        self.judge = Judge()
        self.at_s = 0
        self.queues: dict[str, QueueCounts] = {}

    def run(self, seconds: int, *, rate: int = 100, late: int = 0, late_ns: int = 2 * S, busy: float = 0.5) -> Verdict:
        """So many seconds; of the calls of each, `late` start so much too late."""
        verdict = Verdict()
        for _ in range(seconds):
            for meter in self.meters:
                for number in range(rate // len(self.meters)):
                    meter.call_started(late_ns if number < late // len(self.meters) else MS, outgoing=True)
                meter.counters.cpu_ns += round(busy * S)
                meter.wall_ns += S
            self.at_s += 1
            verdict = self.verdict()
        return verdict

    def measured(self) -> Measurements:
        for index, meter in enumerate(self.meters):
            self.gathered.take(index, msgspec.structs.replace(meter.take(), queues={} if index else self.queues))
        return self.gathered.measurements()

    def verdict(self, *, last: bool = False) -> Verdict:
        return self.judge.verdict(self.measured(), self.at_s * S + 3 * MS, last=last)


def test_five_bad_seconds_after_ten_good_minutes_are_told_with_their_time() -> None:
    load = Load()
    assert load.run(600).trustworthy
    load.run(5, late=100)
    verdict = load.run(600)
    assert verdict.reasons == ("calls started over 10 ms late: from 600 s to 605 s 100.0% of them (up to 2000 ms)",)
    assert load.verdict(last=True) == verdict


@pytest.mark.parametrize("shards", [1, 2, 4])
def test_shards_are_judged_together(shards: int) -> None:
    load = Load(shards=shards)
    load.run(600)
    load.run(5, late=20)
    assert "from 600 s to 605 s 20.0% of them" in str(load.run(20))


def test_a_stretch_that_lies_across_two_is_one_longer_one() -> None:
    load = Load()
    load.run(602)
    load.run(5, late=100)
    assert "from 600 s to 610 s 50.0% of them" in str(load.run(600))


def test_a_run_that_goes_bad_at_its_very_end_is_told() -> None:
    load = Load()
    load.run(600)
    assert load.run(2, late=100).trustworthy
    assert "from 600 s to 602 s 100.0% of them" in str(load.verdict(last=True))


def test_a_hiccup_just_before_the_end_is_no_bad_stretch() -> None:
    load = Load()
    load.run(601)
    load.run(1, late=4)
    assert load.verdict(last=True).trustworthy


def test_a_good_end_does_not_make_a_bad_stretch_longer() -> None:
    load = Load()
    load.run(600)
    load.run(5, late=100)
    load.run(2)
    assert "from 600 s to 605 s 100.0% of them" in str(load.verdict(last=True))


def test_a_whole_run_that_is_bad_says_when_it_was_worst() -> None:
    load = Load()
    load.run(20)
    load.run(5, late=100, late_ns=50 * MS)
    assert str(load.run(15)) == (
        "generator-limited: 12.5% of the calls started over 10 ms late (p99 50 ms): "
        "from 20 s to 25 s 100.0% of them (up to 50 ms)"
    )


def test_when_all_of_a_run_is_bad_there_is_no_when() -> None:
    load = Load()
    assert "from" not in str(load.run(20, late=50, late_ns=50 * MS))
    load.run(2, late=50, late_ns=50 * MS)
    assert load.verdict(last=True).reasons == ("50.0% of the calls started over 10 ms late (p99 50 ms)",)


@pytest.mark.parametrize(("rate", "late"), [(1, 0), (100, 1)])
def test_what_every_machine_does_now_and_then_is_no_bad_stretch(rate: int, late: int) -> None:
    """1 % of the calls, and two calls of a stretch with hardly any."""
    load = Load()
    load.run(1200, rate=rate)
    load.run(2 if rate == 1 else 600, rate=rate, late=late or 1)
    assert load.run(600, rate=rate).trustworthy


def test_few_calls_that_are_all_late_are_told() -> None:
    load = Load()
    load.run(3000, rate=1)
    load.run(5, rate=1, late=1)
    assert "from 3000 s to 3005 s 100.0% of them" in str(load.run(5, rate=1))


def test_a_processor_that_was_busy_for_a_while_is_told_with_its_time() -> None:
    load = Load(shards=2)
    load.run(600)
    load.run(10, busy=0.99)
    assert load.run(600).reasons == ("the generator used over 95% of its CPU: from 600 s to 610 s 99%",)


def test_reports_that_come_unevenly_do_not_make_a_busy_processor() -> None:
    """Of two shards, one report is 400 ms old when the stretch begins and fresh when it ends."""
    load = Load(shards=2)
    load.run(4, busy=0.92)
    load.meters[0].wall_ns += 600 * MS
    load.meters[0].counters.cpu_ns += 552 * MS
    load.meters[1].wall_ns += S
    load.meters[1].counters.cpu_ns += 920 * MS
    load.at_s = 5
    load.verdict()
    load.meters[0].wall_ns += 400 * MS
    load.meters[0].counters.cpu_ns += 368 * MS
    assert load.run(5, busy=0.92).trustworthy


def kernel(meter: Meter) -> None:
    meter.counters.kernel_drops += 28


def trace(meter: Meter) -> None:
    meter.counters.trace_drops += 28


def sockets(meter: Meter) -> None:
    meter.counters.without_socket += 28


@pytest.mark.parametrize("harm", [kernel, trace, sockets])
def test_what_was_lost_is_told_with_its_time(harm: Callable[[Meter], None]) -> None:
    load = Load()
    load.run(600)
    harm(load.meters[0])
    load.run(20)
    harm(load.meters[0])
    (reason,) = load.run(20).reasons
    assert " 56 " in f" {reason}"
    assert reason.endswith(": from 600 s to 605 s 28, from 620 s to 625 s 28")


def test_a_loss_is_told_at_once_and_its_time_when_the_stretch_is_over() -> None:
    load = Load()
    load.run(600)
    kernel(load.meters[0])
    assert load.run(1).reasons == ("the kernel dropped 28 datagrams that we did not read in time",)
    assert load.run(5).reasons[0].endswith(": from 600 s to 605 s 28")


def test_a_day_with_many_bad_stretches_tells_the_worst_and_counts_the_others() -> None:
    load = Load()
    load.run(60)
    for number in range(3 * MOST_KEPT):
        load.run(5, late=10 + number)
        load.run(45)
    (reason,) = load.verdict(last=True).reasons
    assert reason.count("from ") == MOST_KEPT
    assert reason.endswith(f", and in {2 * MOST_KEPT} other stretches")
    assert f"{10 + 3 * MOST_KEPT - 1}.0% of them" in reason
    starts = [int(part.split(" s ")[0]) for part in reason.split("from ")[1:]]
    assert starts == sorted(starts)


def test_a_bad_stretch_that_goes_on_is_one_however_long_it_is() -> None:
    load = Load()
    load.run(600)
    load.run(300, late=10)
    assert "from 600 s to 900 s 10.0% of them" in str(load.run(10))


def test_snapshots_that_come_seldom_make_longer_stretches() -> None:
    load = Load()
    load.run(10)
    load.meters[0].call_started(MS, outgoing=True)
    for _ in range(100):
        load.meters[0].call_started(2 * LATE_START_NS, outgoing=True)
    load.at_s = 31
    assert "from 10 s to 31 s 99.0% of them" in str(load.verdict())
    assert STRETCH_NS == 5 * S


def test_nothing_measured_is_trustworthy() -> None:
    load = Load()
    assert load.verdict(last=True).trustworthy
    assert load.run(20, rate=0).trustworthy


def test_what_a_queue_drops_is_told_with_how_much_there_was() -> None:
    load = Load()
    load.queues = {"event log": QueueCounts(offered=400, written=388, dropped=12), "homer": QueueCounts(offered=9, written=9)}
    assert load.run(1).reasons == ("event log dropped 12 of 400",)


def test_every_queue_that_drops_is_told_and_when() -> None:
    load = Load()
    load.queues = {"event log": QueueCounts(offered=400, written=400)}
    assert load.run(600).trustworthy
    load.queues = {"event log": QueueCounts(offered=800, dropped=5), "homer": QueueCounts(offered=90, dropped=2)}
    assert load.run(10).reasons == ("event log dropped 5 of 800, homer dropped 2 of 90: from 600 s to 605 s 7",)


def test_what_waits_in_a_queue_is_not_dropped() -> None:
    load = Load()
    load.queues = {"homer": QueueCounts(offered=100, written=40)}
    assert load.run(10).trustworthy
