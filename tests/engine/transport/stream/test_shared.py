# SPDX-License-Identifier: AGPL-3.0-or-later
"""One connection for all calls, on loopback: framing, partial writes, connections that end and that are made again."""

from __future__ import annotations

import select
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
import trio

from engine.errors import TransportError
from engine.messages import Failure
from engine.transport.stream import shared
from tests.engine.transport.sides import LIMIT_S, Side, Wire, at, message, open_side
from tests.programs import free_port

LOOPBACK = ["127.0.0.1", "::1"]


@pytest.mark.parametrize("ip", LOOPBACK)
async def test_calls_share_one_connection_both_ways(ip: str) -> None:
    async with (
        open_side("t1", at(ip)) as server,
        open_side("t1", at(ip, remote_port=server.transport.local_port)) as client,
    ):
        first, second, incoming = Wire(), Wire(), Wire()
        for number, call in enumerate((first, second)):
            assert client.transport.attach(call)
            assert client.transport.send(call, message(number))
        assert first.peer is second.peer
        await server.until(lambda: len(server.inbox.messages) == 2)
        assert server.inbox.messages == [message(0), message(1)]
        server.transport.adopt(incoming, server.inbox.sources[0])
        assert server.transport.send(incoming, message(3))
        await client.until(lambda: client.inbox.messages)
        assert client.inbox.messages == [message(3)]
        assert (server.transport.drops(), client.transport.drops()) == (0, 0)


async def test_messages_are_cut_from_whatever_pieces_they_come_in() -> None:
    async with open_side("t1", at("127.0.0.1")) as server:
        stream = await trio.open_tcp_stream("127.0.0.1", server.transport.local_port)
        async with stream:
            text = message(1, b"body") + b"\r\n\r\n" + message(2)
            for position in range(0, len(text), 7):
                await stream.send_all(text[position : position + 7])
            await server.until(lambda: len(server.inbox.messages) == 2)
    assert server.inbox.messages == [message(1, b"body"), message(2)]


async def test_what_a_peer_does_not_read_is_kept_and_sent_later() -> None:
    listener = (await trio.open_tcp_listeners(0, host="127.0.0.1"))[0]
    async with (
        listener,
        open_side("t1", at("127.0.0.1", remote_port=listener.socket.getsockname()[1]), buffer_size=4096) as client,
    ):
        peer = await listener.accept()
        call = Wire()
        assert client.transport.attach(call)
        sent = [message(number, b"x" * 65_536) for number in range(100)]
        for each in sent:
            assert client.transport.send(call, each)
        wanted, got = b"".join(sent), bytearray()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(client.until, lambda: len(got) == len(wanted))
            with trio.fail_after(LIMIT_S):
                while len(got) < len(wanted):
                    got += await peer.receive_some()
            nursery.cancel_scope.cancel()
        assert got == wanted
        assert client.transport.send(call, message(7))
        assert await peer.receive_some() == message(7)
        await peer.aclose()


