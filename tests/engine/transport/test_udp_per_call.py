# SPDX-License-Identifier: AGPL-3.0-or-later
"""UDP with a socket a call, on loopback: who has which socket, and when it is closed."""

from __future__ import annotations

import socket

import pytest

from engine.messages import Failure
from engine.transport import udp_per_call
from tests.engine.transport.sides import Wire, at, message, no_more_files, open_side


async def test_each_call_of_un_has_a_port_that_is_closed_with_it() -> None:
    async with (
        open_side("u1", at("127.0.0.1")) as server,
        open_side("un", at("127.0.0.1", remote_port=server.transport.local_port)) as client,
    ):
        first, second = Wire(), Wire()
        assert client.transport.attach(first)
        assert client.transport.attach(second)
        ports = {first.local_port, second.local_port, client.transport.local_port}
        assert len(ports) == 3
        client.transport.detach(first)
        assert first.peer is None
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as again:
            again.bind(("127.0.0.1", first.local_port))
        assert client.transport.send(second, message())
        await server.until(lambda: server.inbox.messages)


async def test_of_many_sockets_a_few_are_asked_for_their_drops_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(udp_per_call, "MOST_ASKED", 2)
    async with (
        open_side("u1", at("127.0.0.1")) as server,
        open_side("un", at("127.0.0.1", remote_port=server.transport.local_port)) as client,
    ):
        calls = [Wire() for _ in range(6)]
        assert all(client.transport.attach(call) for call in calls)
        for _ in range(100):
            server.transport.send(Wire(peer=("127.0.0.1", calls[-1].local_port)), b"x" * 8000)
        assert [client.transport.drops() for _ in range(2)] == [0, 0]
        dropped = client.transport.drops()
        assert 0 < dropped < 100
        assert [client.transport.drops() for _ in range(4)] == [dropped] * 4
        for call in calls:
            client.transport.detach(call)
        assert client.transport.drops() == dropped


async def test_a_message_that_ends_its_call_is_the_last_that_its_socket_hands_on() -> None:
    async with (
        open_side("u1", at("127.0.0.1")) as server,
        open_side("un", at("127.0.0.1", remote_port=server.transport.local_port)) as client,
    ):
        call, other = Wire(), Wire()
        assert client.transport.attach(call)
        assert client.transport.attach(other)
        client.inbox.then = lambda data, source: client.transport.detach(call)
        for number in range(3):
            server.transport.send(Wire(peer=("127.0.0.1", call.local_port)), message(number))
        await client.until(lambda: client.inbox.messages)
        server.transport.send(Wire(peer=("127.0.0.1", other.local_port)), message(9))
        await client.until(lambda: message(9) in client.inbox.messages)
        assert client.inbox.messages == [message(0), message(9)]


async def test_without_descriptors_a_call_gets_no_socket_and_later_ones_do() -> None:
    async with open_side("un", at("127.0.0.1", remote_port=9)) as client:
        refused = Wire()
        with no_more_files():
            assert not client.transport.attach(refused)
            failure, reason = client.transport.refusal(refused)
        assert (failure, "ulimit -n" in reason) == (Failure.CANNOT_SEND, True)
        assert client.transport.attach(Wire())
        assert client.transport.without_socket() == 1


async def test_beyond_the_limit_calls_share_sockets_in_turn() -> None:
    async with (
        open_side("u1", at("127.0.0.1")) as server,
        open_side("un", at("127.0.0.1", remote_port=server.transport.local_port), max_socket=2) as client,
    ):
        calls = [Wire() for _ in range(5)]
        assert all(client.transport.attach(call) for call in calls)
        ports = [call.local_port for call in calls]
        assert len(set(ports)) == 2
        assert ports == [*ports[:2], *ports[:2], ports[0]]
        for number, call in enumerate(calls):
            assert client.transport.send(call, message(number))
        await server.until(lambda: len(server.inbox.messages) == 5)
        assert [source[1] for source in server.inbox.sources] == ports  # type: ignore[index]


async def test_a_shared_socket_is_closed_with_the_last_of_its_calls() -> None:
    async with open_side("un", at("127.0.0.1", remote_port=9), max_socket=1) as client:
        first, second = Wire(), Wire()
        assert client.transport.attach(first)
        assert client.transport.attach(second)
        client.transport.detach(first)
        assert client.transport.send(second, message())
        assert is_taken(second.local_port)
        client.transport.detach(second)
        assert not is_taken(second.local_port)


async def test_calls_that_share_a_socket_are_led_elsewhere_one_by_one() -> None:
    async with (
        open_side("u1", at("127.0.0.1")) as one,
        open_side("u1", at("127.0.0.1")) as other,
        open_side("un", at("127.0.0.1", remote_port=one.transport.local_port), max_socket=1) as client,
    ):
        stays, goes = Wire(), Wire()
        assert client.transport.attach(stays)
        assert client.transport.attach(goes)
        assert not client.transport.redirect(goes, ("127.0.0.1", other.transport.local_port))
        assert client.transport.send(stays, message(1))
        assert client.transport.send(goes, message(2))
        await one.until(lambda: one.inbox.messages)
        await other.until(lambda: other.inbox.messages)
        assert (one.inbox.messages, other.inbox.messages) == ([message(1)], [message(2)])


async def test_a_kept_socket_is_there_for_the_next_call() -> None:
    async with open_side("un", at("127.0.0.1", remote_port=9), keep_sockets=True) as client:
        first, second, third = Wire(), Wire(), Wire()
        assert client.transport.attach(first)
        client.transport.detach(first)
        assert is_taken(first.local_port)
        assert client.transport.attach(second)
        assert client.transport.attach(third)
        assert second.local_port == first.local_port != third.local_port
    assert not is_taken(first.local_port)


@pytest.mark.parametrize("keeps", [False, True])
async def test_a_call_that_renews_has_another_socket_and_the_same_destination(keeps: bool) -> None:
    async with (
        open_side("u1", at("127.0.0.1")) as server,
        open_side("un", at("127.0.0.1", remote_port=9), keep_sockets=keeps) as client,
    ):
        call = Wire()
        assert client.transport.attach(call)
        assert not client.transport.redirect(call, ("127.0.0.1", server.transport.local_port))
        before = call.local_port
        assert not client.transport.renew(call)
        assert not is_taken(before)
        assert call.local_port != before
        assert client.transport.send(call, message())
        await server.until(lambda: server.inbox.messages)


async def test_calls_with_addresses_of_their_own_share_only_sockets_of_that_address() -> None:
    async with (
        open_side("u1", at("127.0.0.1")) as server,
        open_side("un", at("127.0.0.1", remote_port=server.transport.local_port), max_socket=2) as client,
    ):
        calls = [Wire(local_ip=ip) for ip in ("127.0.0.2", "127.0.0.3", "127.0.0.2", "127.0.0.3", "")]
        for number, call in enumerate(calls):
            assert client.transport.attach(call)
            assert client.transport.send(call, message(number))
        await server.until(lambda: len(server.inbox.messages) == 5)
        assert [source[0] for source in server.inbox.sources] == [call.local_ip or "127.0.0.1" for call in calls]  # type: ignore[index]
        assert len({call.local_port for call in calls}) <= 3


def is_taken(port: int) -> bool:
    """Whether a UDP socket has this port of 127.0.0.1."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False
