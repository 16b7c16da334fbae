# SPDX-License-Identifier: AGPL-3.0-or-later
"""A real WebSocket server (RFC 7118): phones register with it, and call and are called through it, by UDP and by WebSocket."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.messages import Counters
from tests.interop.kamailio import Kamailio
from tests.interop.sides import LOOPBACK, Ours, at
from tests.programs import ROOT, Program, Programs, missing

HOST = LOOPBACK[4]
CALLS = 20
LOAD = ("-m", str(CALLS), "-r", "50")
OVER_WS = ("-ws_path", "/sip")
PHONE = ("-sf", str(Path(__file__).parent / "ws_phone.xml"))
STAYS_S = 5
IS_IDLE_S = 10
"""The proxy asks who says nothing, some 5 s after the last message at the latest, and 3 s later hangs up (kamailio_ws.cfg)."""
each_way_to_connect = pytest.mark.parametrize("transport", ["w1", "wn"])


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kamailio]:
    """A proxy for all tests here."""
    if not any(Path("/usr/lib").glob("*/kamailio/modules/websocket.so")):
        missing("kamailio's module websocket")
    started = Programs(tmp_path_factory.mktemp("kamailio"))
    yield Kamailio(started, configuration="kamailio_ws.cfg", listens=("udp", "tcp"))
    started.end()


@pytest.fixture
def callers(tmp_path: Path) -> Iterator[Programs]:
    """Programs in a second folder: each side leaves files there."""
    folder = tmp_path / "caller"
    folder.mkdir()
    started = Programs(folder)
    yield started
    started.end()


def counted(side: Ours, program: Program) -> Counters:
    """What a side counted, once it has ended well."""
    assert program.wait() == 0, program.output
    return side.summary().counters


def all_successful(counters: Counters, calls: int = CALLS) -> bool:
    """Whether there were so many calls, and each went well."""
    return (counters.created, counters.successful, counters.failed, counters.open) == (calls, calls, 0, 0)


@each_way_to_connect
def test_phones_register_with_a_password_and_sign_off(proxy: Kamailio, programs: Programs, transport: str) -> None:
    phone = Ours(programs)
    program = phone.start(*PHONE, *LOAD, "-d", "100", "-t", transport, *OVER_WS, at(HOST, proxy.port))
    assert all_successful(counted(phone, program))


def test_a_wrong_password_is_not_taken(proxy: Kamailio, programs: Programs) -> None:
    phone = Ours(programs)
    program = phone.start(*PHONE, "-m", "3", "-ap", "wrong", "-t", "w1", *OVER_WS, at(HOST, proxy.port))
    assert program.wait() == 1
    counters = phone.summary().counters
    assert (counters.failed, set(counters.reasons)) == (3, {"unexpected 401 in step 3 (200)"})


@each_way_to_connect
def test_we_call_through_it_and_the_callee_hangs_up(
    proxy: Kamailio, programs: Programs, callers: Programs, transport: str
) -> None:
    caller, callee = Ours(callers), Ours(programs)
    server = callee.start("-sn", "record_route_uas", "-m", str(CALLS))
    server.wait_bound(callee.port)
    mine = f"@{caller.port}.example"
    through = ("-s", str(callee.port), "-cid_str", f"%u{mine}", "-t", transport, *OVER_WS, at(HOST, proxy.port))
    client = caller.start("-sn", "record_route_uac", *LOAD, *through)
    assert all_successful(counted(caller, client)), proxy.program.output
    assert all_successful(counted(callee, server))
    # The INVITE of the hold and the two ACKs come from the caller, the BYE from the callee: down the connection.
    assert proxy.relayed(mine) == {
        ("begins", "INVITE"): CALLS,
        ("follows", "INVITE"): CALLS,
        ("follows", "ACK"): 2 * CALLS,
        ("follows", "BYE"): CALLS,
    }


@pytest.mark.parametrize("caller_over", ["u1", "w1", "wn"])
def test_a_phone_that_has_registered_is_called(
    proxy: Kamailio, programs: Programs, callers: Programs, caller_over: str
) -> None:
    """It is called on the connection that it has registered by."""
    callee, caller = Ours(programs), Ours(callers)
    user = f"phone{callee.port}"
    (programs.folder / "callee.xml").write_text(
        (ROOT / "scenarios" / "record_route_uas.xml").read_text().replace("<pause/>", "")
    )
    stays = ("-m", "1", "-s", user, "-d", f"{STAYS_S}s", "-rxsf", "callee.xml", "-trace_msg", "-message_file", "messages.log")
    phone = callee.start(*PHONE, *stays, "-t", "w1", *OVER_WS, at(HOST, proxy.port))
    until_registered(programs.folder / "messages.log", phone)
    options = () if caller_over == "u1" else OVER_WS
    client = caller.start("-sn", "record_route_uac", *LOAD, "-s", user, "-t", caller_over, *options, at(HOST, proxy.port))
    assert all_successful(counted(caller, client)), proxy.program.output
    counters = counted(callee, phone)
    assert (counters.outgoing, counters.incoming) == (1, CALLS)
    assert all_successful(counters, CALLS + 1)


def test_a_phone_that_says_nothing_answers_pings_and_stays(proxy: Kamailio, programs: Programs) -> None:
    phone = Ours(programs)
    stays = ("-m", "1", "-s", f"phone{phone.port}", "-d", f"{IS_IDLE_S}s", "-max_reconnect", "0")
    program = phone.start(*PHONE, *stays, "-t", "w1", *OVER_WS, at(HOST, proxy.port))
    assert all_successful(counted(phone, program), 1), proxy.program.output


def until_registered(log: Path, phone: Program, limit_s: float = 10) -> None:
    """Wait until the registrar has let a phone in."""
    end = time.monotonic() + limit_s
    while not (log.exists() and b"SIP/2.0 200" in log.read_bytes()):
        assert phone.process.poll() is None, phone.output
        assert time.monotonic() < end, phone.output
        time.sleep(0.02)


def test_another_path_is_not_there(proxy: Kamailio, programs: Programs) -> None:
    phone = Ours(programs)
    program = phone.start(*PHONE, "-m", "1", "-t", "w1", "-ws_path", "/other", at(HOST, proxy.port))
    assert program.wait() == 255
    place = f"no WS connection to {HOST} port {proxy.port}: the server refuses WebSocket at /other: "
    assert f"{place}404 Not Found — it has no WebSocket at this path; see -ws_path" in program.output


def test_a_run_over_tcp_does_not_take_it_for_sip(proxy: Kamailio, programs: Programs) -> None:
    """What is SIP for the one port of TCP and WebSocket is answered as SIP: nobody hangs."""
    phone = Ours(programs)
    program = phone.start("-sn", "register_auth_uac", "-m", "3", "-t", "t1", at(HOST, proxy.port))
    assert all_successful(counted(phone, program), 3)
