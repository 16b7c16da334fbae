# SPDX-License-Identifier: AGPL-3.0-or-later
"""Peers that refuse, say nothing or talk rubbish: the right failure class, the right exit code, and an end."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.messages import Failure, Summary
from tests.interop.sides import Ours, Sipp, at
from tests.interop.udp_peer import UdpPeer, ok, rubbish, silence
from tests.programs import Programs, free_port

BUSY = str(Path(__file__).parent / "busy.xml")
CALLS = 10
UAC = ("-sn", "uac", "-m", str(CALLS), "-r", "100")


def call(programs: Programs, port: int, *arguments: str) -> Summary:
    """Our UAC against a port on 127.0.0.1, until it ends with SIPp's code for failed calls."""
    ours = Ours(programs)
    client = ours.start(*UAC, at(ours.host, port), *arguments)
    assert client.wait() == 1, client.output
    summary = ours.summary()
    assert (summary.outcome, summary.exit_code, summary.counters.open) == ("failed", 1, 0)
    return summary


def test_a_busy_peer_is_unexpected_and_is_acknowledged(programs: Programs) -> None:
    sipp = Sipp(programs)
    server = sipp.start_server("-sf", BUSY, "-m", str(CALLS))
    summary = call(programs, sipp.port)
    assert summary.counters.failures == {Failure.UNEXPECTED_MESSAGE: CALLS}
    assert server.wait() == 0, "our ACK to 486 did not arrive"
    assert sipp.totals()["SuccessfulCall(C)"] == str(CALLS)
    [reason] = summary.counters.reasons
    assert "486" in reason


def test_silence_ends_by_the_limit_of_retransmissions(programs: Programs) -> None:
    with UdpPeer(silence) as peer:
        summary = call(programs, peer.port, "-max_retrans", "2")
    assert summary.counters.failures == {Failure.MAX_RETRANSMISSIONS: CALLS}
    assert summary.counters.retransmissions == 2 * CALLS
    assert len(peer.received) == 3 * CALLS


def test_silence_ends_by_the_timeout(programs: Programs) -> None:
    with UdpPeer(silence) as peer:
        summary = call(programs, peer.port, "-recv_timeout", "300")
    assert summary.counters.failures == {Failure.TIMEOUT_ON_RECV: CALLS}


@pytest.mark.parametrize("transport", ["u1", "un"])
def test_rubbish_is_counted_and_answers_nothing(programs: Programs, transport: str) -> None:
    with UdpPeer(rubbish) as peer:
        summary = call(programs, peer.port, "-recv_timeout", "500", "-t", transport)
    assert sum(summary.counters.failures.values()) == CALLS
    assert set(summary.counters.failures) <= {Failure.TIMEOUT_ON_RECV, Failure.UNEXPECTED_MESSAGE}
    assert summary.counters.garbage > 0


def test_rubbish_among_answers_does_no_harm(programs: Programs) -> None:
    def answers(message: bytes) -> tuple[bytes, ...]:
        return (b"\x00rubbish", b"SIP/2.0\r\n\r\n", *ok(message), b"\r\n")

    ours = Ours(programs)
    with UdpPeer(answers) as peer:
        client = ours.start(*UAC, at(ours.host, peer.port))
        assert client.wait() == 0, client.output
    assert ours.summary().counters.successful == CALLS


def test_rubbish_does_not_stop_a_server(programs: Programs) -> None:
    ours, sipp = Ours(programs), Sipp(programs)
    server = ours.start("-sn", "uas", "-m", str(CALLS))
    server.wait_bound(ours.port)
    with UdpPeer(silence) as stranger:
        for datagram in rubbish(b"Call-ID: stray"):
            stranger.send(datagram, ours.port)
        client = sipp.start(*UAC, at(ours.host, ours.port))
        assert client.wait() == 0
        assert server.wait() == 0, server.output
    assert ours.summary().counters.successful == CALLS


def test_nobody_there(programs: Programs) -> None:
    summary = call(programs, free_port(), "-max_retrans", "1")
    assert summary.counters.failed == CALLS


def test_nobody_there_over_tcp_is_one_line(programs: Programs) -> None:
    ours = Ours(programs)
    client = ours.start(*UAC, at(ours.host, free_port()), "-t", "t1")
    assert client.wait() not in (0, None)
    assert "Traceback" not in client.output
