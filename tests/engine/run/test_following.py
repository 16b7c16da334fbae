# SPDX-License-Identifier: AGPL-3.0-or-later
"""Calls that are followed are told whole, from the beginning of a run or from its middle on."""

from __future__ import annotations

import itertools
from collections import Counter
from pathlib import Path

import pytest

from engine.errors import CommandError
from engine.messages import EntryKind, Failure, FollowCalls, FollowedCall, QueueCounts, StopRun
from tests.engine.run.runs import ENDLESS_MS, call, engine_with_server, serve

FUSSY = """<scenario>
  <recv request="INVITE"><action>
    <ereg regexp="X-Number: ([0-9]+)" search_in="msg" check_it="true" assign_to="1,2"/>
    <strcmp assign_to="3" variable="2" value="7"/>
    <log message="number [$2]"/>
  </action></recv>
  <send><![CDATA[
    SIP/2.0 200 OK
    [last_Via:]
    [last_From:]
    [last_To:];tag=[call_number]
    [last_Call-ID:]
    [last_CSeq:]
    Content-Length: 0

  ]]></send>
  <recv request="ACK"/>
  <recv request="BYE"/>
  <send><![CDATA[
    SIP/2.0 [$answer] OK
    [last_Via:]
    [last_From:]
    [last_To:]
    [last_Call-ID:]
    [last_CSeq:]
    Content-Length: 0

  ]]></send>
  <Reference variables="1,3"/>
</scenario>"""


def ways(call: FollowedCall) -> list[str]:
    """The messages of a call: which way, the word that says what it is, and the step."""
    found = []
    for entry in call.messages:
        words = entry.data.split(b" ")
        what = words[1] if words[0] == b"SIP/2.0" else words[0]
        found.append(
            f"{'>' if entry.kind is EntryKind.SENT else '<'}{what.decode()} {entry.step}{' again' if entry.again else ''}"
        )
    return found


async def test_every_tenth_call_is_told_whole_and_no_other() -> None:
    async with engine_with_server() as (bus, server):
        run = await call(bus, server.port, max_calls=30, follow=("every=10",))
        summary = await run.finish()
    assert [each.number for each in run.followed] == [10, 20, 30]
    for each in run.followed:
        assert ways(each) == [">INVITE 0", "<180 2", "<200 4", ">ACK 5", ">BYE 7", "<200 8"]
        assert (each.why, each.scenario, each.protocol, each.outgoing, each.is_over) == ("every 10", "main", "UDP", True, True)
        assert (each.failure, each.status, each.left_out) == (None, 200, 0)
        assert all(
            entry.remote == ("127.0.0.1", server.port) and entry.local == ("127.0.0.1", run.port) for entry in each.messages
        )
        assert all(earlier.unix_ns <= later.unix_ns for earlier, later in itertools.pairwise(each.messages))
        assert set(each.response_times) == {"1"}
    assert summary.queues["followed calls"] == QueueCounts(offered=3, written=3)


async def test_both_sides_tell_the_same_messages() -> None:
    async with engine_with_server() as (bus, server):
        await bus.call(FollowCalls(run=server.name, every=1))
        run = await call(bus, server.port, max_calls=1, follow=("every=1",))
        await run.finish()
        await bus.call(StopRun(run=server.name))
        await server.finish()
    (client_side,), (server_side,) = run.followed, server.followed
    assert [each.data for each in client_side.messages] == [each.data for each in server_side.messages]
    assert [(each.local, each.remote) for each in client_side.messages] == [
        (each.remote, each.local) for each in server_side.messages
    ]
    assert (server_side.outgoing, server_side.call_id) == (False, client_side.call_id)


async def test_the_next_calls_are_followed_when_that_is_asked_in_the_middle_of_a_run() -> None:
    async with engine_with_server() as (bus, server):
        run = await call(bus, server.port, rate=200.0)
        await run.until(lambda snapshot: snapshot.counters.successful)
        assert not run.followed
        await bus.call(FollowCalls(run=run.name, next=2))
        await run.until(lambda snapshot: len(run.followed) >= 2)
        await bus.call(StopRun(run=run.name))
        await run.finish()
    assert [each.why for each in run.followed] == ["next", "next"]
    assert [each.status for each in run.followed] == [200, 200]


