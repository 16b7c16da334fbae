# SPDX-License-Identifier: AGPL-3.0-or-later
"""`branchc` and `branchs`, each against SIPp's: registered, called, and every branch taken."""

from __future__ import annotations

from tests.interop.sides import LOOPBACK, Ours, Sipp, at
from tests.programs import Programs

CALLS = "30"
"""The 25th takes a way of its own; those whose name does not begin with ua2 are refused: all but 2, 20 to 29."""
CLIENT = ("-sn", "branchc", "-m", CALLS, "-r", "100")
SERVER = ("-sn", "branchs", "-m", CALLS)
WELCOME, REFUSED = 11, 19
HOST = LOOPBACK[4]


def test_branchc_against_sipp(programs: Programs) -> None:
    ours, sipp = Ours(programs), Sipp(programs)
    server = sipp.start_server(*SERVER)
    client = ours.start(*CLIENT, at(HOST, sipp.port))
    assert (client.wait(), server.wait()) == (0, 0), client.output
    totals = sipp.totals()
    assert (totals["SuccessfulCall(C)"], totals["FailedCall(C)"], totals["OutOfCallMsgs(C)"]) == (CALLS, "0", "0")
    summary = ours.summary()
    by_label = [(step.label, step.counts.messages) for step in summary.steps]
    assert ("403", REFUSED) in by_label
    assert ("ACK", WELCOME) in by_label
    assert ("pause 5000 ms", WELCOME - 1) in by_label
    assert (summary.counters.successful, summary.counters.failed) == (int(CALLS), 0)


def test_branchs_against_sipp(programs: Programs) -> None:
    ours, sipp = Ours(programs), Sipp(programs)
    server = ours.start(*SERVER)
    server.wait_bound(ours.port)
    client = sipp.start(*CLIENT, at(HOST, ours.port))
    assert (client.wait(), server.wait()) == (0, 0), server.output
    totals = sipp.totals()
    assert (totals["SuccessfulCall(C)"], totals["FailedCall(C)"], totals["OutOfCallMsgs(C)"]) == (CALLS, "0", "0")
    summary = ours.summary()
    by_label = [(step.label, step.counts.messages) for step in summary.steps]
    assert ("403", REFUSED) in by_label
    assert ("100", WELCOME) in by_label
    assert (summary.counters.successful, summary.counters.failed) == (int(CALLS), 0)
