# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which events are asked for, by level and by samples, and what that takes of shards."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.export.log_events import LEVELS, RECORDS, Asked, Level, LogKind, asked_of, read_attributes, read_samples
from engine.messages.records import ActionLogged, CallEnded, TimedOut
from engine.options import RunConfig


def test_every_kind_has_a_level_and_what_it_is_made_from() -> None:
    assert LEVELS.keys() == RECORDS.keys() == set(LogKind)
    assert {kind.partition(".")[0] for kind, records in RECORDS.items() if not records} == {"engine"}


@pytest.mark.parametrize(
    ("least", "told"), [("info", {"info", "warn", "error"}), ("warn", {"warn", "error"}), ("error", {"error"})]
)
def test_what_matters_less_is_not_told(least: str, told: set[str]) -> None:
    asked = asked_of(RunConfig(log_level=least))
    assert {level.value for level in Level if asked.tells(LogKind.ACTION_LOG, level)} == told
    for kind, level in LEVELS.items():
        assert asked.may_tell(kind) == (level.value in told or kind is LogKind.ACTION_LOG)


def test_of_one_in_three_the_first_is_told_and_each_third_after_it() -> None:
    asked = Asked(Level.INFO, {LogKind.SIP_SEND: 3})
    assert [asked.tells(LogKind.SIP_SEND, Level.INFO) for _ in range(7)] == [True, False, False, True, False, False, True]
    assert all(asked.tells(LogKind.SIP_RECV, Level.INFO) for _ in range(7))


def test_what_the_level_keeps_out_is_no_part_of_the_sample() -> None:
    asked = Asked(Level.WARN, {LogKind.ACTION_LOG: 2})
    levels = [Level.INFO, Level.WARN, Level.INFO, Level.WARN, Level.ERROR]
    assert [asked.tells(LogKind.ACTION_LOG, level) for level in levels] == [False, True, False, False, True]


def test_shards_record_what_may_be_told_and_nothing_else() -> None:
    assert Asked(Level.ERROR, {}).records == {ActionLogged, CallEnded}
    assert TimedOut in Asked(Level.WARN, {}).records
    assert Asked(Level.INFO, {}).records == frozenset().union(*RECORDS.values())


def test_samples_are_read_and_the_last_of_a_kind_counts() -> None:
    assert read_samples(["sip.send=10", "rtd=1", "sip.send=20"]) == {LogKind.SIP_SEND: 20, LogKind.RTD: 1}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("sip.sent=2", "'sip.sent' is no kind of event; there are engine.started, .*, error"),
        ("", "'' is no kind of event"),
        ("rtd", "'rtd' says not one in how many; write rtd=100"),
        ("rtd=0", "'rtd=0' says not one in how many"),
        ("rtd=-3", "'rtd=-3' says not"),
        ("rtd=1.5", "'rtd=1.5' says not"),
        ("rtd=" + "9" * 5000, "says not one in how many"),
        ("rtd=\N{ARABIC-INDIC DIGIT FOUR}", "says not one in how many"),
    ],
)
def test_what_is_no_sample(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read_samples([text])


def test_attributes_are_read_and_a_value_may_have_anything_in_it() -> None:
    assert read_attributes(["site=lab", " room = a=b,c", "site=", "x=y"]) == {"site": "", "room": " a=b,c", "x": "y"}


@pytest.mark.parametrize("text", ["site", "=lab", " =lab", ""])
def test_what_is_no_attribute(text: str) -> None:
    with pytest.raises(ValueError, match="is no attribute; write NAME=VALUE"):
        read_attributes([text])


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    for read in (read_samples, read_attributes):
        with contextlib.suppress(ValueError):
            assert read([text])
