# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a shard tells at its end, or to who reads slowly, and what it lets go of then."""

from __future__ import annotations

import socket
from pathlib import Path

import trio

from engine.shard.protocol import Finish, Follow, Ready, Warned
from tests.certificates import Lab
from tests.engine.shard.shards import LIMIT_S, client, port_of, server, shard
from tests.programs import free_port


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


async def test_a_log_that_cannot_be_written_is_one_warning() -> None:
    async with shard(*server()) as uas:
        await uas.go()
        async with shard(*client(port_of(uas), max_calls=20, trace_messages=True, message_file="/dev/full")) as uac:
            await uac.go()
            counters = (await uac.end()).measured.counters
    assert counters.successful == 20
    assert counters.trace_drops == 20 * 6
    assert uac.notes == [Warned(text="/dev/full: cannot be written: No space left on device")]
