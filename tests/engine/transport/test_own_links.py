# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every transport between addresses that are those of one link, by one device only, and to a host with several addresses.

Each runs in a network of its own (`tests.own_network`): what links a machine has is not for a test to say.
"""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import dedent, indent
from typing import Any

import pytest

from tests.own_network import run_in_own_network

LINK = "ip link add v0 type veth peer name v1 && ip link set v0 up && ip link set v1 up"
HERE = "ip -6 addr add fe80::1/64 dev v0 nodad && ip -6 addr add fe80::2/64 dev v0 nodad && ip addr add 10.9.0.1/24 dev v0"
HOSTS = "printf '127.0.0.2 many\\n127.0.0.3 many\\n' > {0} && mount --bind {0} /etc/hosts"
FRAME = """
import json, trio
from engine.errors import GossipperError
from engine.transport.addresses import resolve
from tests.engine.transport.sides import Wire, at, message, open_side

async def main():
{body}

trio.run(main)
"""

every_transport = pytest.mark.parametrize("name", ["u1", "un", "t1", "tn"])


def told(body: str, *setup: str, **values: str) -> Any:
    """What the body of an async function in a network of its own says in JSON."""
    return json.loads(run_in_own_network(FRAME.format(body=indent(dedent(body).format(**values), "    ")), *setup))


BOTH_WAYS = """
kind = "t1" if "{name}"[0] == "t" else "u1"
async with open_side(kind, await resolve("", "{server}", 0)) as server:
    there = await resolve("{remote}:" + str(server.transport.local_port), "{client}", 0, device="{device}")
    async with open_side("{name}", there, to=server) as client, trio.open_nursery() as nursery:
        nursery.start_soon(server.go_on)
        call, incoming = Wire(), Wire()
        assert client.transport.attach(call)
        assert client.transport.send(call, message(1))
        await client.until(lambda: server.inbox.messages)
        server.transport.adopt(incoming, server.inbox.sources[0])
        assert server.transport.send(incoming, message(2))
        await client.until(lambda: client.inbox.messages)
        address = client.transport.addresses.place("{again}", server.transport.local_port)
        assert client.transport.redirect(call, address) == ""
        assert client.transport.send(call, message(3))
        await client.until(lambda: len(server.inbox.messages) == 2)
        print(json.dumps([there.local_ip, there.remote_ip]))
        client.transport.detach(call)
        nursery.cancel_scope.cancel()
"""


@every_transport
@pytest.mark.parametrize("client", ["fe80::2%v0", ""])
def test_calls_between_addresses_of_one_link(name: str, client: str) -> None:
    places = {"server": "fe80::1%v0", "remote": "[fe80::1%v0]", "again": "fe80::1"}
    said = told(BOTH_WAYS, LINK, HERE, name=name, client=client, device="", **places)
    assert said[1] == "fe80::1"
    assert said[0] in ([client.partition("%")[0]] if client else ["fe80::1", "fe80::2"])


@every_transport
def test_calls_by_one_device(name: str) -> None:
    places = {"server": "127.0.0.1", "remote": "127.0.0.1", "again": "127.0.0.1"}
    assert told(BOTH_WAYS, name=name, client="", device="lo", **places) == ["127.0.0.1", "127.0.0.1"]


ONE_DEVICE = """
async with open_side("u1", await resolve("", "", 5060, device="lo")) as server:
    async with open_side("u1", await resolve("", "", 5060, device="v0")) as other:
        async with open_side("u1", await resolve("127.0.0.1:5060", "127.0.0.1", 0)) as client:
            call = Wire()
            client.transport.attach(call)
            client.transport.send(call, message(1))
            await server.until(lambda: server.inbox.messages)
            other.poller.dispatch()
            print(json.dumps([len(server.inbox.messages), len(other.inbox.messages)]))
"""


def test_a_port_is_had_on_each_device_and_hears_only_that() -> None:
    assert told(ONE_DEVICE, LINK, HERE) == [1, 0]


NEXT_ADDRESS = """
async with open_side("t1", at("{listening}", local_port=5099)) as server:
    try:
        addresses = await resolve("many:5099", "", 0)
        async with open_side("t1", addresses) as client:
            call = Wire()
            assert client.transport.attach(call)
            assert client.transport.send(call, message(1))
            await server.until(lambda: server.inbox.messages)
            assert client.transport.redirect(call, ("{listening}", 5099)) == ""
            assert client.transport.send(call, message(2))
            await server.until(lambda: len(server.inbox.messages) == 2)
            assert server.inbox.sources[0] is server.inbox.sources[1]
            print(json.dumps([addresses.remote_ip, client.transport.remote[0]]))
    except GossipperError as error:
        print(json.dumps(str(error)))
"""


@pytest.mark.parametrize("listening", ["127.0.0.2", "127.0.0.3"])
def test_a_connection_is_made_to_the_next_address_of_a_host_when_one_refuses(listening: str, tmp_path: Path) -> None:
    said = told(NEXT_ADDRESS, HOSTS.format(tmp_path / "hosts"), listening=listening)
    assert said == ["127.0.0.2", listening]


def test_when_all_addresses_of_a_host_refuse_the_last_is_named(tmp_path: Path) -> None:
    said = told(NEXT_ADDRESS, HOSTS.format(tmp_path / "hosts"), listening="127.0.0.4")
    assert said == "no TCP connection to 127.0.0.3 port 5099: Connection refused; is a server listening there?"
