# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whole shards, a server and a client in one loop, with real sockets between them."""

from __future__ import annotations

import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio

from engine.messages import Counters, Failure
from engine.options import RunConfig
from engine.scenario.library import read_source
from engine.shard import run_shard
from engine.shard.protocol import (
    AnyFromShard,
    AnyToShard,
    Ended,
    Failed,
    Finish,
    Follow,
    Followed,
    Go,
    LoggedText,
    NewLimit,
    NewRate,
    NewUsers,
    Pause,
    Ready,
    Report,
    Resume,
    Secured,
    ShardPlan,
    Warned,
)
from engine.stats.gathered import Gathered
from engine.stats.measurements import Measurements
from engine.transport import Addresses
from tests.certificates import Lab
from tests.engine.transport.sides import message, no_more_files
from tests.programs import free_port

LIMIT_S = 30
REPORT_NS = 20_000_000


@dataclass
class Told:
    """A shard, and what it has told so far."""

    to_shard: trio.MemorySendChannel[AnyToShard]
    from_shard: trio.MemoryReceiveChannel[AnyFromShard]
    notes: list[Warned | LoggedText] = field(default_factory=list)
    secured: list[str] = field(default_factory=list)
    followed: list[int] = field(default_factory=list)
    ready: Ready | Failed | None = None
    gathered: Gathered | None = None
    call_limit: int = 0

    async def go(self) -> None:
        await self.to_shard.send(Go(start_ns=time.monotonic_ns()))

    @property
    def measured(self) -> Measurements:
        """Everything that it has told so far."""
        assert self.gathered is not None
        return self.gathered.measurements()

    async def next(self) -> Measurements | Ended:
        """The next report, or the end."""
        assert self.gathered is not None
        with trio.fail_after(LIMIT_S):
            while True:
                message = await self.from_shard.receive()
                if isinstance(message, Report):
                    self.call_limit = message.call_limit
                    self.gathered.take(0, message.measured)
                    return self.measured
                if isinstance(message, Ended):
                    self.gathered.take(0, message.measured)
                    return message
                if isinstance(message, Secured):
                    self.secured.append(message.version)
                    continue
                if isinstance(message, Followed):
                    self.followed += [call.number for call in message.calls]
                    continue
                assert isinstance(message, (Warned, LoggedText))
                self.notes.append(message)

    async def until(self, condition: Any) -> Counters:
        """Read reports until one fulfils the condition."""
        while True:
            told = await self.next()
            assert isinstance(told, Measurements), f"ended: {told}"
            if condition(told.counters):
                return told.counters

    async def end(self) -> Ended:
        while not isinstance(told := await self.next(), Ended):
            pass
        counters = told.measured.counters
        assert counters.created == counters.successful + counters.failed + counters.open
        return told


@asynccontextmanager
async def shard(config: RunConfig, addresses: Addresses, *, room: int = 10_000, **plan: Any) -> AsyncIterator[Told]:
    """A shard that has said whether it is ready; `room` is for what it tells and nobody has read yet."""
    name, xml = read_source(config.scenario_file or config.scenario_name)
    whole = ShardPlan(config=config, scenario=name, xml=xml, addresses=addresses, pid=7, report_every_ns=REPORT_NS, **plan)
    to_shard, inbox = trio.open_memory_channel[AnyToShard](100)
    outbox, from_shard = trio.open_memory_channel[AnyFromShard](room)
    async with trio.open_nursery() as nursery, to_shard, from_shard:
        nursery.start_soon(run_shard, whole, inbox, outbox)
        told = Told(to_shard, from_shard)
        with trio.fail_after(LIMIT_S):
            first = await from_shard.receive()
        assert isinstance(first, (Ready, Failed))
        told.ready = first
        if isinstance(first, Ready):
            told.gathered = Gathered([first.measured])
        yield told
        nursery.cancel_scope.cancel()


def server(transport: str = "u1", **options: Any) -> tuple[RunConfig, Addresses]:
    return RunConfig(scenario_name="uas", transport=transport, **options), Addresses(
        local_ip="127.0.0.1", bind_ip="127.0.0.1", local_port=0, listens=True
    )


def client(port: int, transport: str = "u1", **options: Any) -> tuple[RunConfig, Addresses]:
    here = {"local_ip": "127.0.0.1", "bind_ip": "127.0.0.1", "local_port": 0}
    there = {"remote_host": "127.0.0.1", "remote_ip": "127.0.0.1", "remote_port": port}
    config = {"scenario_name": "uac", "rate": 500.0, "remote": "127.0.0.1", "transport": transport, **options}
    return RunConfig(**config), Addresses(**here, **there)


