# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is measured adds up, within a shard and over several."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from engine.messages import Failure, QueueCounts
from engine.messages.counts import MOST_REASONS
from engine.stats.gathered import Gathered
from engine.stats.measurements import Measurements
from engine.stats.meter import LATE_START_NS, LONGEST_REASON, Meter
from engine.stats.verdict import Judge

MS = 1_000_000
S = 1_000_000_000


def meter_of(response_ms: list[int]) -> Meter:
    meter = Meter(steps=2, timers=("1",), counters=("sent",), response_bounds_ms=(10, 20), call_length_bounds_ms=(100,))
    for ms in response_ms:
        meter.call_started(0, outgoing=True)
        meter.response_times[0].pending.append(ms * MS)
        meter.response_times_from_due[0].pending.append(ms * MS + 1)
        meter.call_ended(ms * MS, None)
        meter.scenario_counters[0] += 1
        meter.steps[0].messages += 1
    return meter


def gathered(*meters: Meter) -> Gathered:
    """What these shards, which have reported once, measured together."""
    all_of_them = Gathered([meter_of([]).take() for _ in meters])
    for index, meter in enumerate(meters):
        all_of_them.take(index, meter.take())
    return all_of_them


def test_shards_add_up_to_the_whole() -> None:
    whole = meter_of([5, 10, 15, 25]).take()
    both = gathered(meter_of([5, 25]), meter_of([10, 15])).measurements()
    assert both.counters.successful == 4
    assert both.counters.scenario == {"sent": 4}
    assert both.steps == whole.steps
    assert both.response_times == whole.response_times
    assert both.call_length == whole.call_length


def test_reports_add_up_to_the_whole() -> None:
    whole = meter_of([5, 10, 15, 25]).take()
    meter = meter_of([5, 25])
    all_of_it = gathered(meter)
    for ms in (10, 15):
        meter.response_times[0].pending.append(ms * MS)
        meter.response_times_from_due[0].pending.append(ms * MS + 1)
        meter.call_length.pending.append(ms * MS)
        all_of_it.take(0, meter.take())
    assert all_of_it.measurements().response_times == whole.response_times
    assert all_of_it.measurements().response_times_from_due == whole.response_times_from_due
    assert all_of_it.measurements().call_length == whole.call_length


def test_a_report_holds_only_what_came_since_the_last() -> None:
    meter = meter_of([5] * 1000)
    meter.take()
    for timer in (meter.response_times[0], meter.response_times_from_due[0]):
        timer.pending.append(7 * MS)
    report = meter.take()
    assert (report.response_times["1"].count, report.response_times_from_due["1"].count) == (1, 1)
    assert (report.call_length.count, report.lateness.count, report.counters.successful) == (0, 0, 1000)


def test_what_could_not_be_told_is_told_the_next_time() -> None:
    meter = meter_of([5, 10])
    meter.give_back(meter.take())
    meter.response_times[0].pending.append(15 * MS)
    meter.response_times_from_due[0].pending.append(15 * MS + 1)
    meter.call_length.pending.append(15 * MS)
    meter.lateness.pending.append(0)
    told, whole = meter.take(), meter_of([5, 10, 15]).take()
    assert (told.response_times, told.response_times_from_due) == (whole.response_times, whole.response_times_from_due)
    assert (told.call_length, told.lateness) == (whole.call_length, whole.lateness)


def test_the_calls_of_a_shard_that_is_gone_are_lost_and_its_times_stay() -> None:
    gone = meter_of([5])
    gone.call_started(0, outgoing=True)
    both = gathered(gone, meter_of([10, 15]))
    both.lose(0)
    measured = both.measurements()
    assert (measured.counters.lost_with_shard, measured.counters.open, measured.call_length.count) == (1, 0, 3)


def test_a_snapshot_is_not_changed_by_what_comes_later() -> None:
    meter = meter_of([5])
    all_of_it = gathered(meter)
    before = all_of_it.measurements()
    meter.call_length.pending.append(MS)
    all_of_it.take(0, meter.take())
    assert (before.call_length.count, all_of_it.measurements().call_length.count) == (1, 2)


def test_sipps_repartition_puts_a_bound_into_the_next_bucket() -> None:
    histogram = meter_of([9, 10, 19, 20, 21]).take().response_times["1"]
    assert histogram.repartition == [1, 2, 2]


def test_measurements_survive_the_wire() -> None:
    measured = meter_of([5, 25]).take()
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(measured), type=Measurements) == measured


