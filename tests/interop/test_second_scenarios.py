# SPDX-License-Identifier: AGPL-3.0-or-later
"""A client that calls SIPp, while SIPp calls it: with a server scenario beside its own, and with one for what has no call."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from engine.messages import Counters
from tests.interop.mirror import comparable
from tests.interop.sides import LOOPBACK, Ours, Sipp, at
from tests.programs import Program, Programs

HOST = LOOPBACK[4]
CALLS = 50
MESSAGE = Path(__file__).parent / "message.xml"


class Triangle:
    """Our client, the server that it calls for as long as the test needs, and a client that calls it."""

    def __init__(self, programs: Programs) -> None:
        self.ours, self.callee, self.caller = Ours(programs), Sipp(programs), Sipp(programs)
        self.callee.start_server("-sn", "uas")

    def start(self, *arguments: str) -> Program:
        """Start our client: few calls, that last longer than what the caller does."""
        client = self.ours.start("-sn", "uac", at(HOST, self.callee.port), "-m", "2", "-d", "4s", *arguments)
        client.wait_bound(self.ours.port)
        return client

    def call(self, *arguments: str) -> None:
        """Let the caller make its calls to our client; all of them go well."""
        caller = self.caller.start(*arguments, at(HOST, self.ours.port), "-m", str(CALLS), "-r", "100")
        assert caller.wait() == 0
        totals = self.caller.totals()
        assert (totals["SuccessfulCall(C)"], totals["FailedCall(C)"]) == (str(CALLS), "0")

    def counters(self, client: Program) -> Counters:
        """What our client counted, once it has ended well."""
        assert client.wait() == 0, client.output
        return self.ours.summary().counters


@pytest.fixture
def triangle(programs: Programs) -> Triangle:
    return Triangle(programs)


def test_a_client_takes_calls_with_a_second_scenario(triangle: Triangle) -> None:
    client = triangle.start("-rxsn", "uas")
    triangle.call("-sn", "uac")
    counters = triangle.counters(client)
    assert (counters.outgoing, counters.incoming, counters.successful, counters.out_of_call) == (2, CALLS, CALLS + 2, 0)


def test_a_client_answers_what_has_no_call_with_a_scenario(triangle: Triangle) -> None:
    client = triangle.start("-oocsn", "ooc_default")
    triangle.call("-sf", str(MESSAGE))
    counters = triangle.counters(client)
    assert (counters.created, counters.successful, counters.auto_answered) == (2, 2, CALLS)
    assert counters.out_of_call == 0


REQUEST = (
    "MESSAGE sip:x@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKx\r\nFrom: <sip:a@b>;tag=1\r\n"
    "To: <sip:c@d>\r\nCall-ID: out@of.call\r\nCSeq: 7 MESSAGE\r\nContent-Length: 0\r\n\r\n"
)


def test_what_is_answered_is_what_sipp_answers(triangle: Triangle, programs: Programs) -> None:
    answers = []
    for side in (triangle.ours, triangle.caller):
        client = side.start("-sn", "uac", at(HOST, triangle.callee.port), "-m", "1", "-d", "2s", "-oocsn", "ooc_default")
        client.wait_bound(side.port)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
            peer.settimeout(5)
            peer.sendto(REQUEST.encode(), (HOST, side.port))
            answers.append(comparable(peer.recv(65535).decode(), client.process.pid, [side.port]))
        assert client.wait() == 0
    assert answers[0] == answers[1]