def port_of(told: Told) -> int:
    assert isinstance(told.ready, Ready)
    return int(told.ready.local.rpartition(":")[2])


@asynccontextmanager
async def both(transport: str = "u1", **options: Any) -> AsyncIterator[tuple[Told, Told]]:
    """A server that runs and a client that is ready."""
    async with shard(*server(transport)) as uas:
        await uas.go()
        async with shard(*client(port_of(uas), transport, **options)) as uac:
            yield uas, uac


@pytest.mark.parametrize("transport", ["u1", "un", "t1", "tn", "w1", "wn"])
async def test_both_sides_count_the_same(transport: str) -> None:
    async with both(transport, max_calls=100) as (uas, uac):
        await uac.go()
        await uac.end()
        called = uac.measured
        await uas.until(lambda counters: counters.successful == 100)
        await uas.to_shard.send(Finish(now=True))
        await uas.end()
        answered = uas.measured
    assert (called.counters.outgoing, called.counters.successful, called.counters.failed) == (100, 100, 0)
    assert (answered.counters.incoming, answered.counters.successful, answered.counters.failed) == (100, 100, 0)
    assert [step.messages for step in called.steps if step.messages] == [100] * 7
    assert called.call_length.count == called.lateness.count == called.response_times["1"].count == 100
    assert called.response_times["1"].max_ns <= called.response_times_from_due["1"].max_ns


async def test_a_report_that_nobody_reads_before_the_end_is_part_of_the_last_word() -> None:
    async with shard(*server()) as uas:
        await uas.go()
        async with shard(*client(port_of(uas), max_calls=20), room=0) as uac:
            await uac.go()
            await uas.until(lambda counters: counters.successful == 20)
            await trio.sleep(0.1)
            await uac.end()
            assert (uac.measured.call_length.count, uac.measured.lateness.count) == (20, 20)


async def test_followed_calls_that_nobody_read_before_the_end_are_told_then() -> None:
    async with shard(*server()) as uas:
        await uas.go()
        async with shard(*client(port_of(uas), max_calls=100, follow=("every=1",)), room=0) as uac:
            await uac.go()
            await uas.until(lambda counters: counters.successful >= 5)
            await uac.next()
            await uas.until(lambda counters: counters.successful == 100)
            await trio.sleep(0.1)
            await uac.end()
            counts = uac.measured.queues["followed calls"]
    assert sorted(uac.followed) == list(range(1, 101))
    assert (counts.offered, counts.written) == (100, 100)


async def test_a_shard_whose_share_of_the_next_calls_is_none_watches_none() -> None:
    async with shard(*client(free_port(), follow=("next=1",)), index=0, count=2) as first:
        assert isinstance(first.ready, Ready)
        assert "followed calls" in first.ready.measured.queues
    async with shard(*client(free_port(), follow=("next=1",)), index=1, count=2) as second:
        assert isinstance(second.ready, Ready)
        assert not second.ready.measured.queues
        await second.to_shard.send(Follow(next=0))
        await second.to_shard.send(Finish())
        assert not (await second.end()).measured.queues


async def test_a_log_of_failed_calls_has_them_whatever_is_asked_in_the_middle_of_a_run() -> None:
    async with shard(*client(free_port(), "tn", rate=20.0, max_calls=5, trace_call_debug=True)) as uac:
        await uac.go()
        await uac.to_shard.send(Follow(every=1000))
        await uac.end()
    assert uac.measured.counters.failed == 5
    assert sorted(uac.followed) == [1, 2, 3, 4, 5]


async def test_a_shard_that_is_ended_lets_go_of_where_its_records_go() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        async with shard(*server(), records_fd=theirs.fileno(), recorded=("CallStarted",)) as uas:
            await uas.go()
        theirs.close()
        ours.settimeout(LIMIT_S)
        assert ours.recv(1) == b""


async def test_what_tls_agreed_on_is_told_at_the_end_when_nobody_read_it_before(tmp_path: Path) -> None:
    lab = Lab(tmp_path / "lab")
    shown = {"tls_certificate": lab["server.pem"], "tls_key": lab["server.key"]}
    async with shard(*server("l1", **shown)) as uas:
        await uas.go()
        async with shard(*client(port_of(uas), "l1", max_calls=20, **shown), room=0) as uac:
            await uac.go()
            await uas.until(lambda counters: counters.created > 0)
            await uac.next()
            await uas.until(lambda counters: counters.successful == 20)
            await trio.sleep(0.1)
            await uac.end()
    assert uac.secured == ["TLSv1.3"]


