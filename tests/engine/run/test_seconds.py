# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which scenario a run has beside its main one: a file or a built-in one, for calls that come in or for what is out of call."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import trio

from engine import open_engine
from engine.messages import Counters
from engine.scenario.library import read_source
from tests.engine.run.runs import ENDLESS_MS, LIMIT_S, Watched, call
from tests.interop.udp_peer import UdpPeer, ok

REQUEST = """{method} sip:us@127.0.0.1 SIP/2.0
Via: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK1
From: <sip:peer@127.0.0.1>;tag=1
To: <sip:us@127.0.0.1>
Call-ID: of-the-peer
CSeq: 1 {method}
Content-Length: 0

"""


def to_requests(message: bytes) -> Iterable[bytes]:
    """200 to every request, and nothing to responses."""
    return () if message.startswith(b"SIP/2.0") else ok(message)


async def asked(method: str, answered: int = 0, **options: Any) -> tuple[Counters, list[bytes]]:
    """A client whose only call lasts; a request comes in that belongs to no call of its. What it counts and sends then."""
    with UdpPeer(to_requests) as peer, trio.fail_after(LIMIT_S):
        async with open_engine(in_process=True) as bus:
            client: Watched = await call(bus, peer.port, max_calls=1, pause_ms=ENDLESS_MS, **options)
            await client.until(lambda snapshot: len(peer.received) >= 2)
            peer.send(REQUEST.format(method=method).replace("\n", "\r\n").encode(), client.port)
            told = await client.until(lambda snapshot: snapshot.counters.incoming + snapshot.counters.auto_answered)
            while len(peer.received) < 2 + answered:
                told = await client.until(lambda snapshot: True)
            sent = [message.split(b"\r\n")[0] for message in peer.received[2:]]
    return told.counters, sent


@pytest.mark.parametrize("by", ["file", "name"])
async def test_a_client_takes_calls_with_the_scenario_that_is_named(by: str, tmp_path: Path) -> None:
    path = tmp_path / "taking.xml"
    path.write_bytes(read_source("uas")[1])
    options = {"incoming_file": str(path)} if by == "file" else {"incoming_name": "uas"}
    counters, sent = await asked("INVITE", answered=2, **options)
    assert counters.incoming == 1
    assert sent[:2] == [b"SIP/2.0 180 Ringing", b"SIP/2.0 200 OK"]


@pytest.mark.parametrize("by", ["file", "name"])
async def test_what_belongs_to_no_call_is_answered_by_the_scenario_that_is_named(by: str, tmp_path: Path) -> None:
    path = tmp_path / "answering.xml"
    path.write_bytes(read_source("ooc_default")[1])
    options = {"out_of_call_file": str(path)} if by == "file" else {"out_of_call_name": "ooc_default"}
    counters, sent = await asked("NOTIFY", answered=1, **options)
    assert (counters.incoming, sent) == (0, [b"SIP/2.0 200 OK"])


async def test_ooc_dummy_answers_nothing() -> None:
    counters, sent = await asked("NOTIFY", out_of_call_name="ooc_dummy")
    assert (counters.incoming, counters.auto_answered, sent) == (0, 1, [])
