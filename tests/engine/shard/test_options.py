# SPDX-License-Identifier: AGPL-3.0-or-later
"""Options of a run reach its calls: what messages say, what is waited for, what is repeated."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from hashlib import md5
from pathlib import Path
from typing import Any

import msgspec
import pytest

from engine.call import Behaviours, CallContext
from engine.messages import Failure
from engine.options import RunConfig
from engine.scenario.compile import compile_program
from engine.scenario.load import load_scenario
from engine.shard.assembly import context, facts
from engine.shard.protocol import ShardPlan
from engine.transport import Addresses, Poller
from tests.engine.scenario.helpers import OPTIONS, scenario_bytes
from tests.engine.shard.shards import Told, client, port_of, server, shard
from tests.engine.shard.test_calls import Line, Switchboard
from tests.interop.udp_peer import UdpPeer, ok, silence

S = 1_000_000_000

SAYS = """
<send retrans="20"><![CDATA[
  OPTIONS sip:[service]@[remote_ip] SIP/2.0
  Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]
  Call-ID: [call_id]
  CSeq: [cseq] OPTIONS
  X-Own: [own]
  X-Global: [$g]
  X-Dynamic: [dynamic_id] [dynamic_id] [dynamic_id]
  X-Circuit: [tdmmap]
  X-Media: [media_ip] [media_port]

]]></send>
<recv response="200"/>
"""
SAYS_OPTIONS: dict[str, Any] = {
    "service": "bob",
    "base_cseq": 7,
    "call_id_format": "%u-mine@%s",
    "keywords": (("own", "of mine"),),
    "global_values": (("g", "preset"),),
    "dynamic_start": 5,
    "dynamic_max": 8,
    "dynamic_step": 3,
    "tdm_map": "{1-1}{2}{3-3}{4-4}",
    "media_ip": "127.0.0.9",
    "media_port": 7000,
}

ASK = """
<send retrans="20"><![CDATA[
  OPTIONS sip:bob@[remote_ip] SIP/2.0
  Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]
  Call-ID: [call_id]
  CSeq: 1 OPTIONS

]]></send>
<recv response="200"/>
"""


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], str]:
    def write_scenario(body: str) -> str:
        path = tmp_path / "scenario.xml"
        path.write_bytes(scenario_bytes(body))
        return str(path)

    return write_scenario


async def run(peer: UdpPeer, scenario: str, **options: Any) -> tuple[Told, list[bytes]]:
    """One call to a peer; what the peer has heard."""
    config, addresses = client(peer.port, scenario_name="", scenario_file=scenario, max_calls=1, **options)
    async with shard(config, addresses) as told:
        await told.go()
        await told.end()
    return told, peer.received


async def test_what_messages_say_is_told_by_options(write: Callable[[str], str]) -> None:
    with UdpPeer(ok) as peer:
        _, heard = await run(peer, write('<Global variables="g"/>' + SAYS), **SAYS_OPTIONS)
    lines = heard[0].decode().split("\r\n")
    assert lines[0] == "OPTIONS sip:bob@127.0.0.1 SIP/2.0"
    assert lines[2:9] == [
        "Call-ID: 1-mine@127.0.0.1",
        "CSeq: 7 OPTIONS",
        "X-Own: of mine",
        "X-Global: preset",
        "X-Dynamic: 5 8 5",
        "X-Circuit: 1.2.3/4",
        "X-Media: 127.0.0.9 7000",
    ]


async def test_the_type_of_call_ids(write: Callable[[str], str]) -> None:
    with UdpPeer(ok) as peer:
        _, heard = await run(peer, write(ASK), call_id_type="uuid-compact")
    assert re.search(rb"\r\nCall-ID: [0-9a-f]{32}\r\n", heard[0])


CHALLENGED = """
<send><![CDATA[
  OPTIONS sip:bob@[remote_ip] SIP/2.0
  Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]
  Call-ID: [call_id]
  CSeq: {cseq} OPTIONS
  {line}

]]></send>
"""


def challenge(message: bytes) -> Iterable[bytes]:
    """401 to what has no credentials, 200 to what has some."""
    if b"Authorization:" in message:
        return ok(message)
    unauthorized = b'401 Unauthorized\r\nWWW-Authenticate: Digest realm="r", nonce="n"'
    return (answer.replace(b"200 OK", unauthorized, 1) for answer in ok(message))


async def test_credentials_are_told_by_options(write: Callable[[str], str]) -> None:
    body = CHALLENGED.format(cseq=1, line="X: 1") + '<recv response="401" auth="true"/>'
    body += CHALLENGED.format(cseq=2, line="[authentication]") + '<recv response="200"/>'
    options = {"auth_username": "joe", "auth_password": "schmo", "auth_uri": "sip:elsewhere"}
    with UdpPeer(challenge) as peer:
        _, heard = await run(peer, write(body), **options)
    ha1, ha2 = md5(b"joe:r:schmo").hexdigest(), md5(b"OPTIONS:sip:elsewhere").hexdigest()
    response = md5(f"{ha1}:n:{ha2}".encode()).hexdigest()
    found = re.search(r'Authorization: Digest username="(.*?)",realm="r",uri="(.*?)",.*response="(.*?)"', heard[-1].decode())
    assert found
    assert found.groups() == ("joe", "sip:elsewhere", response)


async def test_every_recv_has_a_longest_wait(write: Callable[[str], str]) -> None:
    with UdpPeer(silence) as peer:
        told, _ = await run(peer, write(ASK), recv_timeout_ms=30)
    assert told.measured.counters.failures == {Failure.TIMEOUT_ON_RECV: 1}


async def test_nothing_is_retransmitted_when_that_is_said(write: Callable[[str], str]) -> None:
    with UdpPeer(silence) as peer:
        _, heard = await run(peer, write(ASK), recv_timeout_ms=100)
        assert len(heard) > 1
    with UdpPeer(silence) as peer:
        _, heard = await run(peer, write(ASK), recv_timeout_ms=100, no_retransmissions=True)
        assert len(heard) == 1


async def test_messages_are_lost_on_purpose(write: Callable[[str], str]) -> None:
    with UdpPeer(ok) as peer:
        told, heard = await run(peer, write(ASK), recv_timeout_ms=30, lost=100.0)
    assert heard == []
    assert told.measured.counters.lost_on_purpose > 0


async def test_a_pause_that_names_no_length(write: Callable[[str], str]) -> None:
    with UdpPeer(ok) as peer:
        told, _ = await run(peer, write(ASK + "<pause/>"), pause_ms=60)
    assert told.measured.call_length.min_ns >= 60_000_000


@pytest.mark.parametrize(("aside", "said"), [(False, "127.0.0.3"), (True, "127.0.0.1")])
def test_messages_say_the_address_that_took_the_connection_but_with_rsa(aside: bool, said: str) -> None:
    config, addresses = client(5060)
    moved = msgspec.structs.replace(addresses, destinations=("127.0.0.2", "127.0.0.3"), sends_aside=aside)
    plan = ShardPlan(config=config, scenario="s.xml", xml=b"", addresses=moved, pid=7, report_every_ns=S)
    board = Switchboard(OPTIONS)
    board.line.remote = ("127.0.0.3", 5060)
    assert facts(plan, board.line, lambda: 1).remote_ip == said
    board.poller.close()


# --- what becomes of calls -----------------------------------------------------------------------------------------------


def context_of(**options: Any) -> CallContext:
    """What the calls of a shard with these options share."""
    config, addresses = client(5060, **options)
    plan = ShardPlan(config=config, scenario="s.xml", xml=b"", addresses=addresses, pid=7, report_every_ns=S)
    board = Switchboard(OPTIONS)
    line = Line(Addresses(local_ip="127.0.0.1"), Poller(), board.table, RunConfig())
    constants = facts(plan, line, [])
    made = context(plan, constants, compile_program(load_scenario("s.xml", scenario_bytes(OPTIONS)), constants), board.table)
    line.poller.close()
    board.poller.close()
    return made


@pytest.mark.parametrize(
    ("options", "of", "expected"),
    [
        ({}, lambda made: made.behaviours, Behaviours()),
        ({"default_behaviors": "all,-bye"}, lambda made: made.behaviours, Behaviours(bye=False)),
        ({"no_defaults": True}, lambda made: made.behaviours, Behaviours.parse("none")),
        ({"auto_answer": True}, lambda made: made.behaviours, Behaviours(auto_answer=True)),
        ({"t2_ms": 1500}, lambda made: made.t2_ns, 1_500_000_000),
        ({}, lambda made: (made.max_invite_retransmissions, made.max_other_retransmissions), (5, 7)),
        (
            {"max_invite_retransmissions": 3, "max_non_invite_retransmissions": 9},
            lambda made: (made.max_invite_retransmissions, made.max_other_retransmissions),
            (3, 9),
        ),
        (
            {"max_retransmissions": 6},
            lambda made: (made.max_invite_retransmissions, made.max_other_retransmissions),
            (5, 6),
        ),
        ({"retransmission_check": "loose"}, lambda made: made.loose, True),
        ({"ignore_in_pause": True}, lambda made: made.ignores_in_pause, True),
    ],
)
def test_an_option_reaches_the_calls(options: dict[str, Any], of: Callable[[CallContext], object], expected: object) -> None:
    assert of(context_of(**options)) == expected


INVITE = """{method} sip:t@h SIP/2.0
Via: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK{cseq}
From: <sip:f@h>;tag=f
To: <sip:t@h>
Call-ID: {call_id}
CSeq: {cseq} {method}
Content-Length: 0

