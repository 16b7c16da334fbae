# SPDX-License-Identifier: AGPL-3.0-or-later
"""Where a call's messages go when its scenario says so, and what becomes of a call whose messages can go nowhere."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import trio

from engine.messages import Failure
from engine.transport import Addresses, Held, Names
from engine.transport import names as names_module
from tests.engine.call.virtual import UAC_CALL
from tests.engine.shard.test_calls import SOURCE, Switchboard

LIMIT_S = 10
ACK = "  <send><![CDATA[\n    ACK "


def scenario(host: str, port: str = "5099", protocol: str = "UDP", *, more: str = "") -> str:
    """The call of a client that is sent elsewhere once it is answered."""
    return acting(f'<setdest host="{host}" port="{port}" protocol="{protocol}"/>{more}')


def acting(action: str) -> str:
    """The call of a client that does this once it is answered."""
    assert UAC_CALL.count(ACK) == 1
    return UAC_CALL.replace(ACK, f"  <nop><action>{action}</action></nop>{ACK}")


@contextmanager
def answered(body: str, addresses: Addresses | None = None) -> Iterator[Switchboard]:
    """A client whose only call has been answered."""
    board = Switchboard(body)
    if addresses is not None:
        board.line.addresses = addresses
        board.table.destinations.names = Names(addresses.family)
    board.start()
    call_id = next(iter(board.table.calls)).decode()
    board.bring("SIP/2.0 200 OK", call_id=call_id)
    yield board
    board.poller.close()


def test_an_address_is_taken_at_once() -> None:
    with answered(scenario("127.0.0.9")) as board:
        (call,) = board.table.calls.values()
        assert call.peer == ("127.0.0.9", 5099)
        assert board.line.sent[-1].startswith(b"ACK ")


ON_A_LINK = Addresses(local_ip="fe80::2", zone=socket.if_nametoindex("lo"))


@pytest.mark.parametrize(
    ("host", "peer"),
    [
        ("fe80::9", ("fe80::9", 5099, 0, ON_A_LINK.zone)),
        ("[fe80::9%lo]", ("fe80::9", 5099, 0, ON_A_LINK.zone)),
        ("fe80::9%77", ("fe80::9", 5099, 0, 77)),
        ("[fd00::9]", ("fd00::9", 5099, 0, 0)),
    ],
)
def test_an_address_of_one_link_has_its_zone_or_that_of_the_run(host: str, peer: object) -> None:
    with answered(scenario(host), ON_A_LINK) as board:
        (call,) = board.table.calls.values()
        assert call.peer == peer


def test_a_zone_that_is_none_is_told() -> None:
    with answered(scenario("fe80::9%eth99"), ON_A_LINK) as board:
        assert board.counters.reasons == {"setdest: fe80::9%eth99: there is no such network device": 1}


async def test_a_name_is_looked_up_and_what_is_sent_meanwhile_waits() -> None:
    with answered(scenario("localhost")) as board:
        (call,) = board.table.calls.values()
        changed = trio.Event()
        board.table.changed = changed.set
        assert isinstance(call.peer, Held)
        assert [data.split()[0] for data in board.line.sent] == [b"INVITE"]
        with trio.fail_after(LIMIT_S):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(board.table.destinations.names.tend)
                await changed.wait()
                nursery.cancel_scope.cancel()
        assert call.peer == ("127.0.0.1", 5099)
        assert [data.split()[0] for data in board.line.sent] == [b"INVITE", b"ACK"]


async def test_a_call_to_a_name_that_is_none_has_failed() -> None:
    with answered(scenario("no.such.invalid")) as board:
        changed = trio.Event()
        board.table.changed = changed.set
        with trio.fail_after(LIMIT_S):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(board.table.destinations.names.tend)
                await changed.wait()
                nursery.cancel_scope.cancel()
        assert (board.table.calls, board.counters.failures) == ({}, {Failure.CANNOT_SEND: 1})
        (reason,) = board.counters.reasons
        assert reason.startswith("setdest: no.such.invalid: ")


async def test_who_has_gone_elsewhere_meanwhile_does_not_go_back() -> None:
    more = '<setdest host="127.0.0.9" port="5098" protocol="UDP"/>'
    with answered(scenario("localhost", more=more)) as board:
        (call,) = board.table.calls.values()
        assert call.peer == ("127.0.0.9", 5098)
        with trio.move_on_after(0.1):
            await board.table.destinations.names.tend()
        assert call.peer == ("127.0.0.9", 5098)


@pytest.mark.parametrize(
    ("host", "port", "protocol", "reason"),
    [
        ("127.0.0.9", "[call_number]x", "UDP", "setdest: '1x' is no port"),
        ("127.0.0.9", "0[last_Nothing]", "UDP", "setdest: '0' is no port"),
        ("127.0.0.9", "99999[last_Nothing]", "UDP", "setdest: '99999' is no port"),
        ("127.0.0.9", "1[last_Nothing]", "T[service]", "setdest: cannot change from UDP to 'Tservice'"),
        ("[::1]", "1", "UDP", "setdest: ::1: ::1 is no address of the family that this run uses"),
    ],
)
def test_a_call_that_can_go_nowhere_has_failed_and_sends_nothing_more(host: str, port: str, protocol: str, reason: str) -> None:
    with answered(scenario(host, port, protocol, more='<log message="more"/>')) as board:
        assert board.table.calls == {}
        assert board.counters.reasons == {reason: 1}
        assert [data.split()[0] for data in board.line.sent] == [b"INVITE"]
        assert board.warnings == []


def test_too_many_names_at_once_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names_module, "MOST_WAITING", 0)
    with answered(scenario("localhost")) as board:
        assert board.counters.reasons == {"setdest: too many names are being looked up": 1}


def test_what_all_share_is_not_closed_and_that_is_told() -> None:
    with answered(acting("<closecon/>")) as board:
        (call,) = board.table.calls.values()
        assert call.peer == SOURCE
        assert board.warnings == ["closecon: all calls share one socket; see -t"]