async def test_open_calls_never_pass_the_limit_and_what_is_held_back_is_not_made_up_for() -> None:
    async with both(call_limit=3, pause_ms=100, max_calls=9) as (_, uac):
        await uac.go()
        counters = (await uac.end()).measured.counters
    assert (counters.successful, counters.peak_open) == (9, 3)
    assert counters.held_back > 0


async def test_users_keep_their_calls_open() -> None:
    async with both(users=4, max_calls=40) as (_, uac):
        await uac.go()
        counters = (await uac.end()).measured.counters
    assert (counters.successful, counters.peak_open, counters.held_back) == (40, 4, 0)


async def test_more_and_fewer_users() -> None:
    async with both(users=2, pause_ms=3_600_000) as (_, uac):
        await uac.go()
        await uac.until(lambda counters: counters.open == 2)
        await uac.to_shard.send(NewUsers(users=5))
        await uac.until(lambda counters: counters.open == 5)
        assert uac.call_limit == 5
        await uac.to_shard.send(Finish(now=True))
        assert (await uac.end()).measured.counters.open == 5


async def test_a_pause_starts_no_calls_and_lets_the_open_ones_go_on() -> None:
    async with both() as (_, uac):
        await uac.go()
        await uac.until(lambda counters: counters.outgoing > 10)
        await uac.to_shard.send(Pause())
        paused = await uac.until(lambda counters: counters.open == 0)
        later = await uac.until(lambda counters: counters.open == 0)
        assert later.outgoing == paused.outgoing == later.successful
        await uac.to_shard.send(Resume())
        await uac.until(lambda counters: counters.successful > paused.successful + 10)


async def test_a_new_rate_and_its_limit() -> None:
    async with both(rate=0.0) as (_, uac):
        assert isinstance(uac.ready, Ready)
        assert uac.ready.call_limit == 1
        await uac.go()
        assert (await uac.until(lambda counters: True)).outgoing == 0
        await uac.to_shard.send(NewRate(calls_per_second=400))
        await uac.until(lambda counters: counters.successful >= 10)
        assert uac.call_limit == 1200


async def test_a_limit_set_by_hand_survives_a_new_rate() -> None:
    async with both(rate=0.0) as (_, uac):
        await uac.go()
        await uac.to_shard.send(NewLimit(call_limit=7))
        await uac.to_shard.send(NewRate(calls_per_second=400))
        await uac.until(lambda counters: counters.successful >= 10)
        assert uac.call_limit == 7


async def test_a_limit_that_was_asked_for_survives_new_users() -> None:
    async with both(users=2, call_limit=2, pause_ms=3_600_000) as (_, uac):
        await uac.go()
        await uac.to_shard.send(NewUsers(users=6))
        await uac.until(lambda counters: counters.open == 2)
        assert (await uac.until(lambda counters: True)).open == 2
        assert uac.call_limit == 2


async def test_a_graceful_end_waits_for_open_calls() -> None:
    async with both(pause_ms=200, users=5) as (_, uac):
        await uac.go()
        await uac.until(lambda counters: counters.open == 5)
        await uac.to_shard.send(Finish())
        counters = (await uac.end()).measured.counters
    assert (counters.open, counters.failed) == (0, 0)
    assert counters.successful == counters.outgoing >= 5


async def test_an_immediate_end_tells_the_peers() -> None:
    async with both(pause_ms=3_600_000, users=5) as (uas, uac):
        await uac.go()
        await uac.until(lambda counters: counters.open == 5)
        await uac.to_shard.send(Finish(now=True))
        counters = (await uac.end()).measured.counters
        assert (counters.open, counters.successful, counters.failed) == (5, 0, 0)
        await uas.until(lambda counters: counters.successful == 5)


@pytest.mark.parametrize("gone", [False, True])
async def test_a_shard_that_nobody_steers_any_more_ends(gone: bool) -> None:
    async with both(pause_ms=3_600_000, users=5) as (_, uac):
        if gone:
            await uac.go()
            await uac.until(lambda counters: counters.open == 5)
        await uac.to_shard.aclose()
        assert (await uac.end()).measured.counters.open == (5 if gone else 0)