async def test_calls_that_are_open_at_the_end_are_told_as_they_are() -> None:
    async with engine_with_server() as (bus, server):
        run = await call(bus, server.port, max_calls=1, pause_ms=ENDLESS_MS, follow=("next=1",))
        await run.until(lambda snapshot: snapshot.counters.open)
        await bus.call(StopRun(run=run.name, now=True))
        await run.finish()
    (told,) = run.followed
    assert (told.is_over, told.failure) == (False, None)
    assert ways(told)[0] == ">INVITE 0"


@pytest.mark.parametrize("in_process", [True, False])
async def test_calls_that_fail_are_told_with_what_they_did_before(tmp_path: Path, in_process: bool) -> None:
    """A client whose peer answers the BYE of one in five with what it does not wait for."""
    peer = tmp_path / "peer.xml"
    peer.write_text(FUSSY.replace("[$answer]", "200").replace('check_it="true" ', ""))
    async with engine_with_server(in_process=in_process) as (bus, _):
        fussy = await serve(bus, scenario_name="", scenario_file=str(peer), follow=("failed",))
        run = await call(bus, fussy.port, max_calls=20, follow=("failed",), workers=1 if in_process else 2)
        await run.finish()
        assert not run.followed
        peer.write_text(FUSSY.replace("[$answer]", "500"))
        failing = await serve(bus, scenario_name="", scenario_file=str(peer))
        run = await call(bus, failing.port, max_calls=20, follow=("failed",), follow_most=3, workers=1 if in_process else 2)
        summary = await run.finish()
    assert Counter(each.failure for each in run.followed) == {Failure.UNEXPECTED_MESSAGE: 3}
    assert summary.counters.failures == {Failure.UNEXPECTED_MESSAGE: 20}
    assert summary.queues["followed calls"] == QueueCounts(offered=3, written=3)
    assert "dropped" not in str(summary.verdict)
    for each in run.followed:
        assert each.reason == "unexpected 500 in step 8 (200)"
        assert each.why == "failed"
        assert ways(each)[:2] == [">INVITE 0", "<200 4"]
        assert ways(each)[-2:] == ["<500 -1", ">BYE -1"]
        assert [entry.text for entry in each.entries if entry.text] == ["unexpected in step 8 (200)", each.reason]


async def test_calls_with_a_text_and_what_their_actions_did(tmp_path: Path) -> None:
    caller, peer = tmp_path / "caller.xml", tmp_path / "peer.xml"
    peer.write_text(FUSSY.replace("[$answer]", "200"))
    invite = """<send><![CDATA[
    INVITE sip:a@[remote_ip] SIP/2.0
    Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
    From: <sip:b@[local_ip]>;tag=[call_number]
    To: <sip:a@[remote_ip]>
    Call-ID: [call_id]
    CSeq: 1 INVITE
    X-Number: [call_number]
    Content-Length: 0

  ]]></send>"""
    rest = (
        invite.replace("1 INVITE", "1 ACK").replace("INVITE", "ACK"),
        invite.replace("1 INVITE", "2 BYE").replace("INVITE", "BYE"),
    )
    caller.write_text(f'<scenario>{invite}<recv response="200"/>{rest[0]}{rest[1]}<recv response="200"/></scenario>')
    async with engine_with_server() as (bus, _):
        server = await serve(bus, scenario_name="", scenario_file=str(peer), follow=("text=X-Number: 7\r\n",))
        run = await call(bus, server.port, scenario_file=str(caller), max_calls=10)
        await run.finish()
        await bus.call(StopRun(run=server.name))
        await server.finish()
    (told,) = server.followed
    assert told.why == "text"
    actions = [entry.text for entry in told.entries if entry.kind is EntryKind.ACTION]
    assert actions == ["log: number 7", "$1 = 'X-Number: 7'", "$2 = '7'", "$3 = 0"]


async def test_what_makes_no_sense_is_refused() -> None:
    async with engine_with_server() as (bus, server):
        with pytest.raises(CommandError, match="followed are every n-th call"):
            await bus.call(FollowCalls(run=server.name, every=-1))
        with pytest.raises(CommandError, match="there is no run 'x'"):
            await bus.call(FollowCalls(run="x", every=1))
