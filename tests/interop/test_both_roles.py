# SPDX-License-Identifier: AGPL-3.0-or-later
"""Each role against SIPp in the other, over every transport and both IP versions: all successful, the same counts."""

from __future__ import annotations

import pytest

from engine.messages import Summary
from tests.interop.sides import LOOPBACK, Ours, Sipp, at
from tests.programs import Programs

CALLS = 200
UAC = ("-sn", "uac", "-m", str(CALLS), "-r", "100")
UAS = ("-sn", "uas", "-m", str(CALLS))
TIMEWAIT = '<timewait milliseconds="4000"/>'

every_transport = pytest.mark.parametrize("transport", ["u1", "un", "t1"])
both_ip_versions = pytest.mark.parametrize("ip_version", [4, 6])


def assert_all_successful(ours: Summary, sipp: dict[str, str]) -> None:
    """Both sides count the same calls, and each of them as successful."""
    counters = ours.counters
    assert (counters.created, counters.successful, counters.failed, counters.open) == (CALLS, CALLS, 0, 0)
    assert (sipp["TotalCallCreated"], sipp["SuccessfulCall(C)"], sipp["FailedCall(C)"]) == (str(CALLS), str(CALLS), "0")
    assert (sipp["OutOfCallMsgs(C)"], sipp["FailedUnexpectedMessage(C)"]) == ("0", "0")
    assert (ours.outcome, ours.exit_code) == ("passed", 0)


def server_arguments(sipp: Sipp, transport: str) -> tuple[str, ...]:
    """The arguments of SIPp's UAS for a client on this transport.

    Over TCP its scenario goes without the timewait at the end: a client, SIPp's own as well, closes the connection after its
    last call, and SIPp counts a call that still waits there as failed.
    """
    if transport != "t1":
        return (*UAS, "-t", "u1")
    return (*sipp.variant("uas", {TIMEWAIT: ""}), "-m", str(CALLS), "-t", "t1")


@every_transport
@both_ip_versions
def test_uac_against_sipp(programs: Programs, transport: str, ip_version: int) -> None:
    host = LOOPBACK[ip_version]
    ours, sipp = Ours(programs, host), Sipp(programs, host)
    server = sipp.start_server(*server_arguments(sipp, transport))
    client = ours.start(*UAC, at(host, sipp.port), "-t", transport)
    assert (client.wait(), server.wait()) == (0, 0), client.output
    assert_all_successful(ours.summary(), sipp.totals())
    assert ours.summary().steps[0].counts.messages == CALLS


@every_transport
@both_ip_versions
def test_uas_against_sipp(programs: Programs, transport: str, ip_version: int) -> None:
    host = LOOPBACK[ip_version]
    ours, sipp = Ours(programs, host), Sipp(programs, host)
    server = ours.start(*UAS, "-t", "t1" if transport == "t1" else "u1")
    server.wait_bound(ours.port)
    client = sipp.start(*UAC, at(host, ours.port), "-t", transport)
    assert (client.wait(), server.wait()) == (0, 0), server.output
    assert_all_successful(ours.summary(), sipp.totals())
    assert ours.summary().counters.incoming == CALLS
