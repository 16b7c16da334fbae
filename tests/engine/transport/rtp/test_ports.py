# SPDX-License-Identifier: AGPL-3.0-or-later
"""Pairs of media ports: even, taken and given back, those of other programs passed over, an end that is told."""

from __future__ import annotations

import socket
from contextlib import closing

import pytest

from engine.errors import BindError
from engine.transport import Addresses
from engine.transport.rtp.ports import MOST_TRIES, PortPair, PortRange, bind_media

HERE = Addresses(local_ip="127.0.0.1", bind_ip="127.0.0.1")


def free_range(pairs: int) -> int:
    """The first of so many pairs of ports that nobody has now."""
    for first in range(20_000, 32_000, 2 * pairs):
        try:
            for port in range(first, first + 2 * pairs):
                bind_media(HERE, port, 0).close()
        except BindError:
            continue
        return first
    raise AssertionError("no free ports")


def test_pairs_begin_with_an_even_port_and_come_back_last() -> None:
    first = free_range(4)
    ports = PortRange(HERE, first, first + 7)
    pairs = [ports.take() for _ in range(3)]
    assert [pair.port for pair in pairs] == [first, first + 2, first + 4]
    assert [pair.rtp.getsockname() for pair in pairs] == [("127.0.0.1", pair.port) for pair in pairs]
    assert ports.taken == 3
    pairs[1].rtp.close()
    pairs[1].give_back()
    pairs[1].give_back()
    later = [ports.take(), ports.take()]
    assert [pair.port for pair in later] == [first + 6, first + 2]
    for pair in (pairs[0], pairs[2], *later):
        pair.rtp.close()
        pair.give_back()
    assert ports.taken == 0


@pytest.mark.parametrize(
    ("first", "last", "pairs"), [(0, 0, 0), (1, 2, 0), (1, 3, 1), (0, 1, 1), (1, 4, 1), (2, 5, 2), (5, 4, 0)]
)
def test_only_whole_pairs_are_in_a_range(first: int, last: int, pairs: int) -> None:
    assert PortRange(HERE, 20_000 + first, 20_000 + last).pairs == pairs


def test_the_port_for_rtcp_is_the_next_and_may_be_missing() -> None:
    first = free_range(2)
    ports = PortRange(HERE, first, first + 3)
    pair, other = ports.take(), ports.take()
    with closing(pair.rtp), closing(other.rtp), closing(bind_media(HERE, first + 3, 0)):
        rtcp = pair.bind_rtcp()
        assert rtcp is not None
        with closing(rtcp):
            assert rtcp.getsockname()[1] == first + 1
        assert other.bind_rtcp() is None


def test_ports_that_other_programs_have_are_passed_over_until_they_are_free() -> None:
    first = free_range(3)
    ports = PortRange(HERE, first, first + 5)
    with closing(bind_media(HERE, first, 0)):
        pair = ports.take()
        assert pair.port == first + 2
        pair.rtp.close()
        pair.give_back()
    assert {pair.port for pair in [_released(ports) for _ in range(3)]} == {first, first + 2, first + 4}


def _released(ports: PortRange) -> PortPair:
    pair = ports.take()
    pair.rtp.close()
    return pair


def test_when_all_are_taken_one_line_says_so() -> None:
    first = free_range(2)
    ports = PortRange(HERE, first, first + 3)
    pairs = [ports.take(), ports.take()]
    for _ in range(2):
        with pytest.raises(BindError) as raised:
            ports.take()
        assert str(raised.value) == (
            f"all 2 pairs of media ports from {first} to {first + 3} of 127.0.0.1 are taken by calls; "
            "allow more with -min_rtp_port and -max_rtp_port"
        )
    for pair in pairs:
        pair.rtp.close()
        pair.give_back()
    _released(ports).give_back()


def test_when_other_programs_have_them_all_one_line_says_so_after_some_tries() -> None:
    first = free_range(2)
    ports = PortRange(HERE, first, first + 3)
    with closing(bind_media(HERE, first, 0)), closing(bind_media(HERE, first + 2, 0)):
        with pytest.raises(BindError) as raised:
            ports.take()
        assert str(raised.value) == (
            f"calls have 0 pairs of media ports from {first} to {first + 3} of 127.0.0.1, and other programs those 2 that were "
            "tried for one more; choose others with -min_rtp_port and -max_rtp_port"
        )
    assert _released(ports).port == first


def test_a_pair_that_the_run_needs_itself_is_no_calls_and_is_told() -> None:
    first = free_range(2)
    ports = PortRange(HERE, first, first + 3)
    ports.keep(first)
    ports.keep(first)
    ports.keep(first + 4)
    pair = ports.take()
    assert pair.port == first + 2
    with closing(pair.rtp), pytest.raises(BindError) as raised:
        ports.take()
    assert str(raised.value) == (
        f"all 2 pairs of media ports from {first} to {first + 3} of 127.0.0.1 are taken, 1 by calls and 1 for [media_port]; "
        "allow more with -min_rtp_port and -max_rtp_port"
    )


def test_tries_are_bounded() -> None:
    ports = PortRange(HERE, 20_000, 60_000)
    tried: list[int] = []

    class Busy(PortRange):
        def bind(self, port: int) -> socket.socket | None:
            tried.append(port)
            return None

    with pytest.raises(BindError):
        Busy(HERE, 20_000, 60_000).take()
    assert len(tried) == MOST_TRIES
    assert ports.pairs == 20_000


def test_shards_begin_at_places_of_their_own() -> None:
    first = free_range(4)
    taken = []
    for index in range(2):
        pair = PortRange(HERE, first, first + 7, index=index, count=2).take()
        taken.append(pair.port)
        pair.rtp.close()
    assert taken == [first, first + 4]


def test_an_address_of_another_machine_is_refused_with_advice_and_costs_no_port() -> None:
    ports = PortRange(Addresses(local_ip="192.0.2.1", bind_ip="192.0.2.1"), 20_000, 20_001)
    for _ in range(2):
        with pytest.raises(BindError, match=r"media cannot be bound to 192\.0\.2\.1 port 20000: .*choose one with -mi"):
            ports.take()


def test_behind_the_last_port_there_is_none() -> None:
    with pytest.raises(BindError, match="65535 is the last"):
        bind_media(HERE, 65536, 0)