async def test_shards_of_one_run_share_its_calls() -> None:
    async with shard(*server()) as uas:
        await uas.go()
        config, addresses = client(port_of(uas), max_calls=7)
        async with (
            shard(config, addresses, index=0, count=2) as first,
            shard(config, addresses, index=1, count=2) as second,
        ):
            await first.go()
            await second.go()
            ended = [await each.end() for each in (first, second)]
        assert [each.measured.counters.outgoing for each in ended] == [4, 3]
        assert [each.measured.call_length.count for each in (first, second)] == [4, 3]
        await uas.until(lambda counters: counters.successful == 7)


async def test_every_shard_may_have_a_call_open() -> None:
    async with shard(*client(free_port(), rate=0.1), index=1, count=2) as uac:
        assert isinstance(uac.ready, Ready)
        assert uac.ready.call_limit == 1


async def test_a_server_that_goes_ends_the_run_of_a_client_over_tcp() -> None:
    async with shard(*server("t1")) as uas:
        await uas.go()
        async with shard(*client(port_of(uas), "t1", pause_ms=3_600_000)) as uac:
            await uac.go()
            await uac.until(lambda counters: counters.open > 3)
            await uas.to_shard.send(Finish(now=True))
            await uas.end()
            ended = await uac.end()
    assert "the TCP connection to 127.0.0.1 port" in ended.broken
    assert ended.measured.counters.failures.keys() == {Failure.TCP_CLOSED}


async def test_a_seed_repeats_what_is_drawn(tmp_path: Path) -> None:
    sent = []
    for seed in (7, 7, 8):
        log = tmp_path / "log"
        drawn = {"call_id_format": "%u-%r", "lost": 50.0, "no_retransmissions": True, "recv_timeout_ms": 20, "seed": seed}
        async with shard(*client(free_port(), max_calls=20, trace_messages=True, message_file=str(log), **drawn)) as uac:
            await uac.go()
            await uac.end()
        sent.append(sorted(line for line in log.read_bytes().splitlines() if line.startswith(b"Call-ID:")))
    assert sent[0] == sent[1] != sent[2]
    assert 0 < len(sent[0]) < 20


async def test_a_server_without_descriptors_says_so_and_takes_the_connection_when_it_can() -> None:
    async with shard(*server("t1")) as uas:
        await uas.go()
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as peer:
            with no_more_files():
                peer.connect(("127.0.0.1", port_of(uas)))
                await uas.until(lambda counters: counters.without_socket == 1)
            peer.sendall(message())
            await uas.until(lambda counters: counters.out_of_call == 1)
    assert uas.notes[0].text.startswith("connections are kept waiting: ")


async def test_nobody_answers() -> None:
    async with shard(*client(free_port(), max_calls=3, recv_timeout_ms=50)) as uac:
        await uac.go()
        counters = (await uac.end()).measured.counters
    assert (counters.failed, counters.failures) == (3, {Failure.TIMEOUT_ON_RECV: 3})


@pytest.mark.parametrize(
    ("options", "kind", "told"),
    [
        ({"transport": "t1"}, "TransportError", "is a server listening there?"),
        ({"tdm_map": "rubbish"}, "ScenarioErrors", "rubbish"),
        ({"trace_messages": True, "message_file": "no/where"}, "ReportError", "no/where: cannot be written"),
    ],
)
async def test_what_cannot_start_says_why_and_holds_nothing(options: dict[str, Any], kind: str, told: str) -> None:
    port = free_port()
    config, addresses = client(free_port(), **options)
    for _ in range(2):
        async with shard(config, msgspec.structs.replace(addresses, local_port=port)) as uac:
            assert isinstance(uac.ready, Failed)
            assert (uac.ready.kind, told in uac.ready.text) == (kind, True)


async def test_a_log_that_cannot_be_written_is_one_warning() -> None:
    async with shard(*server()) as uas:
        await uas.go()
        async with shard(*client(port_of(uas), max_calls=20, trace_messages=True, message_file="/dev/full")) as uac:
            await uac.go()
            counters = (await uac.end()).measured.counters
    assert counters.successful == 20
    assert counters.trace_drops == 20 * 6
    assert uac.notes == [Warned(text="/dev/full: cannot be written: No space left on device")]


async def test_the_log_holds_every_message(tmp_path: Path) -> None:
    log = tmp_path / "log"
    async with shard(*server()) as uas:
        await uas.go()
        async with shard(*client(port_of(uas), max_calls=20, trace_messages=True, message_file=str(log))) as uac:
            await uac.go()
            counters = (await uac.end()).measured.counters
    text = log.read_bytes()
    assert (text.count(b"UDP message sent"), text.count(b"UDP message received")) == (60, 60)
    assert (counters.trace_drops, text.count(b"\nCSeq: 1 INVITE")) == (0, 60)
