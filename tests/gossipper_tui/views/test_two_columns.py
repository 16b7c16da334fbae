# SPDX-License-Identifier: AGPL-3.0-or-later
"""Tables of names with two columns of numbers."""

from __future__ import annotations

from gossipper_tui.views.spans import Tone, plain
from gossipper_tui.views.two_columns import Row, two_columns

ROWS = [Row("Calls", "7", "120"), None, Row("A name that is long", "", "1", Tone.BAD)]


def test_numbers_stand_below_each_other_and_names_take_what_is_left() -> None:
    assert [plain(line) for line in two_columns(ROWS, 24, 6, (4, 12))] == [
        "Calls            7   120",
        "",
        "A name that…           1",
    ]
    assert [plain(line) for line in two_columns(ROWS[:1], 80, 6, (4, 12))] == ["Calls            7   120"]


def test_names_keep_their_least_width_and_the_table_that_of_the_screen() -> None:
    assert [plain(line) for line in two_columns(ROWS[:1], 14, 6, (4, 12))] == ["Cal…     7   …"]


def test_the_tone_is_that_of_the_numbers() -> None:
    (line,) = two_columns(ROWS[2:], 24, 6, (4, 12))
    assert [span.tone for span in line] == [Tone.DIM, Tone.BAD]
