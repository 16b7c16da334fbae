# SPDX-License-Identifier: AGPL-3.0-or-later
"""What waits at a socket is read at once, with who sent it and when it came."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest

from engine.transport.addresses import Addresses
from engine.transport.datagrams import Address, Inbox
from engine.transport.sockets import bind_port

CAPACITY = 4
LARGEST_UDP = 65_507
"""Of IPv4: 65,535 less the headers."""


@pytest.fixture(params=["127.0.0.1", "::1"])
def receiver(request: pytest.FixtureRequest) -> Iterator[socket.socket]:
    with bind_port(Addresses(local_ip=request.param, bind_ip=request.param), socket.SOCK_DGRAM, 0, 1 << 20) as sock:
        yield sock


def sender_to(receiver: socket.socket) -> socket.socket:
    sock = socket.socket(receiver.family, socket.SOCK_DGRAM)
    sock.connect(receiver.getsockname())
    return sock


def read(inbox: Inbox, receiver: socket.socket) -> list[tuple[bytes, Address]]:
    return [(inbox.data(index), inbox.about(index)[0]) for index in range(inbox.read(receiver.fileno()))]


def test_each_datagram_comes_with_its_sender(receiver: socket.socket) -> None:
    inbox = Inbox(CAPACITY)
    with sender_to(receiver) as one, sender_to(receiver) as other:
        for sender, data in ((one, b"first"), (other, b""), (one, b"third")):
            sender.send(data)
        assert read(inbox, receiver) == [
            (b"first", one.getsockname()),
            (b"", other.getsockname()),
            (b"third", one.getsockname()),
        ]


def test_what_there_is_no_room_for_is_read_the_next_time(receiver: socket.socket) -> None:
    inbox = Inbox(CAPACITY)
    with sender_to(receiver) as sender:
        for number in range(CAPACITY + 2):
            sender.send(b"%d" % number)
    assert [data for data, _ in read(inbox, receiver)] == [b"0", b"1", b"2", b"3"]
    assert [data for data, _ in read(inbox, receiver)] == [b"4", b"5"]


def test_an_empty_socket_blocks_nobody(receiver: socket.socket) -> None:
    with pytest.raises(BlockingIOError):
        Inbox(CAPACITY).read(receiver.fileno())


def test_a_closed_socket_is_an_error() -> None:
    with pytest.raises(OSError, match="descriptor"):
        Inbox(CAPACITY).read(-1)


def test_the_largest_datagram_comes_whole_and_the_next_is_not_longer_for_it(receiver: socket.socket) -> None:
    inbox = Inbox(1)
    large = bytes(range(256)) * (LARGEST_UDP // 256)
    with sender_to(receiver) as sender:
        sender.send(large)
        sender.send(b"small")
    assert [data for data, _ in read(inbox, receiver)] == [large]
    assert [data for data, _ in read(inbox, receiver)] == [b"small"]


def test_the_kernel_says_when_it_came(receiver: socket.socket) -> None:
    """Linux begins to stamp some time after it was asked, from a queue of its own; until then the stamp is of the reading."""
    inbox = Inbox(CAPACITY)
    stamped = 0
    for _ in range(10_000):
        before_ns = time.time_ns()
        with sender_to(receiver) as sender:
            sender.send(b"now")
        after_ns = time.time_ns()
        assert inbox.read(receiver.fileno()) == 1
        assert before_ns <= inbox.about(0)[1] <= time.time_ns()
        stamped += inbox.about(0)[1] <= after_ns
        if stamped == 2:
            return
    pytest.fail("what came was never stamped before it was read")


def test_without_stamps_the_time_is_unknown() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as plain:
        plain.bind(("127.0.0.1", 0))
        with sender_to(plain) as sender:
            sender.send(b"x")
        inbox = Inbox(CAPACITY)
        assert inbox.read(plain.fileno()) == 1
        assert inbox.about(0)[1] == 0


def test_one_inbox_serves_sockets_of_both_families() -> None:
    inbox = Inbox(CAPACITY)
    for _ in range(2):
        for ip, family in (("::1", socket.AF_INET6), ("127.0.0.1", socket.AF_INET)):
            with socket.socket(family, socket.SOCK_DGRAM) as sock:
                sock.bind((ip, 0))
                with sender_to(sock) as sender:
                    sender.send(b"x")
                    assert read(inbox, sock) == [(b"x", sender.getsockname())]
