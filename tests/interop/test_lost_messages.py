# SPDX-License-Identifier: AGPL-3.0-or-later
"""With one message in ten lost on purpose, retransmission brings every call through.

SIPp's own scenarios would not, not even against each other: it takes an INVITE that comes again after its 200 as unexpected,
forgets a call four seconds after its BYE, and takes a late 200 to the INVITE for the answer to its BYE. So the peer here
retransmits ten times as often and waits longer, and ours is left to cope with that.
"""

from __future__ import annotations

from tests.interop.sides import Ours, Sipp, at
from tests.programs import Programs

CALLS = 100
OFTEN = {'retrans="500"': 'retrans="50"'}
LONG = {'<timewait milliseconds="4000"/>': '<timewait milliseconds="32000"/>'}


def test_uac_gets_every_call_through(programs: Programs) -> None:
    ours, sipp = Ours(programs), Sipp(programs)
    sipp.start_server(*sipp.variant("uas", OFTEN | LONG))
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
    client = sipp.start(*sipp.variant("uac", OFTEN), at(ours.host, ours.port), "-m", str(CALLS), "-r", "100")
    assert client.wait(45) == 0
    assert server.wait(45) == 0, server.output
    counters = ours.summary().counters
    assert (counters.successful, counters.failed) == (CALLS, 0)
    assert counters.lost_on_purpose > 0
    assert sipp.totals()["SuccessfulCall(C)"] == str(CALLS)
