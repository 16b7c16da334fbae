# SPDX-License-Identifier: AGPL-3.0-or-later
"""The table of transports: what `-t` offers is what there is, and a run knows each by one name."""

from __future__ import annotations

import pytest

from engine.options import RunConfig, check_config, option, settled
from engine.options.transports import ALIASES, KINDS, UNBUILT, title_of
from engine.transport import TRANSPORTS, Addresses, Poller
from tests.engine.transport.sides import Inbox


def test_what_is_offered_is_what_there_is() -> None:
    assert list(option("transport").setting.choices) == list(KINDS)
    assert TRANSPORTS.keys() == KINDS.keys()


@pytest.mark.parametrize("name", KINDS)
def test_the_table_says_of_a_transport_what_it_is(name: str) -> None:
    kind, poller = KINDS[name], Poller()
    transport = TRANSPORTS[name](Addresses(local_ip="127.0.0.1"), poller, Inbox(), RunConfig())
    poller.close()
    assert kind.protocol.upper() == transport.protocol
    assert kind.is_stream == transport.reliable


def test_the_ports_that_are_called_when_none_is_given() -> None:
    ports = {kind.protocol: kind.default_port for kind in KINDS.values()}
    assert ports == {"udp": 5060, "tcp": 5060, "tls": 5060, "ws": 80, "wss": 443}


def test_names_are_told_apart() -> None:
    assert not (KINDS.keys() | ALIASES.keys()) & UNBUILT.keys()
    assert not KINDS.keys() & ALIASES.keys()


@pytest.mark.parametrize("name", ALIASES)
def test_a_run_knows_an_alias_by_what_it_stands_for(name: str) -> None:
    config = RunConfig(transport=name, call_id_type="uuid")
    assert check_config(config) == []
    assert settled(config) == RunConfig(transport=ALIASES[name].kind, call_id_type="uuid")


def test_what_has_its_own_name_is_left_as_it_is() -> None:
    config = RunConfig(transport="un", rate=5.0)
    assert settled(config) is config


@pytest.mark.parametrize(
    ("name", "role", "title"),
    [
        ("u1", "uac", "udp"),
        ("un", "uac", "udp, a socket a call"),
        ("un", "uas", "udp"),
        ("t1", "uac", "tcp"),
        ("w1", "uac", "ws"),
        ("wn", "uac", "ws, a connection a call"),
        ("t9", "uac", "t9"),
    ],
)
def test_titles(name: str, role: str, title: str) -> None:
    assert title_of(name, role) == title
