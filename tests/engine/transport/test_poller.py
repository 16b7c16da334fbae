# SPDX-License-Identifier: AGPL-3.0-or-later
"""The poller calls what is ready, each in its turn, and nothing that was removed meanwhile."""

from __future__ import annotations

import os
import resource
import socket
from collections.abc import Iterator

import pytest

from engine.errors import TransportError
from engine.transport import Poller
from engine.transport.poller import LONGEST_NS, LOT


@pytest.fixture
def poller() -> Iterator[Poller]:
    poller = Poller()
    yield poller
    poller.close()


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    here, there = socket.socketpair()
    with here, there:
        yield here, there


def test_nothing_is_ready_until_something_comes(poller: Poller, pair: tuple[socket.socket, socket.socket]) -> None:
    here, there = pair
    called: list[str] = []
    poller.add(here.fileno(), lambda: called.append("read"))
    assert not poller.wait(0)
    poller.dispatch()
    there.send(b"x")
    assert poller.wait(5)
    poller.dispatch()
    assert called == ["read"]


def test_writable_is_only_told_when_asked_for(poller: Poller, pair: tuple[socket.socket, socket.socket]) -> None:
    here, _ = pair
    called: list[str] = []
    poller.add(here.fileno(), lambda: called.append("read"))
    assert not poller.wait(0)
    poller.when_writable(here.fileno(), lambda: called.append("write"))
    assert poller.wait(5)
    poller.dispatch()
    poller.when_writable(here.fileno(), None)
    assert not poller.wait(0)
    assert called == ["write"]


def test_the_end_of_the_other_side_is_readable(poller: Poller, pair: tuple[socket.socket, socket.socket]) -> None:
    here, there = pair
    called: list[str] = []
    poller.add(here.fileno(), lambda: called.append("read"))
    there.close()
    assert poller.wait(5)
    poller.dispatch()
    assert called == ["read"]


def test_one_handler_may_remove_another_that_is_ready_too(poller: Poller) -> None:
    called: list[int] = []
    pairs = [socket.socketpair() for _ in range(2)]

    def read(index: int) -> None:
        called.append(index)
        poller.remove(pairs[1 - index][0].fileno())

    for index, (here, there) in enumerate(pairs):
        poller.add(here.fileno(), lambda index=index: read(index))  # type: ignore[misc]
        there.send(b"x")
    poller.dispatch()
    assert len(called) == 1
    for here, there in pairs:
        here.close()
        there.close()


class Clock:
    """A clock that goes on by so much with each call of a `Flood`."""

    def __init__(self, step_ns: int) -> None:
        self.now_ns = 0
        self.step_ns = step_ns

    def __call__(self) -> int:
        return self.now_ns


class Flood:
    """Sockets with something to read, and how often each had its turn; without `reads` it stays there."""

    def __init__(self, count: int, clock: Clock, *, reads: bool) -> None:
        self.poller = Poller(clock)
        self.pairs = [socket.socketpair() for _ in range(count)]
        self.turns = [0] * count
        self.clock = clock
        self.reads = reads
        for index, (here, there) in enumerate(self.pairs):
            self.poller.add(here.fileno(), lambda index=index: self.read(index))  # type: ignore[misc]
            there.send(b"x")

    def read(self, index: int) -> None:
        self.turns[index] += 1
        self.clock.now_ns += self.clock.step_ns
        if self.reads:
            self.pairs[index][0].recv(1)

    def __enter__(self) -> Flood:
        return self

    def __exit__(self, *_: object) -> None:
        self.poller.close()
        for here, there in self.pairs:
            here.close()
            there.close()


def test_all_that_is_ready_is_called_as_long_as_there_is_time() -> None:
    with Flood(3 * LOT + 1, Clock(1), reads=True) as flood:
        flood.poller.dispatch()
        assert flood.turns == [1] * len(flood.pairs)


@pytest.mark.parametrize("count", [1, LOT - 1, LOT, 3 * LOT + 7])
def test_flooded_sockets_have_their_turns_one_after_the_other_and_others_in_between(count: int) -> None:
    with Flood(count, Clock(LONGEST_NS), reads=False) as flood:
        for turn in range(1, 5 * count):
            flood.poller.dispatch()
            assert sum(flood.turns) == turn
            assert max(flood.turns) - min(flood.turns) <= 1


def test_a_flood_of_short_calls_is_stopped_too() -> None:
    with Flood(2 * LOT, Clock(LONGEST_NS // 1000), reads=False) as flood:
        flood.poller.dispatch()
        assert sum(flood.turns) == 1000
        assert max(flood.turns) - min(flood.turns) <= 1


def test_what_was_left_over_is_not_called_once_it_is_removed() -> None:
    with Flood(3, Clock(LONGEST_NS), reads=True) as flood:
        flood.poller.dispatch()
        for index, (here, _) in enumerate(flood.pairs):
            if not flood.turns[index]:
                flood.poller.remove(here.fileno())
        flood.poller.dispatch()
        assert sum(flood.turns) == 1


def test_no_poller_without_descriptors() -> None:
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, limits[1]))
    try:
        with pytest.raises(TransportError, match="ulimit -n"):
            Poller()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def test_no_poller_that_select_could_not_wait_for() -> None:
    if resource.getrlimit(resource.RLIMIT_NOFILE)[0] < 1200:
        pytest.skip("this system allows too few open files to come that far")
    taken = [os.open("/dev/null", os.O_RDONLY) for _ in range(1024)]
    try:
        with pytest.raises(TransportError, match="1024 files open"):
            Poller()
    finally:
        for descriptor in taken:
            os.close(descriptor)
