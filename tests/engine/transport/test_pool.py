# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which open socket the next call gets, and when one is to be closed: without a socket."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.transport.pool import Pool
from tests.growth import grows_linearly


def filled(most: int, *, keeps: bool = False) -> Pool[int]:
    """A pool with so many things, 0 and up, each with one user."""
    pool = Pool[int](most, keeps=keeps)
    for thing in range(most):
        assert pool.take() is None
        pool.add(thing)
    return pool


def test_as_long_as_there_may_be_more_each_user_has_its_own() -> None:
    pool = Pool[str](3)
    for thing in ("a", "b", "c"):
        assert pool.take() is None
        pool.add(thing)
    assert len(pool) == 3
    assert list(pool) == ["a", "b", "c"]
    assert "a" in pool
    assert "d" not in pool


def test_beyond_that_they_are_shared_round_robin() -> None:
    pool = filled(3)
    assert [pool.take() for _ in range(7)] == [0, 1, 2, 0, 1, 2, 0]


def test_it_is_to_be_closed_when_its_last_user_is_done() -> None:
    pool = filled(2)
    assert [pool.take() for _ in range(3)] == [0, 1, 0]
    assert [pool.release(0) for _ in range(3)] == [False, False, True]
    assert [pool.release(1) for _ in range(2)] == [False, True]
    assert len(pool) == 0


def test_what_was_closed_makes_room_for_another() -> None:
    pool = filled(2)
    assert pool.release(0)
    assert pool.take() is None
    pool.add(7)
    assert [pool.take() for _ in range(3)] == [1, 7, 1]


def test_what_is_kept_is_given_before_another_is_opened_or_shared() -> None:
    pool = filled(3, keeps=True)
    assert not pool.release(1)
    assert len(pool) == 3
    assert pool.take() == 1
    assert pool.take() == 0
    few = Pool[str](5, keeps=True)
    few.add("a")
    assert few.take() is None
    few.release("a")
    assert few.take() == "a"
    assert few.take() is None


def test_what_cannot_be_used_again_is_not_kept() -> None:
    pool = filled(2, keeps=True)
    assert pool.take() == 0
    assert not pool.release(0, reusable=False)
    assert pool.release(0, reusable=False)
    assert list(pool) == [1]


def test_users_share_only_what_is_of_their_kind() -> None:
    pool = Pool[str](2)
    pool.add("a", "127.0.0.1")
    pool.add("b", "127.0.0.1")
    assert pool.take("127.0.0.2") is None, "a kind has at least one"
    pool.add("c", "127.0.0.2")
    assert [pool.take("127.0.0.2") for _ in range(2)] == ["c", "c"]
    assert [pool.take("127.0.0.1") for _ in range(3)] == ["a", "b", "a"]


def test_what_is_gone_is_given_to_nobody_and_its_users_release_nothing() -> None:
    pool = filled(2)
    assert pool.take() == 0
    pool.remove(0)
    pool.remove(0)
    assert not pool.release(0)
    assert not pool.release(0)
    assert len(pool) == 1
    pool.add(2)
    assert [pool.take() for _ in range(3)] == [1, 2, 1]


def test_nothing_is_remembered_of_what_is_closed() -> None:
    pool = Pool[int](10)
    for thing in range(1000):
        pool.add(thing, f"kind {thing}")
        assert pool.release(thing)
    assert (len(pool), pool._users, pool._kinds, pool._rings) == (0, {}, {}, {})


def test_choosing_takes_no_longer_when_many_are_open() -> None:
    def choose(many: int) -> None:
        pool = filled(many)
        for _ in range(many):
            pool.take()
        for thing in range(many):
            pool.release(thing)
            assert pool.release(thing)

    assert grows_linearly(choose, 5_000)


@given(
    most=st.integers(1, 4), keeps=st.booleans(), steps=st.lists(st.tuples(st.booleans(), st.integers(0, 20), st.integers(0, 2)))
)
def test_every_user_is_counted(most: int, keeps: bool, steps: list[tuple[bool, int, int]]) -> None:
    """Against a list of users: nothing that is in use is closed, and what is closed has no user."""
    pool, users, opened = Pool[int](most, keeps=keeps), list[tuple[int, int]](), 0
    for comes, which, kind in steps:
        if comes:
            thing = pool.take(kind)
            if thing is None:
                thing, opened = opened, opened + 1
                pool.add(thing, kind)
            assert all(thing != other or kind == others for other, others in users)
            users.append((thing, kind))
        elif users:
            thing, _ = users.pop(which % len(users))
            is_unused = all(thing != other for other, _ in users)
            assert pool.release(thing) == (is_unused and not keeps)
            assert (thing in pool) == (keeps or not is_unused)
        assert len(pool) <= most + 2
        assert {thing for thing, _ in users} <= set(pool)
