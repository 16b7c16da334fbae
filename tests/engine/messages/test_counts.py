# SPDX-License-Identifier: AGPL-3.0-or-later
"""Counters add, whatever they hold."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from engine.messages import SIPP_FAILURES, Counters, Failure, StepCounts
from engine.messages.counts import MEDIA_FAILURES

counts = st.integers(min_value=0, max_value=2**40)


def any_counters() -> st.SearchStrategy[Counters]:
    return st.builds(
        Counters,
        incoming=counts,
        failed=counts,
        cpu_ns=counts,
        failures=st.dictionaries(st.sampled_from(Failure), counts),
        reasons=st.dictionaries(st.text(max_size=5), counts, max_size=3),
        scenario=st.dictionaries(st.text(max_size=5), counts, max_size=3),
    )


@given(any_counters(), any_counters())
def test_adding_counters_does_not_depend_on_their_order(one: Counters, other: Counters) -> None:
    assert one.plus(other) == other.plus(one)
    assert sum(one.plus(other).failures.values()) == sum(one.failures.values()) + sum(other.failures.values())
    assert one.plus(other).created == one.created + other.created


@given(any_counters())
def test_nothing_changes_by_adding_nothing(one: Counters) -> None:
    assert one.plus(Counters()) == one


@given(any_counters())
def test_the_wire_form_is_the_same_counters(one: Counters) -> None:
    assert msgspec.json.decode(msgspec.json.encode(one), type=Counters) == one


def test_every_count_of_a_step_adds() -> None:
    one = StepCounts(messages=1, retransmissions=2, timeouts=3, unexpected=4, lost=5, open=6)
    assert one.plus(one) == StepCounts(messages=2, retransmissions=4, timeouts=6, unexpected=8, lost=10, open=12)


def test_the_failure_classes_are_the_columns_of_sipp_and_those_of_media() -> None:
    assert all(failure.value.startswith("Failed") for failure in Failure)
    assert len(SIPP_FAILURES) == 17
    assert {*SIPP_FAILURES, *MEDIA_FAILURES} == set(Failure)
