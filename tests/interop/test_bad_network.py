# SPDX-License-Identifier: AGPL-3.0-or-later
"""A third of all datagrams lost, others doubled or out of order, and nobody at the other end: every call is accounted for.

What a run says of its calls has to add up whatever the network does, and it has to end. `Ours.summary` checks the sums.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time

import pytest

from engine.messages import Failure, Summary
from tests.interop.bad_network import BadNetwork
from tests.interop.sides import Ours, Sipp, at
from tests.interop.udp_peer import UdpPeer, ok
from tests.programs import GOSSIPPER, WITH_GOSSIPPER, Program, Programs, free_port

CALLS = 100
LOSS = 0.3
OFTEN = {'retrans="500"': 'retrans="50"'}
"""A tenth of the usual time between retransmissions: five of them make 3 s."""

both_ways = pytest.mark.parametrize("transport", ["u1", "un"])


def often(programs: Programs, name: str) -> tuple[str, str]:
    """Our scenario of this name, with frequent retransmissions."""
    command = (*GOSSIPPER, "sipp", "-sd", name)
    shown = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, **WITH_GOSSIPPER})
    text = re.sub(r'retrans="\d+"', 'retrans="50"', shown.stdout)
    (programs.folder / f"often_{name}.xml").write_text(text)
    return "-sf", f"often_{name}.xml"


@both_ways
def test_a_client_gets_its_calls_through_a_bad_network(programs: Programs, transport: str) -> None:
    ours = Ours(programs)
    with UdpPeer(ok) as peer, BadNetwork(peer.port, loss=LOSS) as network:
        scenario = often(programs, "uac")
        client = ours.start(*scenario, at(ours.host, network.port), "-m", str(CALLS), "-r", "50", "-t", transport)
        assert client.wait(50) in (0, 1), client.output
    counters = ours.summary().counters
    assert network.lost > CALLS / 2
    assert (counters.created, counters.open) == (CALLS, 0)
    assert counters.retransmissions > 0
    # Of a hundred calls two lose an INVITE or its answer six times over.
    assert set(counters.failures) <= {Failure.MAX_RETRANSMISSIONS}
    assert counters.successful >= 0.85 * CALLS


def test_a_server_on_a_bad_network_accounts_for_every_call(programs: Programs) -> None:
    ours, sipp = Ours(programs), Sipp(programs)
    server = ours.start("-sn", "uas")
    server.wait_bound(ours.port)
    with BadNetwork(ours.port, loss=LOSS) as network:
        client = sipp.start(*sipp.variant("uac", OFTEN), at(ours.host, network.port), "-m", str(CALLS), "-r", "50")
        assert client.wait(50) in (0, 1)
    summary = stopped(server, ours)
    assert 0 < summary.counters.created <= CALLS
    assert summary.counters.retransmissions > 0


@both_ways
def test_nobody_at_the_other_end(programs: Programs, transport: str) -> None:
    """As with SIPp a call ends by the limit of retransmissions, and what the network answers is told once."""
    ours, port = Ours(programs), free_port()
    arguments = ("-m", "20", "-r", "100", "-max_retrans", "2", "-t", transport)
    client = ours.start(*often(programs, "uac"), at(ours.host, port), *arguments)
    assert client.wait() == 1, client.output
    counters = ours.summary().counters
    assert (counters.created, counters.open) == (20, 0)
    assert counters.failures == {Failure.MAX_RETRANSMISSIONS: 20}
    assert counters.retransmissions == 40
    assert counters.warnings == 1
    assert f"127.0.0.1 port {port} cannot be reached: nothing listens there" in client.output


@both_ways
def test_a_peer_that_goes_and_comes_again_costs_no_call(programs: Programs, transport: str) -> None:
    """The first INVITEs find nobody; the peer is there when they are sent again."""
    ours, port = Ours(programs), free_port()
    arguments = ("-m", "20", "-r", "100", "-t", transport)
    client = ours.start(*often(programs, "uac"), at(ours.host, port), *arguments)
    shown_by(client, "cannot be reached")
    with UdpPeer(ok, port):
        assert client.wait() == 0, client.output
    assert ours.summary().counters.successful == 20


def stopped(server: Program, ours: Ours) -> Summary:
    """The summary of a server that is told to stop, and not to wait for its calls."""
    server.process.send_signal(signal.SIGINT)
    shown_by(server, "finishing")
    server.process.send_signal(signal.SIGINT)
    server.wait()
    return ours.summary()


def shown_by(program: Program, text: str) -> None:
    """Wait until a program has said this."""
    while text not in program.output:
        assert program.process.poll() is None, program.output
        time.sleep(0.01)
