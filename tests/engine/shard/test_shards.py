# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whole shards, a server and a client in one loop, with real sockets between them."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import msgspec
import pytest

from engine.messages import Failure
from engine.shard.protocol import Failed, Finish, NewLimit, NewRate, NewUsers, Pause, Ready, Resume
from tests.engine.shard.shards import both, client, port_of, server, shard
from tests.engine.transport.sides import message, no_more_files
from tests.programs import free_port


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
