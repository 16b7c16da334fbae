# SPDX-License-Identifier: AGPL-3.0-or-later
"""The sockets of a shard's media: which are there, for how long, and what happens when there are none."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from random import Random

import pytest

from engine.errors import BindError
from engine.media.kinds import MediaKind
from engine.media.leg import Leg
from engine.media.pacer import LONGEST_NS
from engine.options import RunConfig
from engine.shard.media.desk import MediaDesk
from engine.shard.notes import Notes
from engine.transport import Addresses, Poller


def free_ports() -> int:
    """The first of some ports that nobody has."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
    return port & ~15


def made(**options: object) -> MediaDesk:
    config = RunConfig(**options)  # type: ignore[arg-type]
    return MediaDesk(config, Addresses(local_ip="127.0.0.1", bind_ip="127.0.0.1"), Poller(), Notes(), Random(1))


@pytest.fixture
def desk() -> Iterator[MediaDesk]:
    first = free_ports()
    made_desk = made(media_port=first, max_media_port=first + 15)
    made_desk.open(0)
    yield made_desk
    made_desk.close()


def is_bound(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.bind(("127.0.0.1", port))
        except OSError:
            return True
        return False


def share(desk: MediaDesk, number: int) -> Leg:
    leg = Leg(desk, None, MediaKind.AUDIO, number)
    port = desk.shared(number)
    port.legs.join(leg, number)
    leg.open(port)
    return leg


def test_a_port_that_nobody_shares_any_more_is_closed_but_that_of_all_calls(desk: MediaDesk) -> None:
    first, second = share(desk, desk.media_port + 4), share(desk, desk.media_port + 4)
    of_all = share(desk, desk.media_port)
    desk.leave(first)
    assert is_bound(desk.media_port + 4)
    desk.leave(second)
    desk.leave(of_all)
    assert not is_bound(desk.media_port + 4)
    assert is_bound(desk.media_port)


def test_a_calls_own_ports_are_given_back(desk: MediaDesk) -> None:
    taken = [desk.take() for _ in range(7)]
    with pytest.raises(BindError, match="pairs"):
        desk.take()
    numbers = {port.number for port in taken}
    assert len(numbers) == 7
    for port in taken:
        desk.give_back(port)
    assert not any(map(is_bound, numbers))
    assert desk.take().number in numbers


def test_an_address_of_another_family_is_none(desk: MediaDesk) -> None:
    assert desk.address(("127.0.0.3", 4000)) == ("127.0.0.3", 4000)
    for ip in ("::1", "nowhere", "", "1.2.3.4.5"):
        with pytest.raises(OSError):  # noqa: PT011 - the kernel's words
            desk.address((ip, 4000))


def test_what_comes_leaves_time_for_what_goes() -> None:
    poller = Poller()
    before_ns = poller.longest_ns
    MediaDesk(RunConfig(), Addresses(local_ip="127.0.0.1", bind_ip="127.0.0.1"), poller, Notes(), Random(1))
    assert poller.longest_ns <= LONGEST_NS < before_ns
    poller.close()
