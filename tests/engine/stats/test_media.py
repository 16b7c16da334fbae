# SPDX-License-Identifier: AGPL-3.0-or-later
"""What legs of media write adds up over legs, reports and shards, and speaks in the verdict."""

from __future__ import annotations

import msgspec
import pytest

from engine.media.reception import ReceptionSummary
from engine.messages import MediaCounters, MediaNumbers
from engine.messages.media import MEDIA_HISTOGRAMS
from engine.stats.gathered import Gathered
from engine.stats.measurements import Measurements
from engine.stats.media import LATE_PACKET_MS, MediaMeter, Reported
from engine.stats.meter import Meter
from engine.stats.stretches import STRETCH_NS
from engine.stats.verdict import Judge

MS = 1_000_000
LEG = ReceptionSummary(
    expected=1000, lost=10, jitter_mean_ns=2 * MS, jitter_max_ns=5 * MS, longest_gap_ns=61 * MS, gaps=1, late=3, mos=4.1
)


def meter_with_media(tally: object = None) -> tuple[Meter, MediaMeter]:
    meter = Meter(steps=1)
    media = meter.media = MediaMeter(tally)
    return meter, media


def media_of(measured: Measurements) -> MediaNumbers:
    assert measured.media is not None
    return measured.media


def test_a_run_without_media_tells_nothing_of_it() -> None:
    meter = Meter(steps=1)
    meter.fold()
    gathered = Gathered([meter.take()])
    gathered.take(0, meter.take())
    assert gathered.measurements().media is None
    meter.give_back(meter.take())


def test_a_leg_tells_each_figure_once() -> None:
    meter, media = meter_with_media()
    media.leg_opened().closed(LEG, Reported(loss=0.02, jitter_ns=3 * MS, mos=3.9))
    told = media_of(meter.take())
    assert (told.counters.legs, told.counters.expected, told.counters.lost, told.counters.gaps, told.counters.late) == (
        1,
        1000,
        10,
        1,
        3,
    )
    values = {name: histogram.sum_ns for name, histogram in told.histograms().items() if histogram.count}
    assert values == {
        "loss": 10_000,
        "jitter": 2 * MS,
        "jitter_max": 5 * MS,
        "jitter_seen": 2 * MS,
        "mos_seen": 4100,
        "gap": 61 * MS,
        "mos": 4100,
        "sent_loss": 20_000,
        "sent_jitter": 3 * MS,
        "sent_mos": 3900,
    }


def test_a_leg_that_heard_nothing_and_was_told_nothing_is_counted_and_has_no_figures() -> None:
    meter, media = meter_with_media()
    media.leg_opened().closed(None, None)
    told = media_of(meter.take())
    assert told.counters.legs == 1
    assert not any(histogram.count for histogram in told.histograms().values())


def test_quality_that_cannot_be_told_is_not_counted() -> None:
    meter, media = meter_with_media()
    leg = media.leg_opened()
    leg.seen(5, 0, MS, 0.0)
    leg.closed(ReceptionSummary(expected=5, jitter_mean_ns=MS), Reported(0.0, MS))
    told = media_of(meter.take())
    assert (told.loss.count, told.jitter_seen.count) == (1, 1)
    assert (told.mos.count, told.mos_seen.count, told.sent_mos.count) == (0, 0, 0)


def test_packets_that_were_told_while_a_leg_went_on_are_counted_once() -> None:
    meter, media = meter_with_media()
    leg = media.leg_opened()
    leg.seen(400, 8, MS, 4.0)
    assert (media.counters.expected, media.counters.lost) == (400, 8)
    leg.seen(800, 6, MS, 4.2)  # two came late
    leg.closed(LEG, None)
    told = media_of(meter.take())
    assert (told.counters.expected, told.counters.lost) == (1000, 10)
    assert (told.jitter_seen.count, told.mos_seen.sum_ns) == (2, 8200)


@pytest.mark.parametrize(("expected", "lost", "parts"), [(0, 0, 0), (100, -3, 0), (3, 3, 1_000_000), (7, 1, 142_857)])
def test_loss_is_a_part_of_what_was_expected(expected: int, lost: int, parts: int) -> None:
    meter, media = meter_with_media()
    media.leg_opened().closed(ReceptionSummary(expected=expected, lost=lost), None)
    assert media_of(meter.take()).loss.sum_ns == parts


class Tally:
    """What is counted once a packet, elsewhere."""

    packets_sent = 7
    skipped = 1
    something_else = 5


def test_what_is_tallied_elsewhere_is_told_with_the_counters_and_not_twice() -> None:
    meter, media = meter_with_media(Tally())
    media.counters.skipped += 2
    for _ in range(2):
        told = media_of(meter.take()).counters
        assert (told.packets_sent, told.skipped) == (7, 3)


