# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is measured adds up, within a shard and over several."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from engine.messages import Failure
from engine.stats.measurements import Measurements
from engine.stats.meter import LATE_START_NS, MOST_REASONS, Meter
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


def test_shards_add_up_to_the_whole() -> None:
    whole, left, right = (meter_of(ms).measurements() for ms in ([5, 10, 15, 25], [5, 25], [10, 15]))
    both = left.plus(right)
    assert both.counters.successful == 4
    assert both.counters.scenario == {"sent": 4}
    assert both.steps == whole.steps
    assert both.response_times == whole.response_times
    assert both.call_length == whole.call_length


def test_sipps_repartition_puts_a_bound_into_the_next_bucket() -> None:
    histogram = meter_of([9, 10, 19, 20, 21]).measurements().response_times["1"]
    assert histogram.repartition == [1, 2, 2]


def test_measurements_survive_the_wire() -> None:
    measured = meter_of([5, 25]).measurements()
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(measured), type=Measurements) == measured


def test_a_failed_call_is_counted_in_its_class_and_by_its_reason() -> None:
    meter = Meter(steps=1)
    for number in range(MOST_REASONS + 5):
        meter.call_started(0, outgoing=False)
        meter.call_ended(0, Failure.TIMEOUT_ON_RECV, f"reason {number}")
    counters = meter.measurements().counters
    assert (counters.incoming, counters.failed, counters.open, counters.peak_open) == (105, 105, 0, 1)
    assert counters.failures == {Failure.TIMEOUT_ON_RECV: 105}
    assert counters.reasons["other"] == 5
    assert len(counters.reasons) == MOST_REASONS + 1


def test_a_copy_does_not_change_with_its_meter() -> None:
    meter = meter_of([5])
    before = meter.measurements()
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
    assert Judge().verdict(meter.measurements(), 10 * S, last=True).trustworthy
    harm(meter)
    verdict = Judge().verdict(meter.measurements(), 10 * S, last=True)
    assert not verdict.trustworthy
    assert word in str(verdict)
