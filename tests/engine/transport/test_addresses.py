# SPDX-License-Identifier: AGPL-3.0-or-later
"""Where calls go: what people write, and what it stands for."""

from __future__ import annotations

import ipaddress
import json
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import BindError, OptionError, TransportError
from engine.transport.addresses import Addresses, is_of_a_link, legible, resolve, split_host_port
from tests.own_network import run_in_own_network

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
    assert (found.local_ip, found.remote, found.local_port, found.family) == (
        "::1",
        ("::1", 5060, 0, 0),
        5070,
        socket.AF_INET6,
    )


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
        ("::1", "127.0.0.1", "::1: the remote host cannot be resolved: it is IPv6, and -i 127.0.0.1 is not"),
        ("127.0.0.1", "::", "127.0.0.1: the remote host cannot be resolved: it is IPv4, and -i :: is not"),
        ("[fe80::1%eth99]", "", "fe80::1%eth99: the remote host cannot be reached: there is no network device 'eth99'"),
        ("::1", "fe80::1%eth99", "fe80::1%eth99: -i cannot be reached: there is no network device 'eth99'"),
    ],
)
async def test_what_cannot_be_resolved_is_named(remote: str, local: str, told: str) -> None:
    with pytest.raises(TransportError) as raised:
        await resolve(remote, local, None)
    assert str(raised.value).startswith(told)
    assert "\n" not in str(raised.value)


LO = socket.if_nametoindex("lo")


@given(st.ip_addresses(v=6))
def test_which_addresses_are_of_one_link(ip: ipaddress.IPv6Address) -> None:
    assert is_of_a_link(str(ip)) == ip.is_link_local
    assert is_of_a_link(ip.exploded.upper()) == ip.is_link_local


@given(st.ip_addresses(v=6, network="fe80::/10"))
def test_every_address_of_a_link_is_known(ip: ipaddress.IPv6Address) -> None:
    assert is_of_a_link(str(ip))


@pytest.mark.parametrize("zone", ["lo", str(LO)])
async def test_a_zone_is_for_sockets_and_not_for_messages(zone: str) -> None:
    assert split_host_port(f"[fe80::1%{zone}]:5070") == (f"fe80::1%{zone}", 5070)
    found = await resolve(f"[fe80::1%{zone}]:5070", f"fe80::2%{zone}", 5080)
    assert (found.local_ip, found.remote_ip, found.remote_host) == ("fe80::2", "fe80::1", "fe80::1")
    assert (found.remote, found.bound_to(5080)) == (("fe80::1", 5070, 0, LO), ("fe80::2", 5080, 0, LO))


async def test_an_address_of_a_link_has_the_zone_of_the_others() -> None:
    found = await resolve("fe80::1", "fe80::2%lo", None)
    assert found.remote == ("fe80::1", 5060, 0, LO)
    assert found.place("fe80::3", 1) == ("fe80::3", 1, 0, LO)
    assert found.place("fd00::3", 1) == ("fd00::3", 1, 0, 0)
    found = await resolve("fe80::1", "fe80::2", None, device="lo")
    assert (found.remote[3:], found.bound_to(0)[3:]) == ((LO,), (LO,))


def test_a_person_is_told_the_name_of_a_zone() -> None:
    assert [legible(ip) for ip in (f"fe80::1%{LO}", "fe80::1", "127.0.0.1", "fe80::1%99999")] == [
        "fe80::1%lo",
        "fe80::1",
        "127.0.0.1",
        "fe80::1%99999",
    ]


async def test_an_address_of_a_link_without_a_zone_cannot_be_reached() -> None:
    with pytest.raises(TransportError, match=r"fe80::1: no route to the remote host: .*; say on which device"):
        await resolve("fe80::1", "", None)


