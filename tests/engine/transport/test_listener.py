# SPDX-License-Identifier: AGPL-3.0-or-later
"""A server that can take no more connections rests, says why, counts who waits, and takes them when it can again."""

from __future__ import annotations

import errno
import os
import resource
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import trio

from engine.transport import Poller
from engine.transport.listener import Listener
from tests.engine.transport.sides import LIMIT_S, Side, at, message, no_more_files, open_side

TURNS = 50


def knock(port: int, sock: socket.socket, number: int) -> None:
    """Connect and say something at once."""
    sock.connect(("127.0.0.1", port))
    sock.sendall(message(number))


@asynccontextmanager
async def sockets(number: int) -> AsyncIterator[list[socket.socket]]:
    """Sockets that are there before descriptors run out."""
    async with AsyncExitStack() as stack:
        yield [stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) for _ in range(number)]


def turns(side: Side) -> int:
    """Dispatch what is ready so many times at most; how often something was."""
    busy = 0
    for _ in range(TURNS):
        if side.poller.wait(0):
            busy += 1
            side.poller.dispatch()
    return busy


async def test_without_descriptors_it_rests_and_says_so_once() -> None:
    async with open_side("t1", at("127.0.0.1")) as server, sockets(3) as clients:
        with no_more_files():
            for number, client in enumerate(clients):
                knock(server.transport.local_port, client, number)
            assert turns(server) < TURNS / 10
        assert server.transport.without_socket() == len(clients)
        assert len(server.inbox.warnings) == 1
        assert "may have 0 files open" in server.inbox.warnings[0]
        assert "ulimit -n" in server.inbox.warnings[0]
        assert server.inbox.reasons == []


async def test_it_takes_those_who_waited_when_descriptors_are_free_again() -> None:
    async with open_side("t1", at("127.0.0.1")) as server, sockets(3) as clients:
        with no_more_files():
            for number, client in enumerate(clients[:2]):
                knock(server.transport.local_port, client, number)
            turns(server)
        await server.until(lambda: len(server.inbox.messages) == 2)
        knock(server.transport.local_port, clients[2], 2)
        await server.until(lambda: len(server.inbox.messages) == 3)
        assert server.inbox.messages == [message(0), message(1), message(2)]
        assert server.transport.without_socket() == 2


async def test_whoever_comes_while_it_rests_is_counted_and_nobody_twice() -> None:
    async with open_side("t1", at("127.0.0.1")) as server, sockets(3) as clients:
        with no_more_files():
            knock(server.transport.local_port, clients[0], 0)
            turns(server)
            assert server.transport.without_socket() == 1
            for number, client in enumerate(clients[1:], 1):
                knock(server.transport.local_port, client, number)
            for _ in range(2):  # it tries again, and again for the same three
                with trio.fail_after(LIMIT_S):
                    await trio.lowlevel.wait_readable(server.poller.fileno())
                assert turns(server) == 1
                assert server.transport.without_socket() == 3
        await server.until(lambda: len(server.inbox.messages) == 3)
        assert server.transport.without_socket() == 3
        assert len(server.inbox.warnings) == 1


async def test_a_run_that_ends_while_it_rests_closes_the_listener() -> None:
    async with open_side("t1", at("127.0.0.1")) as server, sockets(1) as clients:
        with no_more_files():
            knock(server.transport.local_port, clients[0], 0)
            turns(server)


async def test_a_connection_that_the_kernel_will_not_watch_is_closed_and_counted() -> None:
    poller, told = Poller(), list[str]()

    def refuse(sock: socket.socket) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        server.setblocking(False)
        listener = Listener(server, poller, refuse, told.append)
        assert poller.wait(LIMIT_S)
        poller.dispatch()
        client.settimeout(LIMIT_S)
        assert client.recv(1) == b""
        assert (listener.kept_out, poller.wait(0)) == (1, False)
        assert "No space left" in told[0]
        listener.close()
    poller.close()


async def test_the_limit_that_is_named_is_the_one_that_there_is() -> None:
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    async with open_side("t1", at("127.0.0.1")) as server, sockets(1) as clients:
        highest = max(int(name) for name in os.listdir("/proc/self/fd"))
        fillers: list[int] = []
        resource.setrlimit(resource.RLIMIT_NOFILE, (highest + 3, limits[1]))
        try:
            while True:
                fillers.append(os.dup(0))
        except OSError:
            knock(server.transport.local_port, clients[0], 0)
            turns(server)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
            for filler in fillers:
                os.close(filler)
        assert f"may have {highest + 3} files open" in server.inbox.warnings[0]
