# SPDX-License-Identifier: AGPL-3.0-or-later
"""What UDP does where the machine has no room: full send buffers, full queues, no ports; and hosts that are not there.

Each runs in a network of its own (`tests.own_network`), for what cannot be had on the machine's loopback.
"""

from __future__ import annotations

import json
from textwrap import dedent, indent
from typing import Any

import pytest

from tests.own_network import run_in_own_network

QUEUE = "tc qdisc add dev lo root tbf rate 20mbit burst 2kb limit {limit}"
"""Loopback with a queue of so many bytes; 1000 datagrams of 500 bytes take 0.2 s through it."""
FRAME = """
import json, trio
from engine.messages import Failure
from tests.engine.transport.sides import Wire, at, message, open_side

async def main():
{body}

trio.run(main)
"""


def told(body: str, *setup: str) -> Any:
    """What the body of an async function in a network of its own says in JSON."""
    return json.loads(run_in_own_network(FRAME.format(body=indent(dedent(body), "    ")), *setup))


SEND = """
async with open_side("u1", at("127.0.0.1"), buffer_size=8_388_608) as server:
    async with open_side("u1", at("127.0.0.1", remote_port=server.transport.local_port), buffer_size=1024) as client:
        call = Wire()
        client.transport.attach(call)
        sent = [client.transport.send(call, message(number, b"x" * 400)) for number in range({count})]
        refusal = client.transport.refusal(call)
        async with trio.open_nursery() as nursery:
            arrive = sent.count(True) - client.transport.drops()
            nursery.start_soon(client.until, lambda: len(server.inbox.messages) >= arrive)
            await server.until(lambda: len(server.inbox.messages) >= arrive)
            nursery.cancel_scope.cancel()
        expected = [message(number, b"x" * 400) for number in range(arrive)]
        print(json.dumps({{
            "sent": sent.count(True), "refusal": refusal, "drops": client.transport.drops(),
            "arrived": len(server.inbox.messages),
            "in order": server.inbox.messages == expected, "warnings": client.inbox.warnings,
            "quiet": not client.poller.wait(0),
        }}))
"""


def test_what_finds_the_send_buffer_full_is_sent_when_there_is_room() -> None:
    said = told(SEND.format(count=300), QUEUE.format(limit="4mb"))
    assert (said["sent"], said["arrived"], said["in order"]) == (300, 300, True)
    assert (said["drops"], said["warnings"], said["quiet"]) == (0, [], True)


def test_no_more_than_a_thousand_messages_wait_for_room() -> None:
    said = told(SEND.format(count=1500), QUEUE.format(limit="4mb"))
    assert 1000 <= said["sent"] < 1100
    assert said["refusal"] == ["FailedOutboundCongestion", "the send buffer is full and 1000 messages wait"]
    assert said["arrived"] == said["sent"]


def test_what_finds_the_queue_of_the_interface_full_is_lost_and_counted() -> None:
    said = told(SEND.format(count=20).replace("buffer_size=1024", "buffer_size=1_000_000"), QUEUE.format(limit="2kb"))
    assert said["sent"] == 20
    assert 0 < said["drops"] < 20
    assert said["arrived"] == 20 - said["drops"]
    [warning] = said["warnings"]
    assert warning.startswith("the queue of the network interface is full: datagrams are lost on this machine")


@pytest.mark.parametrize("address", ["127.0.0.1", ""])
def test_when_all_ports_are_taken_a_call_is_told_so_and_later_ones_get_one_again(address: str) -> None:
    said = told(
        f"""
        async with open_side("un", at("127.0.0.1", remote_port=9)) as client:
            calls = [Wire(local_ip={address!r}) for _ in range(40)]
            attached = [client.transport.attach(call) for call in calls]
            failure, reason = client.transport.refusal(calls[-1])
            client.transport.detach(calls[0])
            other = Wire(local_ip="127.0.0.2")
            print(json.dumps({{
                "attached": sum(attached), "without": client.transport.without_socket(), "failure": failure, "reason": reason,
                "again": client.transport.attach(Wire(local_ip={address!r})), "elsewhere": client.transport.attach(other),
            }}))
        """,
        "echo 40000 40019 > /proc/sys/net/ipv4/ip_local_port_range",
    )
    assert said["attached"] in (19, 20), "one may be the socket for calls that come in"
    assert said["without"] == 40 - said["attached"]
    assert said["failure"] == "FailedCannotSendMessage"
    assert said["reason"].startswith("all ports from 40000 to 40019 of 127.0.0.1 are taken; widen net.ipv4.ip_local_port_range")
    assert (said["again"], said["elsewhere"]) == (True, True)


def test_a_host_that_is_not_there_is_told() -> None:
    said = told(
        """
        async with open_side("u1", at("10.9.0.1", remote_port=0)) as client:
            wire = Wire(peer=("10.9.0.2", 5060))
            sent = [client.transport.send(wire, message()) for _ in range(3)]
            await client.until(lambda: client.inbox.warnings)
            print(json.dumps({"sent": sent, "warnings": client.inbox.warnings}))
        """,
        "ip link add v0 type veth peer name v1",
        "ip addr add 10.9.0.1/24 dev v0",
        "ip link set v0 up",
        "ip link set v1 up",
        "echo 1 > /proc/sys/net/ipv4/neigh/v0/mcast_solicit",
        "echo 50 > /proc/sys/net/ipv4/neigh/v0/retrans_time_ms",
    )
    assert said["sent"] == [True] * 3
    meaning = "the host is not there, or a firewall keeps us out (ICMP type 3 code 1)"
    assert said["warnings"] == [f"10.9.0.2 port 5060 cannot be reached: {meaning}"]


def test_without_a_way_to_a_network_the_reason_says_so() -> None:
    said = told(
        """
        async with open_side("u1", at("10.9.0.1", remote_port=0)) as client:
            wire = Wire(peer=("192.0.2.1", 5060))
            print(json.dumps([client.transport.send(wire, message()), client.transport.refusal(wire)]))
        """,
        "ip addr add 10.9.0.1/32 dev lo",
    )
    assert said == [False, ["FailedCannotSendMessage", "this machine has no route to the destination"]]


def test_a_call_whose_destination_is_looked_up_is_held_also_while_others_wait_for_room() -> None:
    said = told(
        """
        async with open_side("u1", at("127.0.0.1"), buffer_size=8_388_608) as server:
            place = ("127.0.0.1", server.transport.local_port)
            async with open_side("u1", at("127.0.0.1", remote_port=place[1]), buffer_size=1024) as client:
                call, held = Wire(), Wire()
                client.transport.attach(call)
                client.transport.attach(held)
                await trio.lowlevel.checkpoint()
                hold = client.transport.hold(held)
                for number in range(100):
                    client.transport.send(call, message(number))
                kept = client.transport.send(held, message(100))
                reason = client.transport.release(held, hold, place)
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(client.until, lambda: len(server.inbox.messages) == 101)
                    await server.until(lambda: len(server.inbox.messages) == 101)
                print(json.dumps([kept, reason, server.inbox.messages == [message(number) for number in range(101)]]))
        """,
        QUEUE.format(limit="4mb"),
    )
    assert said == [True, "", True]
