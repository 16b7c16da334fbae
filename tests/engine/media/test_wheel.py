# SPDX-License-Identifier: AGPL-3.0-or-later
"""The wheel: taken in time and never early, taken out in the middle, nothing left behind."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.media.wheel import FURTHEST_SLOTS, NEVER_NS, SLOT_NS, Due, Wheel

SECOND = 1_000_000_000


def taken(wheel: Wheel, now_ns: int) -> list[Due]:
    """All that have come, put in again when they are not due."""
    wheel.come(now_ns)
    found = []
    while (item := wheel.take(now_ns)) is not None:
        if item.due_ns > now_ns:
            wheel.put(item, item.due_ns)
        else:
            found.append(item)
    return found


def test_an_empty_wheel_never_has_anything_to_do() -> None:
    wheel = Wheel()
    assert wheel.next_ns() == NEVER_NS
    assert taken(wheel, SECOND) == []


def test_who_is_taken_out_is_not_taken() -> None:
    wheel, items = Wheel(), [Due() for _ in range(100)]
    wheel.come(SECOND)
    for item in items:
        wheel.put(item, SECOND + 20_000_000)
    for item in items[::2]:
        wheel.remove(item)
        wheel.remove(item)
    assert set(taken(wheel, SECOND + 21_000_000)) == set(items[1::2])


def test_who_is_put_in_again_is_taken_at_the_new_time_only() -> None:
    wheel, item = Wheel(), Due()
    wheel.come(SECOND)
    wheel.put(item, SECOND + 5_000_000)
    wheel.put(item, SECOND + 9_000_000)
    assert taken(wheel, SECOND + 8_000_000) == []
    assert taken(wheel, SECOND + 9_000_000) == [item]
    wheel.put(item, SECOND + 19_000_000)
    wheel.put(item, SECOND + 15_000_000)
    assert taken(wheel, SECOND + 15_000_000) == [item]
    assert taken(wheel, SECOND + 30_000_000) == []


def test_streams_that_leave_far_slots_leave_nothing_behind() -> None:
    wheel = Wheel()
    for number in range(20_000):
        wheel.come(SECOND)
        item = Due()
        wheel.put(item, SECOND + number * SECOND)
        wheel.remove(item)
    assert wheel.held_slots <= FURTHEST_SLOTS + 1
    assert taken(wheel, 3 * SECOND) == []
    assert wheel.held_slots == 0
    assert wheel.next_ns() == NEVER_NS


@given(st.lists(st.integers(0, 5 * SECOND), max_size=60), st.lists(st.integers(0, 3 * SECOND), max_size=30))
def test_all_are_taken_once_in_time_and_never_early(dues: list[int], steps: list[int]) -> None:
    wheel, items = Wheel(), {}
    for due in dues:
        item = Due()
        wheel.put(item, due)
        items[item] = due
    now_ns = 0
    for step in [*steps, 10 * SECOND]:
        now_ns += step
        for item in taken(wheel, now_ns):
            assert items.pop(item) <= now_ns
        assert all(due + SLOT_NS > now_ns for due in items.values())
        assert wheel.next_ns() > now_ns
    assert not items
