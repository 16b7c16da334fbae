# SPDX-License-Identifier: AGPL-3.0-or-later
"""What Homer is sent, over each way to it; and what becomes of it while Homer is away, hangs, or cannot be trusted."""

from __future__ import annotations

import contextlib
import socket
import ssl
from pathlib import Path
from typing import Any

import pytest
import trio

from engine.errors import OptionError
from engine.export import homer as module
from engine.export import homer_links, outage
from engine.export.homer_checks import check_homer
from engine.messages import CallTrace, Failure, FollowedCall, TraceEntry
from engine.messages.following import EntryKind
from engine.messages.records import MessageRecorded
from engine.options import RunConfig
from tests.certificates import Lab
from tests.engine.export.homers import LOCAL, REMOTE, WHEN_NS, Datagrams, Running, Streams, numbers, recorded, running, until
from tests.hep import read_packets
from tests.own_network import run_in_own_network
from tests.programs import free_port


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody in these tests is far away."""
    monkeypatch.setattr(outage, "FIRST_PAUSE_S", 0.02)
    monkeypatch.setattr(outage, "STEADY_S", 0.05)
    monkeypatch.setattr(homer_links, "STALLED_S", 0.4)
    monkeypatch.setattr(homer_links, "PROOF_S", 0.02)


# --- what is sent -----------------------------------------------------------------------------------------------------------


async def test_every_message_goes_over_udp_with_where_from_and_where_to() -> None:
    async with (
        Datagrams() as there,
        running(hep_address=f"127.0.0.1:{there.port}", hep_password="pass", hep_capture_id=7) as it,
    ):
        it.sink.take(recorded(0))
        it.sink.take(recorded(1, sent=False))
        it.offered = 2
        one, other = await there.has(2)
    assert (one.source, one.destination, one.unix_us) == (LOCAL, REMOTE, WHEN_NS // 1000)
    assert (other.source, other.destination, other.unix_us) == (REMOTE, LOCAL, WHEN_NS // 1000 + 1)
    assert one.payload == b"OPTIONS sip:0@there SIP/2.0\r\n\r\n"
    assert (one.correlation, one.key, one.number(12), one.number(11), one.number(2)) == (b"0@here", b"pass", 7, 1, 17)
    assert (it.counts.written, it.told) == (2, [])


@pytest.mark.parametrize(("transport", "number"), [("u1", 17), ("un", 17), ("t1", 6), ("ln", 6), ("w1", 6), ("wsn", 6)])
async def test_the_protocol_is_that_of_the_messages(transport: str, number: int) -> None:
    async with Datagrams() as there, running(hep_address=f"127.0.0.1:{there.port}", transport=transport) as it:
        it.offer()
        assert (await there.has(1))[0].number(2) == number


async def test_homer_may_have_an_ipv6_address() -> None:
    async with Datagrams("::1") as there, running(hep_address=f"[::1]:{there.port}") as it:
        it.offer(3)
        assert len(await there.has(3)) == 3


async def test_all_of_many_arrive_over_tcp_in_their_order() -> None:
    there = Streams()
    async with there.there():
        async with running(hep_address=f"127.0.0.1:{there.port}", hep_protocol="tcp") as it:
            it.offer(5_000)
        await until(lambda: there.ends == 1)
    assert numbers(there.packets) == list(range(5_000))
    assert (it.counts.written, there.connections, it.told) == (5_000, 1, [])


async def test_all_of_many_arrive_over_tls(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    there = Streams(context=server_context(lab))
    async with there.there():
        async with running(hep_address=f"localhost:{there.port}", hep_protocol="tls", hep_tls_ca=lab["ca.pem"]) as it:
            it.offer(500)
        await until(lambda: there.ends == 1)  # with a goodbye: without it would be broken
    assert numbers(there.packets) == list(range(500))
    assert (it.counts.written, it.told) == (500, [])


def server_context(lab: Lab, name: str = "server") -> ssl.SSLContext:
    """What Homer shows."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(lab[f"{name}.pem"], lab[f"{name}.key"])
    return context


async def test_a_message_is_counted_as_waiting_until_the_other_machine_has_it_and_as_written_without_a_next_one() -> None:
    there = Streams()
    async with there.there(), running(hep_address=f"127.0.0.1:{there.port}", hep_protocol="tcp") as it:
        it.offer()
        await until(lambda: it.counts.written == 1)
        assert (it.counts.offered, it.counts.dropped) == (1, 0)


