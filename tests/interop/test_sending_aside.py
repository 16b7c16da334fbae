# SPDX-License-Identifier: AGPL-3.0-or-later
"""`-rsa`: all that is sent goes to one place, whatever messages say; the same places as with SIPp."""

from __future__ import annotations

import select
import socket
from pathlib import Path

import pytest

from tests.interop.sides import LOOPBACK, Ours, Sipp, at
from tests.interop.test_destinations import heard, scenario
from tests.programs import Programs, free_port

HOST = LOOPBACK[4]
LIMIT_S = 10
CALLS = 20
INVITE = """INVITE sip:bob@127.0.0.1 SIP/2.0
Via: SIP/2.0/{transport} 127.0.0.1:{port};branch=z9hG4bK1
From: <sip:alice@127.0.0.1>;tag=1
To: <sip:bob@127.0.0.1>
Call-ID: aside
CSeq: 1 INVITE
Contact: <sip:alice@127.0.0.1:{port}>
Content-Length: 0

"""


def peers_of(count: int) -> list[socket.socket]:
    """UDP sockets on ports of their own."""
    peers = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(count)]
    for peer in peers:
        peer.bind((HOST, 0))
    return peers


@pytest.mark.parametrize("transport", ["u1", "un"])
@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ('<log message="x"/>', [1, 1]),
        ('<setdest host="[remote_ip]" port="[remote_port]" protocol="[transport]"/>', [1, 0]),
    ],
)
def test_a_client_sends_to_the_same_places(programs: Programs, transport: str, action: str, expected: list[int]) -> None:
    peers = peers_of(2)
    remote, aside = (peer.getsockname()[1] for peer in peers)
    path = scenario(programs.folder, action)
    options = ("-m", "1", "-t", transport, "-recv_timeout", "5000", "-rsa", at(HOST, aside))
    arguments = ("-sf", str(path), at("localhost", remote), *options)
    theirs = heard(Sipp(programs), peers, arguments)
    ours = heard(Ours(programs), peers, arguments)
    for peer in peers:
        peer.close()
    assert ours == theirs
    assert [place for place, _, _ in ours] == expected


def answer_to(peers: list[socket.socket], caller: socket.socket, port: int) -> tuple[int, int]:
    """At which of the peers the 180 comes when one of them calls the server on this port, and from which port."""
    caller.sendto(INVITE.format(transport="UDP", port=caller.getsockname()[1]).replace("\n", "\r\n").encode(), (HOST, port))
    ready, _, _ = select.select(peers, [], [], LIMIT_S)
    assert ready, "no answer"
    data, source = ready[0].recvfrom(65535)
    assert data.startswith(b"SIP/2.0 180")
    return peers.index(ready[0]), source[1]


@pytest.mark.parametrize("ours", [True, False])
def test_a_server_answers_there_and_we_from_the_port_that_was_called(programs: Programs, ours: bool) -> None:
    peers = peers_of(2)
    side: Ours | Sipp = Ours(programs) if ours else Sipp(programs)
    side.start("-sn", "uas", "-rsa", at(HOST, peers[1].getsockname()[1])).wait_bound(side.port)
    place, port = answer_to(peers, peers[0], side.port)
    for peer in peers:
        peer.close()
    assert place == 1
    assert (port == side.port) == ours, "SIPp answers from another port, which no peer that checks it takes"


@pytest.mark.parametrize("transport", ["t1", "tn"])
def test_a_server_answers_there_by_a_connection(programs: Programs, transport: str) -> None:
    ours = Ours(programs)
    with socket.create_server((HOST, 0)) as aside:
        aside.settimeout(LIMIT_S)
        ours.start("-sn", "uas", "-t", transport, "-rsa", at(HOST, aside.getsockname()[1])).wait_bound(ours.port)
        with socket.create_connection((HOST, ours.port)) as caller:
            caller.sendall(INVITE.format(transport="TCP", port=5060).replace("\n", "\r\n").encode())
            answers, _ = aside.accept()
            with answers:
                answers.settimeout(LIMIT_S)
                assert answers.recv(65535).startswith(b"SIP/2.0 180")


@pytest.mark.parametrize("transport", ["u1", "un", "t1", "tn"])
def test_calls_succeed_though_nobody_is_where_messages_say(programs: Programs, transport: str) -> None:
    ours, sipp = Ours(programs), Sipp(programs)
    nowhere = free_port()
    changes = {'<timewait milliseconds="4000"/>': ""} if transport[0] == "t" else {}
    server = sipp.start_server(
        *sipp.variant("uas", changes), "-m", str(CALLS), "-t", transport[0] + "1", "-trace_msg", "-message_file", "heard.log"
    )
    options = ("-m", str(CALLS), "-r", "100", "-t", transport, "-rsa", at(HOST, sipp.port))
    client = ours.start("-sn", "uac", at(HOST, nowhere), *options)
    assert (client.wait(), server.wait()) == (0, 0), client.output
    counters = ours.summary().counters
    assert (counters.created, counters.successful, counters.failed) == (CALLS, CALLS, 0)
    assert f"INVITE sip:service@{at(HOST, nowhere)} SIP/2.0" in Path(programs.folder, "heard.log").read_text()