@pytest.mark.parametrize(
    ("local", "remote", "options", "said", "bound"),
    [
        ("", "127.0.0.1", {}, "127.0.0.1", ""),
        ("", "127.0.0.1", {"bind_local": True}, "127.0.0.1", "127.0.0.1"),
        ("127.0.0.2", "127.0.0.1", {}, "127.0.0.2", "127.0.0.2"),
        ("127.0.0.2", "127.0.0.1", {"bind_local": True}, "127.0.0.2", "127.0.0.2"),
        ("0.0.0.0", "127.0.0.1", {}, "127.0.0.1", ""),
        ("::", "::1", {}, "::1", ""),
        ("[::1]", "", {}, "::1", "::1"),
        ("203.0.113.9", "127.0.0.1", {}, "203.0.113.9", "203.0.113.9"),
    ],
)
async def test_what_is_said_and_what_is_bound(local: str, remote: str, options: dict[str, bool], said: str, bound: str) -> None:
    found = await resolve(remote, local, None, **options)
    assert (found.local_ip, found.bind_ip) == (said, bound)


async def test_all_may_go_to_another_place_than_messages_say() -> None:
    found = await resolve("127.0.0.1:5070", "", None, aside="localhost:5080")
    assert (found.remote_ip, found.remote_port, found.remote, found.sends_aside) == (
        "127.0.0.1",
        5070,
        ("127.0.0.1", 5080),
        True,
    )
    assert (found.remote_host, found.destination) == ("127.0.0.1", ("localhost", 5080))
    assert (await resolve("127.0.0.1:5070", "", None, aside="127.0.0.3")).remote == ("127.0.0.3", 5060)
    assert (await resolve("localhost:5070", "", None)).destination == ("localhost", 5070)
    server = await resolve("", "127.0.0.1", None, aside="127.0.0.3", listens=True)
    assert (server.remote_ip, server.remote, server.connects) == ("", ("127.0.0.3", 5060), False)
    with pytest.raises(TransportError, match=r"::1: -rsa cannot be resolved: it is IPv6, and the remote host 127.0.0.1 is not"):
        await resolve("127.0.0.1", "", None, aside="[::1]:5080")
    with pytest.raises(OptionError, match="-rsa: 'x:y' is not host"):
        await resolve("127.0.0.1", "", None, aside="x:y")


def test_a_server_waits_for_connections_though_it_was_given_a_host() -> None:
    assert Addresses(local_ip="127.0.0.1", remote_ip="127.0.0.1").connects
    assert not Addresses(local_ip="127.0.0.1", remote_ip="127.0.0.1", listens=True).connects


async def test_a_device_that_is_none_is_named() -> None:
    with pytest.raises(BindError, match="-bind_to_device eth99: there is no network device 'eth99' on this machine; it has lo"):
        await resolve("127.0.0.1", "", None, device="eth99")


HOSTS = "printf '127.0.0.2 many\\n127.0.0.3 many\\nfd00::1 many\\nfd00::1 six\\n' > {0} && mount --bind {0} /etc/hosts"
LOOK = """
import json, trio
from engine.errors import TransportError
from engine.transport.addresses import resolve

async def main():
    for host, local in (("many", ""), ("many", "::1"), ("many", "127.0.0.1"), ("six", ""), ("six", "127.0.0.1")):
        try:
            print(json.dumps((await resolve(host, local, None)).remotes))
        except TransportError as error:
            print(json.dumps(str(error)))

trio.run(main)
"""


def test_the_family_of_the_local_address_decides_which_addresses_of_a_host_are_meant(tmp_path: Path) -> None:
    told = run_in_own_network(LOOK, HOSTS.format(tmp_path / "hosts"), "ip -6 addr add fd00::1/128 dev lo nodad")
    four, six, asked, only, none = (json.loads(line) for line in told.splitlines())
    assert four == asked == [["127.0.0.2", 5060], ["127.0.0.3", 5060]]
    assert six == only == [["fd00::1", 5060, 0, 0]]
    assert none.startswith("six: the remote host cannot be resolved: ")
    assert none.endswith("; it needs an IPv4 address, as -i 127.0.0.1 has")
