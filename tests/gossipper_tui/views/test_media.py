# SPDX-License-Identifier: AGPL-3.0-or-later
"""Media in numbers and over time, from snapshots alone."""

from __future__ import annotations

import msgspec
import pytest

from engine.messages import MediaCounters, MediaNumbers, RunFinished, Snapshot
from gossipper_tui.views import media, media_plots
from gossipper_tui.views.history import RunHistory
from gossipper_tui.views.media_point import MediaPoint, joined_media, media_point
from gossipper_tui.views.series import MOST_POINTS, Series
from gossipper_tui.views.spans import Line, plain, width_of
from gossipper_tui.views.status import status
from tests.engine.bus.events import finished
from tests.engine.report.examples import media as two_legs
from tests.gossipper_tui import samples


def history(snapshots: list[Snapshot]) -> RunHistory:
    run = RunHistory(samples.started())
    for snapshot in snapshots:
        run.apply(snapshot)
    return run


def with_media(numbers: MediaNumbers) -> list[Snapshot]:
    """A run that began without any media and has done this after 2 s."""
    first, last = samples.snapshots(2)
    return [first, msgspec.structs.replace(last, media=numbers)]


def rows(lines: list[Line]) -> dict[str, list[str]]:
    """The table as names and cells."""
    texts = [plain(line).replace("\u202f", "_") for line in lines]
    return {text[:30].strip(): text[30:].replace(" ms", "ms").replace(" %", "%").split() for text in texts if text.strip()}


def test_a_run_without_media_has_no_word_of_it():
    run = history(samples.snapshots(10))
    assert not run.has_media
    assert media.phrases(run) == []
    assert media.phrase(run.snapshot, None) == ""
    assert plain(media.table(run, 80)[0]) == "No media."
    assert all(point.media is None for point in run.series.points)


def test_the_table_tells_what_was_received_and_what_was_sent():
    table = rows(media.table(history(with_media(two_legs(legs=2, packets=1000, lost=10))), 100))
    assert table[""] == ["received", "sent"]
    assert table["Packets"] == ["2_000", "2_000"]
    assert table["Packets/s"] == ["1_000", "1_000"]
    assert table["Loss"] == ["1%", "2%"]
    assert table["Jitter, mean"] == ["2.00ms", "3.00ms"]
    assert table["Jitter, highest"] == ["5.00ms", "3.00ms"]
    assert table["MOS, mean"] == ["4.10", "3.90"]
    assert table["Longest gap"] == ["61.0ms"]
    assert table["Lost"] == ["20"]
    assert "Digits" not in table
    assert "Round trip, p50" not in table


def test_every_counter_that_is_not_zero_has_its_row():
    unseen = {"legs", "octets_sent", "octets_received", "expected", "streams_out", "streams_in"}
    for name in set(MediaCounters.__struct_fields__) - unseen:
        numbers = msgspec.structs.replace(two_legs(legs=0), counters=MediaCounters(**{name: 4321}))
        cells = [cell for row in rows(media.table(history(with_media(numbers)), 100)).values() for cell in row]
        assert "4_321" in cells, name


@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_no_line_is_wider_than_the_room(width):
    run = history(samples.media_snapshots())
    drawings = (media_plots.packets_plot, media_plots.mos_plot, media_plots.jitter_plot, media_plots.loss_plot)
    lines = [*media.table(run, width), *(line for drawing in drawings for line in drawing(run, width, 9))]
    assert max(map(width_of, lines)) <= width


def test_a_plot_without_room_and_one_without_points_draw_nothing_wrong():
    assert media_plots.mos_plot(history(samples.media_snapshots()), 8, 9) == []
    empty = media_plots.mos_plot(history([]), 60, 9)
    assert len(empty) == 9
    assert plain(empty[0]).strip() == "5.0┤"


def test_the_phrases_of_a_run_that_goes_on_are_of_the_last_period_and_at_its_end_of_all_of_it():
    run = history(samples.media_snapshots())
    going_on = [plain(phrase).replace("\u202f", " ") for phrase in media.phrases(run)]
    assert going_on == ["media 1 500 out", "1 500 in", "149 992 packets/s", "loss 0.373 %", "jitter 1.97 ms", "MOS 4.28"]
    run.apply(RunFinished(run=run.started.run, summary=finished().summary))
    assert [plain(phrase).replace("\u202f", " ") for phrase in media.phrases(run)][2] == "145 317 packets/s"


def test_the_status_line_has_media_before_its_title_goes():
    last = samples.media_snapshots()[-1]
    text = "media 1 500 out 1 500 in 145 317 packets/s loss 0.373 % jitter 1.97 ms MOS 4.28"
    assert text in status(samples.started(), last).line(250).replace("\u202f", " ")
    narrower = status(samples.started(), last).line(180).replace("\u202f", " ")
    assert text in narrower
    assert "long_call" not in narrower


def test_a_point_is_what_media_did_in_its_period():
    run = history(with_media(two_legs(legs=2, packets=1000, lost=10)))
    point = run.series.points[0].media
    assert point is not None
    assert (point.sent, point.received, point.loss) == (1000, 1000, 0.01)
    assert point.mos == pytest.approx(4.1, rel=0.002)
    later = msgspec.structs.replace(run.snapshot, elapsed_ns=run.snapshot.elapsed_ns * 2)
    assert media_point(run.snapshot, later) == MediaPoint(0, 0)


def test_packets_that_come_late_make_no_negative_loss():
    numbers = two_legs(legs=1, packets=100, lost=0)
    numbers.counters.lost = -3
    run = history(with_media(numbers))
    assert run.series.points[0].media.loss == 0
    assert rows(media.table(run, 100))["Loss"][0] == "0%"


def test_of_two_periods_in_one_point_the_worse_is_kept():
    good, bad = MediaPoint(10, 10, 0.0, 1e6, 4.4, 4.3), MediaPoint(20, 20, 0.1, 9e6, 3.0, 2.0)
    assert joined_media(good, bad) == MediaPoint(15, 15, 0.1, 9e6, 3.0, 2.0)
    assert joined_media(None, bad) == bad
    assert joined_media(good, None) == good
    assert joined_media(MediaPoint(0, 0), MediaPoint(0, 0)) == MediaPoint(0, 0)


def test_a_dip_of_quality_is_seen_however_long_the_run():
    series = Series()
    numbers = two_legs(legs=0)
    for second in range(3 * MOST_POINTS):
        numbers = msgspec.structs.replace(numbers, mos_seen=numbers.mos_seen.copy())
        samples.add(numbers.mos_seen, 1500 if second == 100 else 4400, 1)
        series.add(msgspec.structs.replace(samples.snapshots(0)[0], elapsed_ns=second * 10**9, media=numbers))
    assert min(point.media.mos for point in series.points) == pytest.approx(1.5, rel=0.01)
    run = RunHistory(samples.started(), series=series)
    (near_the_bottom,) = (plain(line) for line in media_plots.mos_plot(run, 80, 9)[6:7])
    assert any("\u2801" <= character <= "\u28ff" for character in near_the_bottom)