async def test_of_a_message_longer_than_a_packet_the_beginning_is_sent_and_that_is_told_once() -> None:
    async with Datagrams() as there, running(hep_address=f"127.0.0.1:{there.port}") as it:
        it.offer(2, data=b"x" * 65_535)
        packets = await there.has(2)
    assert all(65_000 < len(packet.payload) < 65_507 for packet in packets)
    assert it.told == ["HEP: a packet has 65507 bytes at most; of longer messages the beginning is sent"]
    assert it.counts.written == 2


# --- followed calls ---------------------------------------------------------------------------------------------------------


def followed(number: int, failure: Failure | None = None) -> CallTrace:
    """A call with a message each way, one lost on purpose, and what is no message."""
    kinds = (EntryKind.SENT, EntryKind.RECEIVED, EntryKind.LOST, EntryKind.ACTION, EntryKind.NOTE)
    entries = tuple(
        TraceEntry(unix_ns=WHEN_NS + place, kind=kind, local=LOCAL, remote=REMOTE, data=str(kind).encode())
        for place, kind in enumerate(kinds)
    )
    call = FollowedCall(
        number=number,
        call_id=f"{number}@here",
        why="failed",
        scenario="main",
        outgoing=True,
        protocol="UDP",
        started_unix_ns=WHEN_NS,
        duration_ns=1,
        is_over=True,
        failure=failure,
        entries=entries,
    )
    return CallTrace(run="1", elapsed_ns=1, call=call)


@pytest.mark.parametrize(("what", "expected"), [("followed", [1, 1, 2, 2]), ("failed", [2, 2])])
async def test_the_messages_of_followed_calls(what: str, expected: list[int]) -> None:
    async with Datagrams() as there, running(hep_address=f"127.0.0.1:{there.port}", hep_what=what) as it:
        for trace in (followed(1), followed(2, Failure.UNEXPECTED_MESSAGE)):
            it.sink.take(trace)
        it.offered = len(expected)
        packets = await there.has(len(expected))
    assert numbers(packets) == expected
    assert [(packet.payload, packet.source) for packet in packets[:2]] == [(b"sent", LOCAL), (b"received", REMOTE)]


async def test_only_what_is_wanted_is_asked_for() -> None:
    assert Running(hep_what="all").sink.wants == {MessageRecorded}
    assert Running(hep_what="followed").sink.wants == Running(hep_what="failed").sink.wants == {CallTrace}


# --- when Homer is not there ------------------------------------------------------------------------------------------------


async def test_a_refusal_over_udp_is_told_once_counted_and_overcome() -> None:
    port = free_port()
    async with running(hep_address=f"127.0.0.1:{port}") as it:
        it.offer(20)
        await until(lambda: it.counts.dropped >= 3)  # each attempt costs one
        assert len(it.told) == 1
        assert "Homer at 127.0.0.1:" in it.told[0]
        assert "over UDP: Connection refused; " in it.told[0]
        async with Datagrams(port=port) as there:
            lost = it.counts.dropped
            while len(it.told) < 2:
                it.offer()
                await trio.sleep(0.01)
            it.sink.close()
            await until(lambda: it.counts.written + it.counts.dropped == it.offered)
            packets = await there.has(it.counts.written)
    assert "takes what is for it again" in it.told[1]
    assert it.counts.dropped in (lost, lost + 1)
    assert numbers(packets) == list(range(it.offered))[-len(packets) :]
    assert len(packets) == it.counts.written


async def test_what_found_no_homer_over_udp_is_dropped_at_the_end_without_delay() -> None:
    async with running(hep_address=f"127.0.0.1:{free_port()}") as it:
        it.offer(100)
    assert (it.counts.written, it.counts.dropped) == (0, 100)
    assert len(it.told) == 1


