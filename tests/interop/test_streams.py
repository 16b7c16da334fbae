# SPDX-License-Identifier: AGPL-3.0-or-later
"""500 calls at 100 a second over TCP against SIPp in the other role, on one connection and on one a call: equal counts.

Nothing here measures time, so all four runs go at once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from tests.interop.sides import LOOPBACK, Ours, Sipp, at
from tests.programs import Program, Programs

CALLS = 500
LOAD = ("-m", str(CALLS), "-r", "100")
TIMEWAIT = '<timewait milliseconds="4000"/>'


@dataclass
class Pair:
    """A run of ours against SIPp, in a folder of its own."""

    folder: Path
    transport: str
    we_call: bool
    running: list[Program] = field(default_factory=list)

    def start(self) -> None:
        """Start the server, and the client when it listens."""
        self.folder.mkdir()
        programs, host = Programs(self.folder), LOOPBACK[4]
        self.ours, self.sipp = Ours(programs, host), Sipp(programs, host)
        with_transport = (*LOAD, "-t", self.transport)
        if self.we_call:
            # A call of SIPp's that still waits at its end when the client closes the connection has failed.
            server = self.sipp.start_server(*self.sipp.variant("uas", {TIMEWAIT: ""}), "-m", str(CALLS), "-t", self.transport)
            client = self.ours.start("-sn", "uac", at(host, self.sipp.port), *with_transport)
        else:
            server = self.ours.start("-sn", "uas", "-m", str(CALLS), "-t", self.transport)
            server.wait_bound(self.ours.port)
            client = self.sipp.start("-sn", "uac", at(host, self.ours.port), *with_transport)
        self.running = [client, server]

    def check(self) -> None:
        """Both have ended, and say the same."""
        for program in self.running:
            assert program.wait(40) == 0, (self.transport, self.we_call, program.output[-2000:])
        summary, sipp = self.ours.summary(), self.sipp.totals()
        counters = summary.counters
        assert (counters.created, counters.successful, counters.failed, counters.open) == (CALLS, CALLS, 0, 0)
        assert (counters.garbage, counters.out_of_call, counters.retransmissions) == (0, 0, 0)
        assert (sipp["TotalCallCreated"], sipp["SuccessfulCall(C)"], sipp["FailedCall(C)"]) == (str(CALLS), str(CALLS), "0")
        assert (sipp["OutOfCallMsgs(C)"], sipp["DeadCallMsgs(C)"], sipp["Retransmissions(C)"]) == ("0", "0", "0")


def test_hundreds_of_calls_over_tcp_are_all_successful(tmp_path: Path) -> None:
    pairs = [
        Pair(tmp_path / f"{transport}-{we_call}", transport, we_call) for transport in ("t1", "tn") for we_call in (True, False)
    ]
    try:
        for pair in pairs:
            pair.start()
        for pair in pairs:
            pair.check()
    finally:
        for pair in pairs:
            for program in pair.running:
                program.end()
