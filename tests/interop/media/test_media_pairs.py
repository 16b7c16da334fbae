# SPDX-License-Identifier: AGPL-3.0-or-later
"""The scenario pairs with media that users start from: both sides are ours, for SIPp 3.6 has most of it not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from engine.messages import MediaCounters, Summary
from tests.interop.sides import Ours, at
from tests.programs import Programs

CALLS = 5
LOAD = ("-m", str(CALLS), "-r", "20")


@dataclass(frozen=True)
class Heard:
    """At least so many packets come in a call, to its caller and to its callee."""

    by_caller: int
    by_callee: int


PAIRS: Mapping[str, Heard] = {
    "stream": Heard(120, 120),
    "dtmf": Heard(25, 25),
    "echo": Heard(80, 80),
    "srtp": Heard(120, 120),
    "dtls_srtp": Heard(100, 100),
    "video": Heard(200, 240),
    "fax": Heard(0, 0),
}


def counters_of(summary: Summary) -> MediaCounters:
    assert (summary.counters.successful, summary.counters.failed) == (CALLS, 0)
    assert summary.media is not None
    return summary.media.counters


@pytest.mark.parametrize("pair", PAIRS)
def test_both_sides_hear_each_other(two_folders: tuple[Programs, Programs], pair: str) -> None:
    caller, callee = (Ours(programs) for programs in two_folders)
    server = callee.start("-sn", f"{pair}_uas", "-m", str(CALLS))
    server.wait_bound(callee.port)
    client = caller.start("-sn", f"{pair}_uac", *LOAD, at(callee.host, callee.port))
    for program in (client, server):
        assert program.wait() == 0, program.output
    ours, theirs = counters_of(caller.summary()), counters_of(callee.summary())
    assert ours.packets_received >= CALLS * PAIRS[pair].by_caller
    assert theirs.packets_received >= CALLS * PAIRS[pair].by_callee
    for counters in (ours, theirs):
        assert (counters.garbage, counters.foreign, counters.unprotected, counters.srtp_rejected) == (0, 0, 0, 0)
        assert (counters.checks_failed, counters.keys_failed, counters.send_errors) == (0, 0, 0)
    assert pair != "dtmf" or (ours.digits_received, theirs.digits_received) == (3 * CALLS, 5 * CALLS)