@pytest.mark.parametrize("protocol", ["tcp", "tls"])
async def test_a_refused_connection_is_told_once_and_tried_again(protocol: str, tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    there = Streams(free_port(), server_context(lab) if protocol == "tls" else None)
    place = {"hep_address": f"localhost:{there.port}", "hep_protocol": protocol, "hep_tls_ca": lab["ca.pem"]}
    async with running(**place) as it:
        it.offer(20)
        await until(lambda: bool(it.told))
        await trio.sleep(0.1)
        assert len(it.told) == 1
        async with there.there():
            await until(lambda: len(there.packets) == 20)
            while len(it.told) < 2:
                it.offer()
                await trio.sleep(0.01)
            it.sink.close()
            await until(lambda: it.counts.written == it.offered)
            await until(lambda: len(there.packets) == it.offered)
    assert numbers(there.packets) == list(range(it.offered))
    assert "takes what is for it again" in it.told[1]
    assert len(it.told) == 2


async def test_a_connection_that_is_lost_is_made_again_and_what_may_be_lost_with_it_is_counted() -> None:
    there = Streams()
    async with there.there(), running(hep_address=f"127.0.0.1:{there.port}", hep_protocol="tcp") as it:
        for _ in range(5):
            connections = there.connections
            it.offer(50)
            await until(lambda: it.counts.written + it.counts.dropped == it.offered)
            await there.hang_up()
            await until(lambda: there.connections > connections)  # noqa: B023
        it.offer(1)
        await until(lambda: it.counts.written + it.counts.dropped == it.offered)
        await until(lambda: len(there.packets) >= it.counts.written)
    assert len(set(numbers(there.packets))) == len(there.packets)  # none twice
    assert "Connection reset by peer" in it.told[0] or "closed the connection" in it.told[0]


async def test_who_reads_nothing_fills_the_queue_which_drops_and_nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_WAITING", 500)
    there = Streams()
    there.hangs = True
    async with there.there(), running(hep_address=f"127.0.0.1:{there.port}", hep_protocol="tcp") as it:
        await until(lambda: there.connections == 1)
        while len(it.told) < 1:
            it.offer(20, data=bytes(60_000))
            await trio.sleep(0.005)
        assert it.counts.dropped > 0
        assert "over TCP: it has taken nothing for 0.4 s" in it.told[0]
        there.hangs = False
        while len(it.told) < 2:
            it.offer()
            await trio.sleep(0.01)
    assert "takes what is for it again" in it.told[1]
    assert it.counts.written <= len(there.packets) + it.counts.dropped


async def test_who_accepts_nothing_is_given_up_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(homer_links, "CONNECT_S", 0.2)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        place = listener.getsockname()
        with contextlib.ExitStack() as others:
            for _ in range(3):  # what the backlog holds: to the next nobody answers
                other = others.enter_context(socket.socket())
                other.setblocking(False)
                other.connect_ex(place)
            async with running(hep_address=f"127.0.0.1:{place[1]}", hep_protocol="tcp") as it:
                it.offer(3)
                await until(lambda: bool(it.told))
    assert "no connection within 0.2 s" in it.told[0]
    assert it.counts.dropped == 3


async def test_a_name_that_nobody_knows_is_told() -> None:
    async with running(hep_address="homer.invalid") as it:
        it.offer()
        await until(lambda: bool(it.told))
    assert "homer.invalid cannot be resolved: " in it.told[0]


async def test_a_look_up_that_takes_for_ever_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(homer_links, "LOOKUP_S", 0.05)

    class Resolver(trio.abc.HostnameResolver):
        async def getaddrinfo(self, *_: object, **__: object) -> Any:
            await trio.sleep_forever()

        async def getnameinfo(self, *_: object, **__: object) -> Any:
            raise NotImplementedError

    trio.socket.set_custom_hostname_resolver(Resolver())
    async with running(hep_address="homer.test") as it:
        it.offer()
        await until(lambda: bool(it.told))
    assert "no answer within 0.05 s to who homer.test is" in it.told[0]


async def test_what_homer_says_is_read_and_ignored() -> None:
    async def talk(stream: trio.SocketStream) -> None:
        with contextlib.suppress(trio.BrokenResourceError):
            for _ in range(50):
                await stream.send_all(bytes(65_536))
            got.append(bytes(await stream.receive_some(70_000)))
            await trio.sleep_forever()

    got: list[bytes] = []
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.serve_listeners, talk, [listener])
        async with running(hep_address=f"127.0.0.1:{listener.socket.getsockname()[1]}", hep_protocol="tcp") as it:
            it.offer()
            await until(lambda: bool(got))
        nursery.cancel_scope.cancel()
    assert numbers(read_packets(got[0])[0]) == [0]
    assert it.told == []


@pytest.mark.parametrize(
    ("shown", "host", "trusted", "why"),
    [
        (
            "self-signed",
            "localhost",
            "ca.pem",
            "its certificate is refused: self-signed certificate; -hep_tls_ca says whom to trust",
        ),
        ("other", "localhost", "ca.pem", "its certificate is refused: unable to get local issuer certificate; "),
        ("expired", "localhost", "ca.pem", "its certificate is refused: certificate has expired; "),
        ("wrong-name", "localhost", "ca.pem", "its certificate is refused: Hostname mismatch"),
        ("server", "localhost", "", "its certificate is refused: "),
    ],
)
async def test_a_homer_that_cannot_be_trusted_is_told_nothing(
    shown: str, host: str, trusted: str, why: str, tmp_path: Path
) -> None:
    lab = Lab(tmp_path)
    there = Streams(context=server_context(lab, shown))
    trust = lab[trusted] if trusted else ""
    async with there.there(), running(hep_address=f"{host}:{there.port}", hep_protocol="tls", hep_tls_ca=trust) as it:
        it.offer(3)
        await until(lambda: bool(it.told))
    assert f"over TLS: {why}" in it.told[0]
    assert there.packets == []
    assert it.counts.dropped == 3


