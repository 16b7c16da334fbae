# SPDX-License-Identifier: AGPL-3.0-or-later
"""Call k is due at start + k / rate, whatever else happens."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.shard.pacing import NEVER_NS, RatePacer, UserPacer

S = 1_000_000_000


def take(pacer: RatePacer, calls: int) -> list[int]:
    due = []
    for _ in range(calls):
        due.append(pacer.next_ns())
        pacer.started()
    return due


def test_calls_keep_their_schedule() -> None:
    assert take(RatePacer(S, 4), 5) == [S, S + S // 4, S + S // 2, S + 3 * S // 4, 2 * S]


@given(st.integers(1, 8), st.floats(0.1, 50_000))
def test_shards_together_keep_the_schedule_of_one(count: int, rate: float) -> None:
    alone = take(RatePacer(0, rate), 5 * count)
    together = sorted(due for index in range(count) for due in take(RatePacer(0, rate, index=index, count=count), 5))
    assert all(abs(a - b) <= 1 for a, b in zip(alone, together, strict=True))


def test_a_change_of_the_rate_keeps_what_was_half_due() -> None:
    pacer = RatePacer(0, 1)
    take(pacer, 1)
    pacer.set_rate(S // 2, 10)
    assert take(pacer, 2) == [S // 2 + S // 20, S // 2 + S // 20 + S // 10]


def test_changing_the_rate_again_and_again_does_not_starve_the_next_call() -> None:
    pacer = RatePacer(0, 10)
    take(pacer, 1)
    now_ns = 0
    while pacer.next_ns() > now_ns:
        now_ns += S // 100
        assert now_ns < S // 2
        pacer.set_rate(now_ns, 10)


def test_a_rate_of_zero_starts_nothing_until_it_rises() -> None:
    pacer = RatePacer(0, 0)
    assert pacer.next_ns() == NEVER_NS
    pacer.set_rate(S, 10)
    assert S <= pacer.next_ns() <= S + S // 10


def test_a_pause_shifts_the_schedule() -> None:
    pacer = RatePacer(0, 2)
    take(pacer, 1)
    pacer.pause(S // 4)
    assert pacer.next_ns() == NEVER_NS
    pacer.resume(10 * S)
    assert pacer.next_ns() == 10 * S + S // 4


def test_calls_that_are_held_back_are_not_made_up_for() -> None:
    pacer = RatePacer(0, 10)
    assert pacer.hold_back(S // 2 + 1) == 6
    assert pacer.next_ns() == 6 * S // 10


def test_users_call_again_as_soon_as_they_are_free() -> None:
    pacer = UserPacer(S, 2)
    assert [pacer.next_ns(), pacer.started(), pacer.started(), pacer.next_ns()] == [S, 2, 1, NEVER_NS]
    pacer.ended(2, 5 * S)
    assert (pacer.next_ns(), pacer.started()) == (5 * S, 2)


def test_who_has_waited_longest_goes_on() -> None:
    """The order in which SIPp 3.6.1 takes its users."""
    pacer = UserPacer(0, 3)
    assert [pacer.started() for _ in range(3)] == [3, 2, 1]
    for user in (2, 3, 1):
        pacer.ended(user, S)
    assert [pacer.started() for _ in range(3)] == [2, 3, 1]


def test_fewer_users_let_their_calls_end() -> None:
    pacer = UserPacer(0, 3)
    users = [pacer.started() for _ in range(3)]
    pacer.set_users(S, 1)
    for user in users:
        pacer.ended(user, 2 * S)
    assert (pacer.started(), pacer.next_ns()) == (1, NEVER_NS)
    pacer.set_users(3 * S, 2)
    assert (pacer.next_ns(), pacer.started()) == (3 * S, 2)


def test_users_that_come_back_while_their_last_call_goes_on_wait_for_its_end() -> None:
    pacer = UserPacer(0, 3)
    assert [pacer.started() for _ in range(3)] == [3, 2, 1]
    pacer.set_users(S, 1)
    pacer.set_users(2 * S, 3)
    assert pacer.next_ns() == NEVER_NS
    pacer.ended(3, 3 * S)
    assert (pacer.next_ns(), pacer.started(), pacer.next_ns()) == (3 * S, 3, NEVER_NS)
