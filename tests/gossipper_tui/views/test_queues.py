# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is written and dropped beside the calls is told in the status line, in the statistics and in the final text."""

from __future__ import annotations

import msgspec

from engine.messages import QueueCounts, Snapshot
from gossipper_tui.views import queues, statistics
from gossipper_tui.views.final import outcome_lines
from gossipper_tui.views.history import RunHistory
from gossipper_tui.views.spans import Tone, plain
from gossipper_tui.views.status import status
from tests.engine.bus.events import finished, snapshot, started

UNUSED = QueueCounts()
GOOD = QueueCounts(offered=21_000, written=20_000)
BAD = QueueCounts(offered=400, written=380, dropped=12)


def at(sequence: int, **counts: QueueCounts) -> Snapshot:
    named = {name.replace("_", " "): each for name, each in counts.items()}
    return msgspec.structs.replace(snapshot(sequence), queues=named)


def line_of(told: Snapshot) -> str:
    return status(started(), told).line(200).replace("\u202f", " ")


def test_the_status_line_tells_of_what_was_dropped_and_of_nothing_else() -> None:
    assert "dropped" not in line_of(at(4, event_log=GOOD, homer=UNUSED))
    assert "  12 dropped (event log)  " in line_of(at(4, event_log=BAD, homer=GOOD))
    assert "  24 dropped (event log, homer)  " in line_of(at(4, event_log=BAD, homer=BAD))


def test_the_final_text_tells_of_each_queue_that_was_used() -> None:
    summary = msgspec.structs.replace(finished().summary, queues={"event log": BAD, "homer": GOOD, "calls": UNUSED})
    assert [text.replace("\u202f", " ") for text in outcome_lines(summary)[-3:-1]] == [
        "event log · 380 of 400 written · 12 dropped",
        "homer · 20 000 written",
    ]


def test_the_statistics_tell_of_the_last_period_too() -> None:
    earlier = at(1, event_log=QueueCounts(offered=200, written=200))
    rows = queues.rows(at(2, event_log=BAD, homer=GOOD), (earlier, at(2, event_log=BAD, homer=GOOD)))
    assert [(row.name, row.left, row.right.replace("\u202f", " "), row.tone) for row in rows] == [
        ("Written: event log", "180", "380", Tone.NORMAL),
        ("Dropped: event log", "12", "12", Tone.BAD),
        ("Written: homer", "20\u202f000", "20 000", Tone.NORMAL),
    ]


def test_the_statistics_of_a_run_have_them() -> None:
    history = RunHistory(started(), snapshot=at(4, event_log=BAD))
    shown = [plain(line).split() for line in statistics.statistics(history, 80)]
    assert ["Written:", "event", "log", "380"] in shown
    assert ["Dropped:", "event", "log", "12"] in shown
    without = statistics.statistics(RunHistory(started(), snapshot=snapshot(4)), 80)
    assert not [line for line in without if plain(line).startswith(("Written:", "Dropped:"))]