async def test_a_handshake_that_does_not_go_on_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(homer_links, "CONNECT_S", 0.2)
    there = Streams()
    there.hangs = True
    async with there.there(), running(hep_address=f"127.0.0.1:{there.port}", hep_protocol="tls") as it:
        it.offer()
        await until(lambda: bool(it.told))
    assert "over TLS: no connection within 0.2 s" in it.told[0]


async def test_who_hangs_up_on_everybody_is_told_of_once_and_asked_less_and_less() -> None:
    connections = 0

    async def hang_up(stream: trio.SocketStream) -> None:
        nonlocal connections
        connections += 1
        await stream.receive_some(1)

    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.serve_listeners, hang_up, [listener])
        place = f"127.0.0.1:{listener.socket.getsockname()[1]}"
        async with running(hep_address=place, hep_protocol="tcp") as it:
            while connections < 5:
                it.offer()
                await trio.sleep(0.005)
            assert it.sink._outage.next_pause_s() >= 0.02 * 2**3
        nursery.cancel_scope.cancel()
    assert len(it.told) == 1


async def test_a_peer_without_tls_is_told_of() -> None:
    there = Streams()

    async def garbage(stream: trio.SocketStream) -> None:
        await stream.send_all(b"SIP/2.0 400 Bad Request\r\n\r\n")

    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.serve_listeners, garbage, [listener])
        place = f"127.0.0.1:{listener.socket.getsockname()[1]}"
        async with running(hep_address=place, hep_protocol="tls") as it:
            it.offer()
            await until(lambda: bool(it.told))
        nursery.cancel_scope.cancel()
    assert "no TLS with it: wrong version number" in it.told[0]
    assert there.packets == []


_BLACK_HOLE = """
import subprocess, sys
import trio
from engine.export import homer_links, outage
from tests.engine.export.homers import Streams, running, until

homer_links.STALLED_S, outage.FIRST_PAUSE_S, outage.STEADY_S = 0.5, 0.05, 0.05

async def main():
    there = Streams()
    async with there.there(), running(hep_address=f"127.0.0.1:{there.port}", hep_protocol="tcp") as it:
        it.offer(10)
        await until(lambda: len(there.packets) == 10)
        await until(lambda: it.counts.written == 10)
        subprocess.run(("ip", "link", "set", "lo", "down"), check=True)
        while not it.told:
            it.offer(100)
            await trio.sleep(0.01)
        lost = it.counts.dropped
        assert lost > 0
        subprocess.run(("ip", "link", "set", "lo", "up"), check=True)
        while len(it.told) < 2:
            it.offer()
            await trio.sleep(0.01)
    assert it.counts.written <= len(there.packets) <= it.counts.written + it.counts.dropped
    print(*it.told, sep="\\n")

trio.run(main)
"""


def test_packets_that_vanish_are_noticed_counted_and_got_over() -> None:
    down, up = run_in_own_network(_BLACK_HOLE).splitlines()
    assert "over TCP: " in down
    assert "takes what is for it again" in up


# --- what cannot be asked for -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "flag", "said"),
    [
        ({"hep_address": "host:70000"}, "-hep_addr", "is not host, host:port or [IPv6]:port"),
        ({"hep_address": ":9060"}, "-hep_addr", "is not host, host:port or [IPv6]:port"),
        ({"hep_password": "x" * 1001}, "-hep_password", "it has 1001 bytes; there may be 1000"),
        ({"hep_password": "\ud83d"}, "-hep_password", "it has a character that UTF-8 cannot write"),
        ({"hep_protocol": "tls", "hep_tls_ca": "missing.pem"}, "-hep_tls_ca", "missing.pem cannot be read: No such file"),
        ({"hep_protocol": "tls", "hep_tls_ca": __file__}, "-hep_tls_ca", "holds no certificate in PEM"),
        ({"hep_protocol": "tls", "hep_tls_ca": "/"}, "-hep_tls_ca", "cannot be read: it is a directory"),
    ],
)
def test_what_cannot_be_is_refused(options: dict[str, str], flag: str, said: str) -> None:
    with pytest.raises(OptionError) as refused:
        check_homer(RunConfig(**{"hep_address": "127.0.0.1", **options}))
    assert refused.value.option == flag
    assert said in refused.value.message


def test_what_can_be_is_not() -> None:
    check_homer(RunConfig(hep_address="homer.example", hep_password="p\udcffw", hep_protocol="tls"))
