# SPDX-License-Identifier: AGPL-3.0-or-later
"""Runs that send their messages to Homer: it gets those that the summary counts, and what it does not get is counted too."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path

import pytest

from engine.messages import Summary
from tests.certificates import Lab
from tests.hep import Packet
from tests.interop.homer import Deaf, KamailioHomer, Listening
from tests.interop.sides import Ours, at
from tests.programs import ROOT, Program, Programs, free_port

CALLS = 40
BUSY = str(ROOT / "tests" / "interop" / "busy.xml")


def counted(summary: Summary) -> int:
    """The messages of the steps of a run in which nothing was unexpected."""
    return sum(step.counts.messages + step.counts.retransmissions for step in summary.steps if step.kind in ("send", "recv"))


def calls_of(packets: list[Packet]) -> dict[bytes, list[bytes]]:
    """The first line of each message, by calls, in the order of their times."""
    calls: dict[bytes, list[bytes]] = defaultdict(list)
    for packet in sorted(packets, key=lambda packet: packet.unix_us):
        calls[packet.correlation].append(packet.payload.splitlines()[0])
    return calls


def flow(first_lines: list[bytes]) -> list[str]:
    """Methods and statuses."""
    return [(line.split(b" ")[1] if line.startswith(b"SIP/") else line.split(b" ")[0]).decode() for line in first_lines]


class Sides:
    """A server and a client of ours, each in a folder of its own."""

    def __init__(self, folders: tuple[Programs, Programs], *common: str) -> None:
        caller, callee = folders
        self.client, self.server = Ours(caller), Ours(callee)
        self._common = common
        self.said = ""

    def serve(self, *arguments: str) -> Program:
        """Start the server, and wait until it is there."""
        program = self.server.start(*arguments, *self._common, "-m", str(CALLS))
        program.wait_bound(self.server.port)
        return program

    def begin(self, *arguments: str, scenario: tuple[str, str] = ("-sn", "uac")) -> Program:
        """Start the client."""
        to = at(self.server.host, self.server.port)
        return self.client.start(*scenario, "-m", str(CALLS), "-r", "100", to, *self._common, *arguments)

    def call(self, *arguments: str, code: int = 0, scenario: tuple[str, str] = ("-sn", "uac")) -> Summary:
        """Make the calls; what the client sums up. What it said is in `said`."""
        program = self.begin(*arguments, scenario=scenario)
        assert program.wait() == code, program.output
        self.said = program.output
        return self.client.summary()


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("transport", ["u1", "t1", "ln"])
def test_homer_gets_every_message_once_as_it_was(
    two_folders: tuple[Programs, Programs], transport: str, workers: str, tmp_path: Path
) -> None:
    lab = Lab(tmp_path / "lab")
    with Listening() as homer:
        sides = Sides(two_folders, "-t", transport, "-tls_cert", lab["server.pem"], "-tls_key", lab["server.key"])
        sides.serve("-sn", "uas")
        summary = sides.call("-hep_addr", f"127.0.0.1:{homer.port}", "-hep_password", "secret", "-workers", workers)
    packets = homer.packets
    assert len(packets) == counted(summary) == summary.queues["HEP"].written == summary.queues["HEP"].offered
    assert "HEP" not in str(summary.verdict)
    calls = calls_of(packets)
    assert Counter(map(tuple, map(flow, calls.values()))) == {("INVITE", "180", "200", "ACK", "BYE", "200"): CALLS}
    assert {(packet.key, packet.number(2)) for packet in packets} == {(b"secret", 17 if transport == "u1" else 6)}
    there = (sides.server.host, sides.server.port)
    for packet in packets:
        assert (packet.source if packet.payload.startswith(b"SIP/2.0") else packet.destination) == there
        assert b"Call-ID: " + packet.correlation in packet.payload


def test_of_a_server_homer_gets_what_comes_and_what_is_answered(two_folders: tuple[Programs, Programs]) -> None:
    with Listening() as homer:
        sides = Sides(two_folders)
        server = sides.serve("-sn", "uas", "-hep_addr", f"127.0.0.1:{homer.port}")
        sides.call()
        assert server.wait() == 0, server.output
    summary = sides.server.summary()
    assert len(homer.packets) == counted(summary) == summary.queues["HEP"].written


def test_kamailio_gets_as_many_as_were_sent_and_came(two_folders: tuple[Programs, Programs], programs: Programs) -> None:
    homer = KamailioHomer(programs)
    sides = Sides(two_folders)
    sides.serve("-sn", "uas")
    summary = sides.call("-hep_addr", f"127.0.0.1:{homer.port}")
    read = homer.read(counted(summary))
    assert Counter(what for what, *_ in read) == {"INVITE": CALLS, "180": CALLS, "200": 2 * CALLS, "ACK": CALLS, "BYE": CALLS}
    assert len({call_id for *_, call_id in read}) == CALLS


def test_of_calls_that_failed_homer_gets_all_messages_and_of_others_none(two_folders: tuple[Programs, Programs]) -> None:
    with Listening() as homer:
        place = ("-hep_addr", f"127.0.0.1:{homer.port}", "-hep_what", "failed")
        sides = Sides(two_folders)
        sides.serve("-sn", "uas")
        assert sides.call(*place).counters.successful == CALLS
        assert homer.packets == []
        sides = Sides(two_folders)
        sides.serve("-sf", BUSY)
        summary = sides.call(*place, "-follow_most", "7", code=1)
    assert summary.counters.failed == CALLS
    calls = calls_of(homer.packets)
    assert [flow(lines) for lines in calls.values()] == [["INVITE", "486", "ACK"]] * 7
    assert summary.queues["HEP"].written == 21


def test_of_followed_calls_homer_gets_all_messages(two_folders: tuple[Programs, Programs]) -> None:
    with Listening() as homer:
        sides = Sides(two_folders)
        sides.serve("-sn", "uas")
        sides.call("-hep_addr", f"127.0.0.1:{homer.port}", "-hep_what", "followed", "-follow", "every=10")
    calls = calls_of(homer.packets)
    assert [flow(lines) for lines in calls.values()] == [["INVITE", "180", "200", "ACK", "BYE", "200"]] * (CALLS // 10)


@pytest.mark.parametrize("protocol", ["udp", "tcp"])
def test_without_homer_calls_are_as_ever_and_what_it_did_not_get_is_told(
    two_folders: tuple[Programs, Programs], protocol: str
) -> None:
    sides = Sides(two_folders)
    sides.serve("-sn", "uas")
    summary = sides.call("-hep_addr", f"127.0.0.1:{free_port()}", "-hep_proto", protocol)
    assert summary.counters.successful == CALLS
    queue = summary.queues["HEP"]
    assert (queue.written, queue.dropped) == (0, queue.offered)
    assert queue.offered == counted(summary)
    assert f"HEP dropped {queue.dropped} of {queue.offered}" in str(summary.verdict)
    assert sides.said.count("Homer at 127.0.0.1:") == 1
    assert f"over {protocol.upper()}: Connection refused; " in sides.said


def test_a_homer_that_reads_nothing_holds_up_no_call_and_not_the_end(
    two_folders: tuple[Programs, Programs], tmp_path: Path
) -> None:
    long = tmp_path / "long.xml"  # more of it than both kernels take
    text = (ROOT / "scenarios" / "uac.xml").read_text()
    long.write_text(text.replace("CSeq: 1 INVITE", f"X-Long: {'x' * 50_000}\n      CSeq: 1 INVITE", 1))
    sides = Sides(two_folders)
    sides.serve("-sn", "uas")
    with Deaf() as homer:
        place = ("-hep_addr", f"127.0.0.1:{homer.port}", "-hep_proto", "tcp")
        summary = sides.call(*place, scenario=("-sf", str(long)))
    queue = summary.queues["HEP"]
    assert summary.counters.successful == CALLS
    assert queue.dropped > 0
    assert queue.offered == queue.written + queue.dropped == counted(summary)


def test_a_homer_that_is_killed_in_the_middle_costs_what_it_had_not_got(
    two_folders: tuple[Programs, Programs], programs: Programs
) -> None:
    sides = Sides(two_folders)
    sides.serve("-sn", "uas")
    homer = KamailioHomer(programs)
    client = sides.begin("-hep_addr", f"127.0.0.1:{homer.port}", "-r", "20")
    homer.read(CALLS)
    homer.program.end()
    assert client.wait() == 0, client.output
    summary = sides.client.summary()
    queue = summary.queues["HEP"]
    assert summary.counters.successful == CALLS
    assert queue.written >= CALLS
    assert queue.dropped > 0
    assert queue.offered == queue.written + queue.dropped == counted(summary)
    assert client.output.count("Homer at 127.0.0.1:") == 1
