# SPDX-License-Identifier: AGPL-3.0-or-later
"""What came of a source, against RFC 3550 appendix A and against tshark."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.media.reception import MAX_DROPOUT, WINDOW, Reception, ReceptionSummary, summed
from tests.growth import grows_linearly
from tests.interop.media.tshark_rtp import streams
from tests.media_captures import TARGET_PORT, uneven, write_capture

MS = 1_000_000
PACKET_NS = 20 * MS


def after(sequences: Iterable[int], first: int = 0) -> Reception:
    """A reception of packets whose place in time is that of their number; `sequences` may go beyond 16 bits."""
    reception = Reception(8000)
    for arrival, sequence in enumerate(sequences):
        reception.received((first + sequence) % 65536, sequence * 160 % (1 << 32), arrival * PACKET_NS)
    return reception


def counts(reception: Reception) -> tuple[int, int, int, int, int, int]:
    """Packets, expected, lost, runs of lost ones, doubled, out of order."""
    one = reception.summary()
    return one.packets, one.expected, one.lost, one.bursts, one.duplicates, one.reordered


def test_nothing_is_nothing() -> None:
    assert counts(Reception(8000)) == (0, 0, 0, 0, 0, 0)
    assert Reception(8000).summary().jitter_mean_ns == 0


@pytest.mark.parametrize("first", [0, 1, 65_000, 65_535])
def test_a_whole_stream_has_lost_nothing_however_its_numbers_wrap(first: int) -> None:
    reception = after(range(200_000), first)
    assert counts(reception) == (200_000, 200_000, 0, 0, 0, 0)
    assert reception.restarts == 0
    assert reception.highest == first + 199_999


@pytest.mark.parametrize("first", [0, 65_530])
def test_each_disorder_is_counted_as_what_it_is(first: int) -> None:
    assert counts(after([0, 1, 4, 5, 9], first)) == (5, 10, 5, 2, 0, 0)
    assert counts(after([0, 1, 3, 2, 4], first)) == (5, 5, 0, 0, 0, 1)
    assert counts(after([0, 1, 1, 2, 1, 0], first)) == (6, 3, 0, 0, 3, 0)
    assert counts(after([0, 4, 2], first)) == (3, 5, 2, 2, 0, 1), "a late one parts what is missing into two runs"
    assert counts(after([0, 4, 2, 2], first)) == (4, 5, 2, 2, 1, 1), "what came late and comes again is doubled"
    assert counts(after([0, 4, 3, 2, 1], first)) == (5, 5, 0, 0, 0, 3)


def test_a_doubled_packet_hides_no_loss() -> None:
    assert counts(after([0, 1, 1, 2, 2, 5, 6])) == (7, 7, 2, 1, 2, 0)


def test_a_packet_from_before_the_first_was_expected() -> None:
    assert counts(after([5, 6, 4, 7], 65_530)) == (4, 4, 0, 0, 0, 1)
    assert counts(after([5, 2, 3, 6])) == (4, 5, 1, 1, 0, 2)
    assert counts(after([5, 2, 3, 6, 3, 4], 65_534)) == (6, 5, 0, 0, 1, 3)


@given(st.data())
@settings(max_examples=200)
def test_counts_are_those_of_whoever_remembers_all(data: st.DataObject) -> None:
    first = data.draw(st.integers(0, 65_535))
    sequences = [1000]
    for _ in range(data.draw(st.integers(0, 60))):
        sequences.append(max(sequences) + data.draw(st.integers(-40, 6)))
    kept = set(sequences)
    missing = [one for one in range(min(kept), max(kept) + 1) if one not in kept]
    runs = sum(1 for one in missing if one - 1 in kept)
    reception = after(sequences, first)
    assert (reception.packets, reception.expected) == (len(sequences), max(kept) - min(kept) + 1)
    assert (reception.lost, reception.bursts) == (len(missing), runs)
    assert reception.duplicates == len(sequences) - len(kept)


def test_how_far_back_a_packet_is_known() -> None:
    assert counts(after([0, *range(2, WINDOW + 1), 1]))[2:] == (0, 0, 0, 1)
    late = after([0, *range(2, WINDOW + 3), 1])
    assert counts(late)[2:] == (1, 1, 0, 0)
    assert late.strays == 1


def test_a_source_that_begins_anew_is_believed_at_its_second_packet() -> None:
    reception = after([*range(100), *range(30_000, 30_050)])
    assert counts(reception) == (150, 150, 0, 0, 0, 0)
    assert (reception.restarts, reception.strays) == (1, 0)
    again = after([*range(100), *range(30_000, 30_050), 60_000, 60_001, 60_003], 65_500)
    assert counts(again) == (153, 154, 1, 1, 0, 0)
    assert again.restarts == 2


def test_one_packet_from_far_changes_nothing() -> None:
    reception = after([*range(100), 30_000, *range(100, 200), 40_000, 200])
    assert counts(reception) == (203, 201, 0, 0, 0, 0)
    assert (reception.restarts, reception.strays) == (0, 2)


def test_a_jump_up_to_the_most_is_a_loss() -> None:
    assert counts(after([0, MAX_DROPOUT - 1]))[1:4] == (MAX_DROPOUT, MAX_DROPOUT - 2, 1)
    assert after([0, MAX_DROPOUT]).strays == 1


def test_reports_tell_what_was_lost_since_the_last() -> None:
    reception = after([0, 1, 2, 3])
    assert reception.report_block(7).fraction_lost == 0
    for sequence in (6, 7):
        reception.received(sequence, sequence * 160, sequence * PACKET_NS)
    block = reception.report_block(7, 0x1_0000_0005, 9)
    assert (block.ssrc, block.fraction_lost, block.cumulative_lost, block.highest_sequence) == (7, 128, 2, 7)
    assert (block.last_sr, block.delay_since_last_sr) == (5, 9)
    assert reception.report_block(7).fraction_lost == 0, "nothing was expected since"


def test_reports_count_doubled_packets_as_the_rfc_does() -> None:
    block = after([0, 1, 1, 1]).report_block(7)
    assert (block.fraction_lost, block.cumulative_lost) == (0, -2)


def test_the_highest_number_of_a_report_has_its_cycles() -> None:
    assert after(range(70_000), 65_000).report_block(7).highest_sequence == 65_000 + 69_999


def jitter_of(clock_rate: int, packets: Iterable[tuple[int, int]]) -> Reception:
    """A reception of packets with these timestamps and times in ms."""
    reception = Reception(clock_rate)
    for sequence, (timestamp, arrived_ms) in enumerate(packets):
        reception.received(sequence, timestamp, arrived_ms * MS)
    return reception


def test_jitter_grows_and_falls_by_a_sixteenth() -> None:
    reception = jitter_of(8000, [(0, 0), (160, 36), (320, 40)])
    assert reception.jitter_ns == MS * 16 // 16 * 15 // 16 + MS
    even = jitter_of(8000, [(160 * k, 20 * k) for k in range(500)])
    assert (even.jitter_ns, even.jitter_mean_ns, even.jitter_max_ns) == (0, 0, 0)


def test_jitter_is_of_any_clock_and_over_its_wrap() -> None:
    for clock_rate in (8000, 11_025, 44_100, 48_000, 90_000):
        ticks = clock_rate // 50 if clock_rate % 50 == 0 else clock_rate
        ms = 1000 * ticks // clock_rate
        begin = (1 << 32) - 3 * ticks
        reception = jitter_of(clock_rate, [((begin + k * ticks) % (1 << 32), k * ms + 8 * (k == 9)) for k in range(10)])
        assert reception.jitter_ns == MS // 2
        assert reception.jitter == clock_rate // 2000


def test_timestamps_that_leap_do_not_spoil_what_follows() -> None:
    reception = Reception(8000)
    arrived_ns = 0
    for sequence in range(400):
        arrived_ns += PACKET_NS
        leap = 0x7FFF_FFFF if sequence in (100, 200, 300) else 0
        reception.received(sequence, (sequence * 160 + leap) % (1 << 32), arrived_ns)
    assert reception.jitter_max_ns == 0
    assert reception.clock_jumps == 6


@given(
    st.lists(st.tuples(st.integers(0, 65_535), st.integers(0, (1 << 32) - 1), st.integers(-(1 << 62), 1 << 62), st.booleans()))
)
def test_no_packets_break_it(packets: list[tuple[int, int, int, bool]]) -> None:
    reception = Reception(1)
    for sequence, timestamp, arrived_ns, marker in packets:
        reception.received(sequence, timestamp, arrived_ns, marker)
    one = reception.summary()
    assert 0 <= one.lost <= one.expected
    assert 0 <= one.bursts <= one.lost
    assert 0 <= one.jitter_mean_ns <= one.jitter_max_ns <= 1 << 40
    assert one.packets == len(packets)
    block = reception.report_block(1)
    assert 0 <= block.fraction_lost <= 255
    assert -(1 << 23) <= block.cumulative_lost < 1 << 23


def test_a_description_that_names_no_clock_breaks_nothing() -> None:
    assert jitter_of(0, [(0, 0), (160, 20), (320, 40)]).summary().packets == 3


def test_a_hostile_source_costs_no_more_a_packet() -> None:
    def leaps(count: int) -> None:
        reception = Reception(8000)
        for number in range(count):
            reception.received(number * 2999 % 65_536, number, number)
            reception.received((number * 2999 - 500) % 65_536, number, number)
        assert reception._holes < 1 << WINDOW

    assert grows_linearly(leaps, 1000)


def test_gaps_are_times_without_packets_that_the_source_does_not_announce() -> None:
    reception = Reception(8000)
    arrivals_ms = [0, 20, 40, 60, 121, 141, 501, 521, 1521]
    for sequence, arrived_ms in enumerate(arrivals_ms):
        reception.received(sequence, arrived_ms * 8, arrived_ms * MS, marker=sequence in (0, 8))
    one = reception.summary()
    assert (one.gaps, one.longest_gap_ns) == (2, 360 * MS)


def test_a_gap_is_measured_by_the_packet_time_of_the_source() -> None:
    reception = Reception(48_000)
    for sequence in range(50):
        reception.received(sequence, sequence * 2880, sequence * 60 * MS)
    reception.received(51, 51 * 2880, 51 * 60 * MS)
    assert reception.gaps == 0
    reception.received(56, 56 * 2880, 56 * 60 * MS)
    assert reception.gaps == 1


def test_packets_of_an_event_count_and_say_nothing_of_jitter() -> None:
    reception = Reception(8000)
    for sequence in range(30):
        arrived_ns = sequence * PACKET_NS
        if 10 <= sequence < 20:
            reception.counted(sequence, arrived_ns)
        else:
            reception.received(sequence, sequence * 160, arrived_ns)
    one = reception.summary()
    assert (one.packets, one.lost, one.jitter_max_ns, one.gaps) == (30, 0, 0, 0)


def test_packets_that_come_too_late_to_be_heard() -> None:
    arrivals_ms = [number * 20 for number in range(100)]
    arrivals_ms[40] += 150
    reception = jitter_of(8000, [(number * 160, arrived_ms) for number, arrived_ms in enumerate(arrivals_ms)])
    assert reception.summary().late == 1
    assert jitter_of(8000, [(0, 0), (1 << 31, 20), (160, 40), (320, 60)]).summary().late == 0


def test_sums_of_sources() -> None:
    one = jitter_of(8000, [(0, 0), (160, 36), (320, 40)]).summary(4.4)
    two = after([0, 1, 3, 3]).summary(3.0)
    both = summed([one, two])
    assert (both.packets, both.expected, both.lost, both.bursts, both.duplicates) == (7, 7, 1, 1, 1)
    assert both.jitter_max_ns == max(one.jitter_max_ns, two.jitter_max_ns)
    assert min(one.jitter_mean_ns, two.jitter_mean_ns) <= both.jitter_mean_ns <= both.jitter_max_ns
    assert 3.0 < both.mos < 4.4
    assert summed([]) == Reception(8000).summary()
    assert summed([one]) == one


def test_what_came_since() -> None:
    reception = jitter_of(8000, [(0, 0), (160, 36), (320, 40)])
    before = reception.summary(4.4)
    for sequence in (4, 5, 5, 9, 3):
        reception.received(sequence, sequence * 160, sequence * PACKET_NS)
    now = reception.summary().since(before)
    assert (now.packets, now.expected, now.lost, now.bursts, now.duplicates, now.reordered) == (5, 7, 3, 1, 1, 1)
    assert reception.summary().since(ReceptionSummary()) == reception.summary()
    assert before.since(before).jitter_mean_ns == 0
    late = after([0, 1, 5, 6]).summary()
    assert after([0, 1, 5, 6, 4, 3]).summary().since(late).lost == 0


@pytest.mark.parametrize(
    ("payload_type", "clock_rate"), [(0, 8000), (9, 8000), (8, 8000), (18, 8000), (34, 90_000), (6, 16_000)]
)
def test_tshark_says_the_same(tmp_path: Path, payload_type: int, clock_rate: int) -> None:
    sent = uneven(payload_type, clock_rate)
    write_capture(tmp_path / "stream.pcap", payload_type, sent)
    reception = Reception(clock_rate)
    for one in sent:
        reception.received(one.sequence, one.timestamp, one.at_us * 1000, one.marker)
    (row,) = streams(tmp_path / "stream.pcap", rtp_ports=(TARGET_PORT,))
    assert (reception.packets, reception.lost) == (row.packets, row.lost)
    assert reception.lost > 20
    assert reception.jitter_mean_ns / MS == pytest.approx(row.mean_jitter_ms, abs=0.01)
    assert reception.jitter_max_ns / MS == pytest.approx(row.max_jitter_ms, abs=0.01)