def test_shards_and_reports_add_up() -> None:
    (one, one_media), (two, two_media) = meter_with_media(), meter_with_media()
    gathered = Gathered([one.take(), two.take()])
    for _ in range(3):
        one_media.leg_opened().closed(LEG, None)
        two_media.leg_opened().closed(LEG, None)
        one_media.lateness.pending.append(LATE_PACKET_MS * MS + 1)
        two_media.lateness.pending.extend((1, 2))
        gathered.take(0, one.take())
        gathered.take(1, two.take())
    both = media_of(gathered.measurements())
    assert (both.counters.legs, both.counters.lost, both.mos.count) == (6, 60, 6)
    assert (both.lateness.count, both.lateness.repartition) == (9, [6, 3])


def test_a_shard_that_has_no_media_changes_nothing() -> None:
    meter, media = meter_with_media()
    plain = Meter(steps=1)
    gathered = Gathered([plain.take(), plain.take()])
    media.leg_opened().closed(LEG, None)
    gathered.take(1, meter.take())
    assert media_of(gathered.measurements()).counters.legs == 1


def test_the_streams_of_a_shard_that_is_gone_are_over() -> None:
    meter, media = meter_with_media()
    media.counters.streams_out = media.counters.streams_in = 3
    media.counters.packets_sent = 9
    gathered = Gathered([meter.take()])
    gathered.take(0, meter.take())
    gathered.lose(0)
    counters = media_of(gathered.measurements()).counters
    assert (counters.streams_out, counters.streams_in, counters.packets_sent) == (0, 0, 9)


def test_what_could_not_be_told_is_told_the_next_time() -> None:
    meter, media = meter_with_media()
    media.round_trip.pending.append(MS)
    meter.give_back(meter.take())
    media.round_trip.pending.append(MS)
    meter.fold()
    assert media_of(meter.take()).round_trip.count == 2


def test_many_samples_are_folded_once_a_tick() -> None:
    meter, media = meter_with_media()
    media.lateness.pending.extend(range(5000))
    meter.fold()
    assert not media.lateness.pending


def test_every_counter_adds() -> None:
    one = MediaCounters(**{name: number for number, name in enumerate(MediaCounters.__struct_fields__)})
    assert one.plus(one) == MediaCounters(**{name: 2 * number for number, name in enumerate(MediaCounters.__struct_fields__)})


def test_the_names_of_the_histograms_are_those_of_the_meter() -> None:
    media = MediaMeter()
    assert all(hasattr(media, name) for name in MEDIA_HISTOGRAMS)
    assert msgspec.json.decode(msgspec.json.encode(media.take()), type=MediaNumbers) == MediaMeter().take()


class Load:
    """A shard with media on a clock of its own, judged once a second."""

    def __init__(self) -> None:
        self.meter, self.media = meter_with_media()
        self.gathered = Gathered([self.meter.take()])
        self.judge = Judge()
        self.at_s = 0

    def run(self, seconds: int, *, packets: int = 5000, late: int = 0) -> tuple[str, ...]:
        reasons: tuple[str, ...] = ()
        for _ in range(seconds):
            self.media.lateness.pending.extend([MS] * (packets - late) + [20 * MS] * late)
            self.at_s += 1
            self.gathered.take(0, self.meter.take())
            reasons = self.judge.verdict(self.gathered.measurements(), self.at_s * 10**9 + MS, last=False).reasons
        return reasons


def test_a_run_whose_packets_are_on_time_is_trusted() -> None:
    assert Load().run(20, late=50) == ()


def test_packets_that_are_late_all_the_time_are_told() -> None:
    assert Load().run(20, late=100) == ("2.0% of the media packets were sent over 5 ms late (p99 20 ms)",)


def test_a_few_bad_seconds_are_told_with_their_time() -> None:
    load = Load()
    load.run(600)
    load.run(STRETCH_NS // 10**9, late=2500)
    assert load.run(300) == ("media packets were sent over 5 ms late: from 600 s to 605 s 50.0% of them (up to 20 ms)",)


def test_two_late_packets_are_a_hiccup() -> None:
    load = Load()
    load.run(5, packets=10)
    load.media.lateness.pending.extend((20 * MS, 20 * MS))
    load.run(10, packets=10)
    assert load.run(100, packets=10) == ()


@pytest.mark.parametrize(
    ("counter", "reason"),
    [
        ("skipped", "3 media packets were not sent, because their time had passed"),
        ("send_errors", "the kernel did not take 3 media packets"),
        ("kernel_drops", "the kernel dropped 3 media packets that we did not read in time"),
        ("recording_drops", "3 packets are missing in recordings, because the disk was too slow"),
    ],
)
def test_what_was_lost_here_is_told(counter: str, reason: str) -> None:
    load = Load()
    load.run(10)
    setattr(load.media.counters, counter, 3)
    assert load.run(10) == (f"{reason}: from 10 s to 15 s 3",)


def test_what_the_network_loses_is_no_doubt() -> None:
    load = Load()
    load.media.counters.lost = load.media.counters.duplicates = load.media.counters.garbage = 1000
    assert load.run(10) == ()
