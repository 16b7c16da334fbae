# SPDX-License-Identifier: AGPL-3.0-or-later
"""The poller calls what is ready, once, and nothing that was removed meanwhile."""

from __future__ import annotations

import os
import resource
import socket
from collections.abc import Iterator

import pytest

from engine.errors import TransportError
from engine.transport import Poller


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
