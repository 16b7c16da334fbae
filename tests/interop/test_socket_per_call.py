# SPDX-License-Identifier: AGPL-3.0-or-later
"""A socket a call against SIPp: shared beyond -max_socket, kept with -keep_sockets, and none left."""

from __future__ import annotations

import re

import pytest

from engine.messages import Failure
from tests.interop.sides import Ours, Sipp, at
from tests.interop.udp_peer import UdpPeer, ok
from tests.programs import Programs

CALLS = 60
VIA = re.compile(rb"Via: SIP/2\.0/UDP 127\.0\.0\.1:([0-9]+);")


@pytest.mark.parametrize("transport", ["un", "tn"])
@pytest.mark.parametrize("options", [("-max_socket", "5"), ("-keep_sockets",), ("-max_socket", "5", "-keep_sockets")])
def test_all_calls_are_successful_whatever_they_share(programs: Programs, transport: str, options: tuple[str, ...]) -> None:
    ours, sipp = Ours(programs), Sipp(programs)
    # Over TCP a call of SIPp's that still waits when the connection ends has failed.
    scenario = sipp.variant("uas", {'<timewait milliseconds="4000"/>': ""})
    server = sipp.start_server(*scenario, "-m", str(CALLS), "-t", {"un": "u1", "tn": "t1"}[transport])
    arguments = ("-m", str(CALLS), "-r", "100", "-d", "200", "-t", transport, *options)
    client = ours.start("-sn", "uac", at(ours.host, sipp.port), *arguments)
    assert (client.wait(), server.wait()) == (0, 0), client.output
    counters = ours.summary().counters
    assert (counters.created, counters.successful) == (CALLS, CALLS)
    assert sipp.totals()["SuccessfulCall(C)"] == str(CALLS)


@pytest.mark.parametrize(
    ("options", "fewest", "most"),
    [((), CALLS, CALLS), (("-max_socket", "5"), 5, 5), (("-keep_sockets",), 2, CALLS // 2)],
    ids=["its own", "shared", "kept"],
)
def test_how_many_ports_calls_have(programs: Programs, options: tuple[str, ...], fewest: int, most: int) -> None:
    ours = Ours(programs)
    with UdpPeer(ok) as peer:
        arguments = ("-m", str(CALLS), "-r", "100", "-d", "100", "-l", "20", "-t", "un", *options)
        client = ours.start("-sn", "uac", at(ours.host, peer.port), *arguments)
        assert client.wait() == 0, client.output
    invites = [message for message in peer.received if message.startswith(b"INVITE ")]
    ports = {VIA.search(message)[1] for message in invites}  # type: ignore[index]
    assert len(invites) == CALLS
    # A port that was given back may be given again.
    assert fewest - 2 <= len(ports) <= most


def test_calls_without_a_socket_are_counted_and_the_limit_is_named(programs: Programs) -> None:
    ours = Ours(programs)
    with UdpPeer(ok) as peer:
        few = ("sh", "-c", 'ulimit -n 40 && exec "$0" "$@"')
        arguments = ("-m", "50", "-r", "500", "-d", "1000", "-t", "un")
        client = ours.start("-sn", "uac", at(ours.host, peer.port), *arguments, before=few)
        assert client.wait() == 1, client.output
    counters = ours.summary().counters
    assert (counters.created, counters.open) == (50, 0)
    assert 0 < counters.without_socket == counters.failed
    assert counters.failures == {Failure.CANNOT_SEND: counters.failed}
    [reason] = counters.reasons
    assert "a process may have 40 files open here; first run 'sudo prlimit --pid $$ --nofile=80'" in reason
    assert "sockets may be open at once, but a process may have 40 files open here" in client.output
