# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whose line is whose."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from random import Random

import pytest

from engine.scenario.data_files.heading import OrderName
from engine.scenario.data_files.order import NO_LINE, Order, make_order


def order(name: OrderName, size: int, seed: int = 1) -> Order:
    return make_order(name, size, Random(seed))


def lines(of: Order, first: int, last: int) -> list[int]:
    return [of.line_of(number, 0) for number in range(first, last + 1)]


def test_calls_take_lines_in_turn() -> None:
    assert lines(order(OrderName.SEQUENTIAL, 3), 1, 7) == [0, 1, 2, 0, 1, 2, 0]


def test_users_have_their_line() -> None:
    users = order(OrderName.USER, 2)
    assert [users.line_of(9, user) for user in (1, 2, 3, 0)] == [0, 1, NO_LINE, NO_LINE]
    users.grow(1)
    assert users.line_of(9, 3) == 2


def test_random_lines_are_repeated_by_a_seed_and_all_come_up() -> None:
    drawn = [lines(order(OrderName.RANDOM, 5, seed), 1, 1000) for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert set(drawn[0]) == set(range(5))


def test_random_lines_are_evenly_spread_and_independent() -> None:
    """Pearson's chi-squared test with a fixed seed: of the lines, and of each line with the next call's."""
    size, calls = 10, 20_000
    drawn = lines(order(OrderName.RANDOM, size), 1, calls + 1)
    for observed, cells in ((Counter(drawn), size), (Counter(pairwise(drawn)), size * size)):
        expected = calls / cells
        chi_squared = sum((observed[cell] - expected) ** 2 / expected for cell in observed)
        freedom = cells - 1
        assert abs(chi_squared - freedom) < 4 * (2 * freedom) ** 0.5


@pytest.mark.parametrize(
    ("inserting", "expected"),
    [
        (3, [0, 1, 2, 0, 1, 2, 3, 0, 1]),
        (2, [0, 1, 2, 3, 0, 1, 2, 3, 0]),
    ],
)
def test_a_line_that_is_inserted_has_its_turn_as_in_sipp(inserting: int, expected: list[int]) -> None:
    """What SIPp 3.6.1 does when the call with this number inserts one."""
    sequence = order(OrderName.SEQUENTIAL, 3)
    taken = lines(sequence, 1, inserting)
    sequence.grow(inserting + 1)
    assert lines(sequence, 1, inserting) == taken
    assert lines(sequence, 1, 9) == expected


def test_a_line_for_each_call() -> None:
    sequence = order(OrderName.SEQUENTIAL, 3)
    taken = []
    for number in range(1, 10):
        taken.append(sequence.line_of(number, 0))
        sequence.grow(number + 1)
        sequence.grow(number + 1)
    assert taken == list(range(9)) == lines(sequence, 1, 9)
    assert sequence.size == 21


def test_calls_keep_their_random_line_when_lines_are_inserted() -> None:
    of = order(OrderName.RANDOM, 3)
    before = lines(of, 1, 100)
    for _ in range(5):
        of.grow(101)
    assert lines(of, 1, 100) == before
    assert max(lines(of, 101, 200)) > 2
