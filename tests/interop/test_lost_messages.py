# SPDX-License-Identifier: AGPL-3.0-or-later
"""With one message in ten lost on purpose, retransmission brings every call through."""

from __future__ import annotations

from tests.interop.sides import Ours, Sipp, at
from tests.programs import Programs

CALLS = 100


def test_uac_gets_every_call_through(programs: Programs) -> None:
    ours, sipp = Ours(programs), Sipp(programs)
    sipp.start_server("-sn", "uas")
    client = ours.start("-sn", "uac", at(sipp.host, sipp.port), "-m", str(CALLS), "-r", "100", "-lost", "10")
    assert client.wait(45) == 0, client.output
    counters = ours.summary().counters
    assert (counters.successful, counters.failed) == (CALLS, 0)
    assert counters.lost_on_purpose > 0
    assert counters.retransmissions > 0


def test_uas_gets_every_call_through(programs: Programs) -> None:
    ours, sipp = Ours(programs), Sipp(programs)
    server = ours.start("-sn", "uas", "-m", str(CALLS), "-lost", "10")
    server.wait_bound(ours.port)
    # Calls of some length: when the ACK and the BYE of a short one are both lost, SIPp takes our 200 to the INVITE, sent
    # again, for the answer to its BYE, leaves the call as successful and never sends the BYE again.
    client = sipp.start("-sn", "uac", at(ours.host, ours.port), "-m", str(CALLS), "-r", "100", "-d", "4000", "-l", str(CALLS))
    assert client.wait(45) == 0
    assert server.wait(45) == 0, server.output
    counters = ours.summary().counters
    assert (counters.successful, counters.failed) == (CALLS, 0)
    assert counters.lost_on_purpose > 0
    assert sipp.totals()["SuccessfulCall(C)"] == str(CALLS)