def test_a_failed_call_is_counted_in_its_class_and_by_its_reason() -> None:
    meter = Meter(steps=1)
    for number in range(MOST_REASONS + 5):
        meter.call_started(0, outgoing=False)
        meter.call_ended(0, Failure.TIMEOUT_ON_RECV, f"reason {number}")
    counters = meter.take().counters
    assert (counters.incoming, counters.failed, counters.open, counters.peak_open) == (105, 105, 0, 1)
    assert counters.failures == {Failure.TIMEOUT_ON_RECV: 105}
    assert counters.reasons["other"] == 5
    assert len(counters.reasons) == MOST_REASONS + 1


def test_a_peer_that_makes_up_reasons_does_not_drive_out_those_that_come_again() -> None:
    meter = Meter(steps=1)
    for number in range(50 * MOST_REASONS):
        meter.call_started(0, outgoing=False)
        reason = "timeout in step 3 (200)" if number >= 1000 and number % 50 == 0 else f"unexpected X{number}"
        meter.call_ended(0, Failure.TIMEOUT_ON_RECV, reason)
    reasons = meter.take().counters.reasons
    assert reasons["timeout in step 3 (200)"] == 80
    assert (sum(reasons.values()), len(reasons)) == (50 * MOST_REASONS, MOST_REASONS + 1)


def test_a_reason_is_no_longer_than_a_person_reads() -> None:
    meter = Meter(steps=1)
    meter.call_started(0, outgoing=False)
    meter.call_ended(0, Failure.CANNOT_SEND, "x" * 100_000)
    assert [len(reason) for reason in meter.take().counters.reasons] == [LONGEST_REASON]


def test_the_reasons_of_many_shards_are_no_more_than_those_of_one() -> None:
    meters = [Meter(steps=1) for _ in range(4)]
    all_of_them = Gathered([meter.take() for meter in meters])
    for index, meter in enumerate(meters):
        for number in range(MOST_REASONS):
            for _ in range(1 + (number < 10)):
                meter.call_started(0, outgoing=False)
                meter.call_ended(0, Failure.TIMEOUT_ON_RECV, f"shard {index}, reason {number}")
        all_of_them.take(index, meter.take())
    reasons = all_of_them.measurements().counters.reasons
    assert (sum(reasons.values()), len(reasons)) == (4 * (MOST_REASONS + 10), MOST_REASONS + 1)
    assert sum(number == 2 for number in reasons.values()) == 40


def test_a_copy_does_not_change_with_its_meter() -> None:
    meter = meter_of([5])
    before = meter.take()
    meter.call_started(0, outgoing=True)
    meter.call_ended(7 * MS, Failure.CANNOT_SEND, "x")
    assert (before.counters.failed, before.call_length.count, before.counters.failures) == (0, 1, {})


def late(meter: Meter) -> None:
    for _ in range(5):
        meter.call_started(LATE_START_NS + 1, outgoing=True)


def dropped(meter: Meter) -> None:
    meter.counters.kernel_drops = 3


def socketless(meter: Meter) -> None:
    meter.counters.without_socket = 6


def untraced(meter: Meter) -> None:
    meter.counters.trace_drops = 4


def busy(meter: Meter) -> None:
    meter.counters.cpu_ns = meter.wall_ns = 10 * S


def lost(meter: Meter) -> None:
    meter.counters.lost_with_shard = 2


@pytest.mark.parametrize(
    ("harm", "word"),
    [
        (late, "late"),
        (dropped, "kernel dropped 3"),
        (socketless, "6 calls or connections got no socket"),
        (untraced, "dropped 4 messages from the trace"),
        (busy, "CPU"),
        (lost, "2 calls ended unseen"),
    ],
)
def test_each_cause_of_doubt_is_named(harm: Callable[[Meter], None], word: str) -> None:
    meter = meter_of([5] * 100)
    assert Judge().verdict(gathered(meter).measurements(), 10 * S, last=True).trustworthy
    meter = meter_of([5] * 100)
    harm(meter)
    verdict = Judge().verdict(gathered(meter).measurements(), 10 * S, last=True)
    assert not verdict.trustworthy
    assert word in str(verdict)


def test_queues_of_several_shards_add_up_by_their_names() -> None:
    one, other = meter_of([]).take(), meter_of([]).take()
    one.queues = {"records": QueueCounts(offered=5, written=3, dropped=1), "trace": QueueCounts(offered=2, written=2)}
    other.queues = {"records": QueueCounts(offered=7, written=7)}
    both = Gathered([one, other])
    assert both.measurements().queues == {
        "records": QueueCounts(offered=12, written=10, dropped=1),
        "trace": QueueCounts(offered=2, written=2),
    }
