# SPDX-License-Identifier: AGPL-3.0-or-later
"""The scenario pairs that users start from: each side against SIPp with the same file in the other, counted alike."""

from __future__ import annotations

import pytest

from tests.interop.sides import LOOPBACK, Ours, Sipp, at
from tests.programs import ROOT, Programs

PAIRS = ("reinvite", "cancel", "prack", "update", "refer", "subscribe", "message", "record_route")
CALLS = 20
LOAD = ("-m", str(CALLS), "-r", "40")
HOST = LOOPBACK[4]
NOT_PASSED_BY_ALL = {("recv", "100"), ("recv", "180")}
"""Provisional responses that a caller takes when they come. All else is passed by each call."""


def file_of(scenario: str) -> tuple[str, str]:
    """The flag and file of a built-in scenario of ours, for SIPp."""
    return "-sf", str(ROOT / "scenarios" / f"{scenario}.xml")


def assert_all_successful(ours: Ours, sipp: Sipp, *, outgoing: int) -> None:
    """Both sides count the same calls, each of them as successful, and each of ours has passed every step."""
    summary, totals = ours.summary(), sipp.totals()
    counters = summary.counters
    assert (counters.outgoing, counters.incoming) == (outgoing, CALLS - outgoing)
    assert (int(totals["OutgoingCall(C)"]), int(totals["IncomingCall(C)"])) == (CALLS - outgoing, outgoing)
    assert (counters.successful, counters.failed) == (CALLS, 0)
    assert (int(totals["SuccessfulCall(C)"]), int(totals["FailedCall(C)"])) == (CALLS, 0)
    assert (int(totals["OutOfCallMsgs(C)"]), int(totals["FailedUnexpectedMessage(C)"])) == (counters.out_of_call, 0) == (0, 0)
    expected = [step for step in summary.steps if (step.kind, step.label) not in NOT_PASSED_BY_ALL]
    assert {step.counts.messages for step in expected} == {CALLS}, expected
    assert {step.counts.unexpected for step in summary.steps} == {0}


@pytest.mark.parametrize("pair", PAIRS)
def test_each_side_against_sipp(two_folders: tuple[Programs, Programs], pair: str) -> None:
    """Both mixes at the same time, for half of each run is waiting at the end."""
    as_caller, as_callee = two_folders
    our_caller, sipp_callee = Ours(as_caller), Sipp(as_caller)
    our_callee, sipp_caller = Ours(as_callee), Sipp(as_callee)
    servers = (
        sipp_callee.start(*file_of(f"{pair}_uas"), "-m", str(CALLS)),
        our_callee.start("-sn", f"{pair}_uas", "-m", str(CALLS)),
    )
    servers[0].wait_bound(sipp_callee.port)
    servers[1].wait_bound(our_callee.port)
    clients = (
        our_caller.start("-sn", f"{pair}_uac", *LOAD, at(HOST, sipp_callee.port)),
        sipp_caller.start(*file_of(f"{pair}_uac"), *LOAD, at(HOST, our_callee.port)),
    )
    for program in (*clients, *servers):
        assert program.wait() == 0, program.output
    assert_all_successful(our_caller, sipp_callee, outgoing=CALLS)
    assert_all_successful(our_callee, sipp_caller, outgoing=0)