"""


def request(method: str, cseq: int, call_id: str = "a@b") -> bytes:
    return INVITE.format(method=method, cseq=cseq, call_id=call_id).replace("\n", "\r\n").encode()


@asynccontextmanager
async def answering(write: Callable[[str], str], body: str, **options: Any) -> AsyncIterator[tuple[UdpPeer, Told, int]]:
    """A server that runs, and a peer that has yet said nothing."""
    config, addresses = server(**options)
    with UdpPeer(silence) as peer:
        config = RunConfig(scenario_file=write(body), **options)
        async with shard(config, addresses) as told:
            await told.go()
            yield peer, told, port_of(told)


TAKES = '<recv request="MESSAGE"/>'


@pytest.mark.parametrize(("wait_ms", "counted"), [(0, (1, 0)), (60_000, (0, 1))])
async def test_how_long_a_call_that_has_ended_is_remembered(
    write: Callable[[str], str], wait_ms: int, counted: tuple[int, int]
) -> None:
    async with answering(write, TAKES, dead_call_wait_ms=wait_ms) as (peer, told, port):
        peer.send(request("MESSAGE", 1), port)
        await told.until(lambda counters: counters.successful == 1)
        peer.send(request("INFO", 2), port)
        counters = await told.until(lambda counters: counters.out_of_call + counters.dead_call)
    assert (counters.out_of_call, counters.dead_call) == counted


@pytest.mark.parametrize(("ignored", "calls"), [(False, 1), (True, 2)])
async def test_a_prefix_of_the_call_id_may_be_a_part_of_it(write: Callable[[str], str], ignored: bool, calls: int) -> None:
    async with answering(write, TAKES + '<recv request="INFO"/>', ignore_call_id_slash=ignored) as (peer, told, port):
        peer.send(request("MESSAGE", 1, "one///a@b"), port)
        peer.send(request("MESSAGE", 1, "two///a@b"), port)
        counters = await told.until(lambda counters: counters.incoming + counters.retransmissions == 2 or counters.failed)
    assert counters.incoming == calls
