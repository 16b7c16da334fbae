# SPDX-License-Identifier: AGPL-3.0-or-later
"""Warnings are folded, log lines are not, and neither grows without bound."""

from __future__ import annotations

from engine.shard.notes import MOST_NOTES, Notes
from engine.shard.protocol import LoggedText, Warned


def test_the_same_warning_is_told_once_with_its_count() -> None:
    notes = Notes()
    for text in ("a", "b", "a", "a"):
        notes.warn(text)
    assert list(notes.take()) == [Warned(text="a", count=3), Warned(text="b", count=1)]
    assert notes.counters.warnings == 4
    assert list(notes.take()) == []


def test_log_lines_keep_their_order_and_number() -> None:
    notes = Notes()
    for text in ("a", "b", "a"):
        notes.log(text)
    assert list(notes.take()) == [LoggedText(text="a"), LoggedText(text="b"), LoggedText(text="a")]


def test_what_is_too_much_between_two_tellings_is_only_counted() -> None:
    notes = Notes()
    for number in range(2 * MOST_NOTES):
        notes.warn(f"warning {number}")
        notes.log(f"line {number}")
    notes.warn("warning 0")
    told = list(notes.take())
    assert len(told) == 2 * MOST_NOTES
    assert told[0] == Warned(text="warning 0", count=2)
    assert notes.counters.warnings == 2 * MOST_NOTES + 1


def test_what_could_not_be_told_is_told_first_the_next_time_and_not_counted_again() -> None:
    notes = Notes()
    for text in ("a", "b", "b"):
        notes.warn(text)
    notes.log("one")
    notes.log("two")
    _, *rest = notes.take()
    notes.warn("c")
    notes.warn("b")
    notes.log("three")
    notes.give_back(rest)
    assert notes.take() == [
        Warned(text="b", count=3),
        Warned(text="c", count=1),
        LoggedText(text="one"),
        LoggedText(text="two"),
        LoggedText(text="three"),
    ]
    assert notes.counters.warnings == 5
