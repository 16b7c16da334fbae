# SPDX-License-Identifier: AGPL-3.0-or-later
"""UDP with a socket for each of many local addresses (`ui`)."""

from __future__ import annotations

import os
import resource
import socket

import pytest
from msgspec.structs import replace

from engine.errors import BindError, TransportError
from engine.messages import Failure
from engine.transport import Addresses
from engine.transport.udp_addresses import End
from tests.engine.transport.sides import Wire, at, message, open_side
from tests.programs import free_port

FIRST, SECOND, THIRD = IPS = ("127.0.1.1", "127.0.1.2", "127.0.1.3")


def many(remote_port: int = 0, local_port: int | None = 0, ips: tuple[str, ...] = IPS) -> Addresses:
    """The addresses of a run with several of its own."""
    return replace(at("127.0.0.1", remote_port=remote_port, local_port=local_port), sources=ips)


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


async def test_a_call_sends_from_its_address_and_hears_what_comes_to_it() -> None:
    async with (
        open_side("u1", at("127.0.0.1")) as server,
        open_side("ui", many(server.transport.local_port)) as client,
    ):
        calls = [Wire(local_ip=ip) for ip in (SECOND, FIRST, SECOND)]
        for number, call in enumerate(calls):
            assert client.transport.attach(call)
            assert call.local_port == client.transport.local_port
            assert client.transport.send(call, message(number))
        await server.until(lambda: len(server.inbox.messages) == 3)
        port = client.transport.local_port
        assert server.inbox.sources == [(SECOND, port), (FIRST, port), (SECOND, port)]
        incoming = Wire()
        server.transport.adopt(incoming, server.inbox.sources[1])
        assert server.transport.send(incoming, message(7))
        await client.until(lambda: client.inbox.messages)
        assert client.inbox.messages == [message(7)]


async def test_a_server_answers_from_the_address_that_was_asked() -> None:
    async with open_side("ui", many()) as server:
        server.inbox.then = lambda data, source: answer(data, source)

        def answer(data: bytes, source: object) -> None:
            call = Wire()
            server.transport.adopt(call, source)
            assert server.transport.send(call, f"{call.local_ip} {call.local_port}".encode())

        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as caller:
            caller.bind(("127.0.0.1", 0))
            caller.settimeout(5)
            for ip in (SECOND, THIRD, FIRST):
                asked = len(server.inbox.messages) + 1
                caller.sendto(message(), (ip, server.transport.local_port))
                await server.until(lambda asked=asked: len(server.inbox.messages) == asked)
                assert caller.recvfrom(100) == (
                    f"{ip} {server.transport.local_port}".encode(),
                    (ip, server.transport.local_port),
                )
            caller.settimeout(0.2)
            caller.sendto(message(), ("127.0.0.1", server.transport.local_port))
            with pytest.raises(OSError, match=r"timed out|refused"):
                caller.recv(100)


async def test_an_address_that_is_told_twice_has_one_socket_and_all_are_closed() -> None:
    before = descriptors()
    async with open_side("ui", many(ips=(*IPS, *IPS))) as client:
        assert descriptors() == before + 1 + len(IPS)  # and the poller
        assert client.transport.bound() == f"{FIRST}:{client.transport.local_port} and 2 more"
    assert descriptors() == before


async def test_what_is_bound_is_told() -> None:
    async with open_side("ui", many(ips=(FIRST, SECOND))) as client:
        assert client.transport.bound() == f"{FIRST}:{client.transport.local_port} and 1 more"
    async with open_side("ui", many(ips=("::1",))) as client:
        assert client.transport.bound() == f"[::1]:{client.transport.local_port}"
    async with open_side("un", many(9, ips=(FIRST, SECOND, FIRST))) as client:
        assert client.transport.bound() == f"{FIRST} and 1 more"


async def test_a_port_that_is_taken_at_one_address_is_told_with_it_and_nothing_stays_open() -> None:
    port, before = free_port(), descriptors()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind((SECOND, port))
        with pytest.raises(BindError, match=rf"cannot bind to {SECOND} port {port}: .*choose another with -p"):
            async with open_side("ui", many(local_port=port)):
                raise AssertionError
    assert descriptors() == before