@contextmanager
def listening(backlog: int = 5) -> Iterator[socket.socket]:
    """A listening socket that the test accepts from, or does not."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", 0))
        listener.listen(backlog)
        yield listener


async def test_a_peer_that_never_reads_gets_no_more_after_a_while() -> None:
    with listening() as listener:
        async with open_side("t1", at("127.0.0.1", remote_port=listener.getsockname()[1]), buffer_size=4096) as client:
            call = Wire()
            assert client.transport.attach(call)
            large = message(1, b"x" * 1_048_576)
            taken = 0
            while client.transport.send(call, large):
                taken += len(large)
                assert taken < 64 * len(large)
            failure, reason = client.transport.refusal(call)
            assert failure is Failure.OUTBOUND_CONGESTION
            assert "the peer takes nothing any more" in reason


async def test_a_message_that_waits_for_longer_than_it_may_costs_its_call_and_no_other() -> None:
    with listening() as listener:
        async with open_side(
            "t1", at("127.0.0.1", remote_port=listener.getsockname()[1]), buffer_size=4096, send_timeout_ms=50
        ) as client:
            lucky, unlucky = Wire(), Wire()
            for call in (lucky, unlucky):
                assert client.transport.attach(call)
            assert client.transport.send(lucky, message())
            for _ in range(64):
                assert client.transport.send(unlucky, message(2, b"x" * 100_000))
            await client.until(lambda: client.inbox.ended)
            assert client.inbox.ended == [
                (unlucky, Failure.OUTBOUND_CONGESTION, "the peer has taken nothing for 0.05 s"),
            ]


async def test_what_waited_and_was_taken_in_time_costs_nothing() -> None:
    with listening() as listener:
        async with open_side(
            "t1", at("127.0.0.1", remote_port=listener.getsockname()[1]), buffer_size=4096, send_timeout_ms=9000
        ) as client:
            call = Wire()
            assert client.transport.attach(call)
            peer, _ = listener.accept()
            with peer:
                peer.setblocking(False)
                wanted = b"".join(message(number, b"x" * 100_000) for number in range(30))
                for number in range(30):
                    assert client.transport.send(call, message(number, b"x" * 100_000))
                got = bytearray()

                def read_all() -> bool:
                    with suppress(BlockingIOError):
                        got.extend(peer.recv(1_000_000))
                    return len(got) == len(wanted)

                assert call.peer.is_blocked  # type: ignore[attr-defined]
                await client.until(read_all)
                assert not call.peer.is_blocked  # type: ignore[attr-defined]
            assert bytes(got) == wanted
            assert client.inbox.ended == []


async def test_a_server_that_closes_ends_the_calls_and_the_run() -> None:
    with listening() as listener:
        port = listener.getsockname()[1]
        async with open_side("t1", at("127.0.0.1", remote_port=port)) as client:
            call = Wire()
            assert client.transport.attach(call)
            listener.accept()[0].close()
            await client.until(lambda: client.inbox.reasons)
            assert client.inbox.ended == [(call, Failure.TCP_CLOSED, "the connection ended: closed by the peer")]
            assert client.inbox.reasons == [f"the TCP connection to 127.0.0.1 port {port} ended: closed by the peer"]
            assert not client.transport.send(call, message())
            assert client.transport.refusal(call)[0] is Failure.TCP_CLOSED
            assert not client.transport.attach(Wire())


@pytest.mark.parametrize("closes", [True, False])
async def test_a_lost_connection_is_made_again_as_often_as_it_may(closes: bool) -> None:
    with listening() as listener:
        addresses = at("127.0.0.1", remote_port=listener.getsockname()[1])
        async with open_side("t1", addresses, max_reconnect=1, reconnect_close=closes, reconnect_sleep_ms=1) as client:
            early, late = Wire(), Wire()
            assert client.transport.attach(early)
            listener.accept()[0].close()
            await client.until(lambda: client.inbox.warnings)
            ended = [(early, Failure.TCP_CLOSED, "the connection ended: closed by the peer")]
            assert client.inbox.ended == (ended if closes else [])
            if closes:
                client.transport.detach(early)
            assert client.inbox.warnings[0].endswith("closed by the peer; connecting again (1 of at most 1 times)")
            assert client.transport.attach(late)
            calls = [late] if closes else [early, late]
            for number, call in enumerate(calls):
                assert client.transport.send(call, message(number))
            peer = (await accepted_meanwhile(client, listener))[0]
            with peer:
                await client.until(lambda: readable(peer))
                assert peer.recv(1000) == b"".join(message(number) for number in range(len(calls)))
                assert client.inbox.reasons == []
            await client.until(lambda: client.inbox.reasons)
            assert client.inbox.reasons[0].endswith("; -max_reconnect 1 are used up")
            assert [wire for wire, _, _ in client.inbox.ended] == [early, late]


async def test_a_reconnect_that_is_refused_is_tried_again_and_then_the_run_ends() -> None:
    with listening() as listener:
        addresses = at("127.0.0.1", remote_port=listener.getsockname()[1])
        client_side = open_side("t1", addresses, max_reconnect=2, reconnect_close=False, reconnect_sleep_ms=1)
        async with client_side as client:
            call = Wire()
            assert client.transport.attach(call)
            peer = listener.accept()[0]
            listener.close()
            peer.close()
            await client.until(lambda: client.inbox.reasons)
            assert len(client.inbox.warnings) == 2
            assert [(wire, failure) for wire, failure, _ in client.inbox.ended] == [(call, Failure.TCP_CONNECT)]
            assert "Connection refused; -max_reconnect 2 are used up" in client.inbox.reasons[0]


async def accepted_meanwhile(client: Side, listener: socket.socket) -> tuple[socket.socket, object]:
    """The next connection at the listener, while the client goes on."""
    await client.until(lambda: readable(listener))
    return listener.accept()


def readable(sock: socket.socket) -> bool:
    return bool(select.select([sock], [], [], 0)[0])


async def test_a_client_that_goes_ends_its_calls_and_not_the_server() -> None:
    async with open_side("t1", at("127.0.0.1")) as server:
        incoming = Wire()
        async with open_side("t1", at("127.0.0.1", remote_port=server.transport.local_port)) as client:
            call = Wire()
            client.transport.attach(call)
            client.transport.send(call, message())
            await server.until(lambda: server.inbox.messages)
            server.transport.adopt(incoming, server.inbox.sources[0])
        await server.until(lambda: server.inbox.ended)
        assert server.inbox.ended == [(incoming, Failure.TCP_CLOSED, "the connection ended: closed by the peer")]
        assert server.inbox.reasons == []
        async with open_side("t1", at("127.0.0.1", remote_port=server.transport.local_port)) as client:
            client.transport.attach(call)
            client.transport.send(call, message(2))
            await server.until(lambda: len(server.inbox.messages) == 2)


async def test_a_call_answers_on_the_connection_that_asked() -> None:
    async with open_side("t1", at("127.0.0.1")) as server:
        where = ("127.0.0.1", server.transport.local_port)
        call = Wire()
        with socket.create_connection(where) as first, socket.create_connection(where) as second:
            first.sendall(message(1))
            await server.until(lambda: len(server.inbox.messages) == 1)
            server.transport.adopt(call, server.inbox.sources[0])
            second.sendall(message(2))
            await server.until(lambda: len(server.inbox.messages) == 2)
            server.transport.follow(call, server.inbox.sources[1])
            assert server.transport.send(call, message(3))
            assert second.recv(1000) == message(3)
            first.close()
            await server.until(lambda: not server.inbox.sources[0].is_open)  # type: ignore[attr-defined]
            assert server.inbox.ended == [], "the call has left that connection"


async def test_pings_are_answered_also_between_messages() -> None:
    async with open_side("t1", at("127.0.0.1")) as server:
        with socket.create_connection(("127.0.0.1", server.transport.local_port)) as peer:
            peer.sendall(b"\r\n\r\n" + message(1) + b"\r\n")
            await server.until(lambda: server.inbox.messages)
            assert peer.recv(100) == b"\r\n"
            peer.sendall(b"\r\n" + message(2))
            await server.until(lambda: len(server.inbox.messages) == 2)
            assert peer.recv(100) == b"\r\n"


@pytest.mark.parametrize(
    "rubbish",
    [
        b"x" * 70_000,
        b"OPTIONS sip:a@b SIP/2.0\r\nContent-Length: many\r\n\r\n",
        b"OPTIONS sip:a@b SIP/2.0\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n",
    ],
    ids=["no end of the head", "no number", "a number beyond all bounds"],
)
async def test_a_stream_of_rubbish_is_closed_and_the_others_go_on(rubbish: bytes) -> None:
    async with open_side("t1", at("127.0.0.1")) as server:
        bad = await trio.open_tcp_stream("127.0.0.1", server.transport.local_port)
        good = await trio.open_tcp_stream("127.0.0.1", server.transport.local_port)
        async with bad, good:
            await bad.send_all(rubbish)
            await server.until(lambda: server.inbox.garbage)
            assert server.inbox.garbage[0].startswith("what arrives is no SIP: ")
            assert server.inbox.garbage[0].endswith(", from 127.0.0.1")
            await good.send_all(message(5))
            await server.until(lambda: server.inbox.messages)
    assert server.inbox.messages == [message(5)]


async def test_a_connection_that_is_refused_says_where_and_what_to_look_at() -> None:
    port = free_port()
    with pytest.raises(TransportError, match=rf"127\.0\.0\.1 port {port}: .*refused; is a server listening there\?"):
        async with open_side("t1", at("127.0.0.1", remote_port=port)):
            pytest.fail("it connected")


async def test_a_server_that_accepts_nobody_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared, "HANDSHAKE_LIMIT_S", 0.1)
    with listening(0) as full, socket.socket(socket.AF_INET, socket.SOCK_STREAM) as queued:
        queued.connect(full.getsockname())
        with pytest.raises(TransportError, match=r"within 0\.1 s"):
            async with open_side("t1", at("127.0.0.1", remote_port=full.getsockname()[1])):
                pytest.fail("it connected")


async def test_a_given_local_port_is_the_one_that_it_connects_from() -> None:
    port = free_port()
    async with (
        open_side("t1", at("127.0.0.1")) as server,
        open_side("t1", at("127.0.0.1", remote_port=server.transport.local_port, local_port=port)) as client,
    ):
        assert client.transport.local_port == port
