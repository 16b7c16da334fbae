# SPDX-License-Identifier: AGPL-3.0-or-later
"""Where calls go: what people write, and what it stands for."""

from __future__ import annotations

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import OptionError, TransportError
from engine.transport.addresses import resolve, split_host_port

PORTS = st.integers(1, 65535)
V6 = st.ip_addresses(v=6).map(str)


@given(st.ip_addresses(v=4).map(str) | st.from_regex(r"[a-z][a-z0-9.-]{0,20}", fullmatch=True), PORTS)
def test_a_host_with_and_without_a_port(host: str, port: int) -> None:
    assert split_host_port(host) == (host, 5060)
    assert split_host_port(f"{host}:{port}") == (host, port)


async def test_a_host_without_a_port_has_that_of_the_transport() -> None:
    assert split_host_port("host", 80) == ("host", 80)
    assert split_host_port("[::1]", 443) == ("::1", 443)
    assert split_host_port("host:5060", 80) == ("host", 5060)
    assert (await resolve("127.0.0.1", "127.0.0.1", None, 80)).remote == ("127.0.0.1", 80)


@given(V6, PORTS)
def test_ipv6_bare_and_in_brackets(host: str, port: int) -> None:
    assert split_host_port(host) == (host, 5060)
    assert split_host_port(f"[{host}]") == (host, 5060)
    assert split_host_port(f"[{host}]:{port}") == (host, port)


@given(st.text())
def test_any_text_is_an_address_or_an_option_error(text: str) -> None:
    try:
        host, port = split_host_port(text)
    except OptionError:
        return
    assert host
    assert 0 < port < 65536


@pytest.mark.parametrize(
    "text",
    ["", ":5060", "host:", "host:0", "host:65536", "host:²", "host:-1", "[]", "[::1", "[::1]:", "[::1]:x", "[::1]:70000"],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(OptionError, match="port from 1 to 65535"):
        split_host_port(text)


async def test_a_client_takes_the_address_that_the_route_leaves_from() -> None:
    found = await resolve("127.0.0.1:5070", "", None)
    assert (found.local_ip, found.bind_ip, found.remote, found.remote_host) == (
        "127.0.0.1",
        "",
        ("127.0.0.1", 5070),
        "127.0.0.1",
    )
    assert found.family == socket.AF_INET


async def test_ipv6() -> None:
    found = await resolve("[::1]", "", 5070)
    assert (found.local_ip, found.remote, found.local_port, found.family) == ("::1", ("::1", 5060), 5070, socket.AF_INET6)


async def test_a_name_is_looked_up_for_the_family_of_the_local_address() -> None:
    assert (await resolve("localhost", "127.0.0.1", None)).remote_ip == "127.0.0.1"


async def test_a_local_address_is_said_and_bound() -> None:
    found = await resolve("", "::1", None)
    assert (found.local_ip, found.bind_ip, found.remote_ip) == ("::1", "::1", "")


async def test_a_server_without_an_address_says_its_own_and_binds_every_one() -> None:
    found = await resolve("", "", None)
    socket.inet_pton(socket.AF_INET, found.local_ip)
    assert found.bind_ip == ""


@pytest.mark.parametrize(
    ("remote", "local", "told"),
    [
        ("nowhere.invalid", "", "nowhere.invalid: the remote host cannot be resolved"),
        ("a..b", "", "a..b: the remote host cannot be resolved"),
        ("127.0.0.1", "nowhere.invalid", "nowhere.invalid: -i cannot be resolved"),
        ("::1", "127.0.0.1", "::1: the remote host cannot be resolved"),
    ],
)
async def test_what_cannot_be_resolved_is_named(remote: str, local: str, told: str) -> None:
    with pytest.raises(TransportError) as raised:
        await resolve(remote, local, None)
    assert str(raised.value).startswith(told)
    assert "\n" not in str(raised.value)