@pytest.mark.alone
async def test_without_a_port_all_have_another_when_5060_is_taken_at_one() -> None:
    before = descriptors()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind((THIRD, 5060))
        async with open_side("ui", many(local_port=None)) as client:
            assert client.transport.local_port != 5060
            assert descriptors() == before + 2 + len(IPS)
            for ip in IPS:
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, pytest.raises(OSError, match="in use"):
                    probe.bind((ip, client.transport.local_port))


async def test_an_address_without_a_socket_is_told() -> None:
    async with open_side("ui", many(9)) as client:
        call = Wire(local_ip="127.0.1.9")
        assert not client.transport.attach(call)
        assert client.transport.refusal(call) == (
            Failure.CANNOT_SEND,
            "no socket is bound to '127.0.1.9': it was no source address when the run started",
        )


async def test_a_call_that_is_sent_elsewhere_keeps_its_address_and_what_waits_follows() -> None:
    async with (
        open_side("u1", at("127.0.0.1")) as one,
        open_side("u1", at("127.0.0.1")) as other,
        open_side("ui", many(one.transport.local_port)) as client,
    ):
        call = Wire(local_ip=THIRD)
        assert client.transport.attach(call)
        held = client.transport.hold(call)
        assert client.transport.send(call, message(1))
        assert client.transport.release(call, held, ("127.0.0.1", other.transport.local_port)) == ""
        assert client.transport.send(call, message(2))
        await other.until(lambda: len(other.inbox.messages) == 2)
        assert other.inbox.sources == [(THIRD, client.transport.local_port)] * 2
        assert client.transport.renew(call) == "all calls of an address share its socket"
        client.transport.detach(call)
        assert call.peer is None


async def test_an_answer_may_change_its_destination_without_changing_that_of_another() -> None:
    """What comes in one datagram has one end, and each call that it makes has a peer of its own."""
    async with open_side("ui", many()) as server, open_side("u1", at("127.0.0.1")) as client:
        client.transport.send(Wire(peer=(SECOND, server.transport.local_port)), message())
        await server.until(lambda: server.inbox.messages)
        (source,) = server.inbox.sources
        first, second = Wire(), Wire()
        for each in (first, second):
            server.transport.adopt(each, source)
        assert server.transport.redirect(first, ("127.0.0.1", 9)) == ""
        assert isinstance(second.peer, End)
        assert second.peer.address == ("127.0.0.1", client.transport.local_port)


async def test_drops_of_all_sockets_are_counted() -> None:
    async with open_side("ui", many(), buffer_size=4096) as server, open_side("u1", at("127.0.0.1")) as client:
        for ip in IPS:
            wire = Wire(peer=(ip, server.transport.local_port))
            for number in range(200):
                client.transport.send(wire, message(number, b"x" * 500))
        lost = server.transport.drops()
        assert lost > 0
        await server.until(lambda: len(server.inbox.messages) + server.transport.drops() == 600)
        assert server.transport.drops() == server.transport.drops()


async def test_more_addresses_than_there_may_be_sockets_are_told_before_any_is_bound() -> None:
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    before = descriptors()
    resource.setrlimit(resource.RLIMIT_NOFILE, (before + 100, limits[1]))
    try:
        ips = tuple(f"127.0.10.{number}" for number in range(1, 200))
        told = f"199 addresses need a socket each, but a process may have {before + 100} files open here; "
        with pytest.raises(TransportError, match=told):
            async with open_side("ui", many(9, ips=ips), skip_rlimit=True):
                raise AssertionError
        assert descriptors() == before
        async with open_side("ui", many(9, ips=ips)):
            assert descriptors() == before + 200
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


async def test_a_thousand_addresses_are_a_thousand_sockets() -> None:
    ips = tuple(f"127.0.{10 + number // 250}.{1 + number % 250}" for number in range(1000))
    before = descriptors()
    async with open_side("ui", many(9, ips=ips)) as client:
        assert descriptors() == before + 1001
        assert all(client.transport.attach(Wire(local_ip=ip)) for ip in ips)
        assert sum(client.transport.drops() for _ in range(3)) == 0
    assert descriptors() == before
