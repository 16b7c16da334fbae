# SPDX-License-Identifier: AGPL-3.0-or-later
"""`-trace_pcap` and `-trace_calldebug` of real runs, read by those whom they are for: tshark, sngrep, and who knows SIPp's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from engine.messages import Failure
from engine.report.capture import Capture, file_header
from tests.certificates import Lab
from tests.engine.export.conservation import conserved
from tests.engine.report.followed import ANSWERED, followed
from tests.interop.sides import LOOPBACK, Ours, Sipp, at
from tests.interop.tshark_sip import comments, counted_by, statistics, tshark, wrong
from tests.programs import Program, Programs, require

CALLS = 50
CAPTURE = "calls.pcapng"
UAC = ("-sn", "uac", "-m", str(CALLS), "-r", "200")
BUSY = """<?xml version="1.0"?>
<scenario>
  <recv request="INVITE"/>
  <send><![CDATA[
    SIP/2.0 486 Busy Here
    [last_Via:]
    [last_From:]
    [last_To:];tag=[call_number]
    [last_Call-ID:]
    [last_CSeq:]
    Content-Length: 0

  ]]></send>
  <recv request="ACK"/>
</scenario>"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    return Lab(tmp_path_factory.mktemp("lab"))


@contextmanager
def server(folder: Path, transport: str, host: str, *options: str) -> Iterator[tuple[Ours, Program]]:
    """A server of ours in a folder of its own."""
    folder.mkdir()
    callee = Ours(Programs(folder), host)
    program = callee.start("-sn", "uas", "-m", str(CALLS), "-t", transport, *options)
    try:
        program.wait_bound(callee.port)
        yield callee, program
    finally:
        program.end()


def certificates(lab: Lab, transport: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What a server shows, and whom its client trusts, where there is TLS."""
    if transport not in ("l1", "ws1"):
        return (), ()
    return ("-tls_cert", lab["server.pem"], "-tls_key", lab["server.key"]), ("-tls_ca", lab["ca.pem"])


@pytest.mark.parametrize(
    ("transport", "ip_version"),
    [("u1", 4), ("u1", 6), ("un", 4), ("t1", 4), ("t1", 6), ("tn", 4), ("l1", 4), ("w1", 4), ("ws1", 4)],
)
def test_tshark_finds_the_messages_that_a_run_has_counted(
    tmp_path: Path, programs: Programs, lab: Lab, transport: str, ip_version: int
) -> None:
    host = LOOPBACK[ip_version]
    caller = Ours(programs, host)
    shown, trusted = certificates(lab, transport)
    with server(tmp_path / "uas", transport, host, *shown) as (callee, _):
        client = caller.start(*UAC, at(host, callee.port), "-t", transport, *trusted, "-trace_pcap", CAPTURE)
        assert client.wait() == 0, client.output
    summary, capture = caller.summary(), programs.folder / CAPTURE
    assert statistics(capture) == counted_by(summary)
    assert wrong(capture) == []
    assert [comment.split(" (")[0] for comment in comments(capture)] == [f"call {number + 1}" for number in range(CALLS)]
    assert summary.queues["capture"].written == CALLS
    conserved(summary.queues)
    layers = {
        ":".join(each.split(":")[1:4]) for each in tshark(capture, "-Y", "sip", "-T", "fields", "-e", "frame.protocols").split()
    }
    assert layers == {f"{'ip' if ip_version == 4 else 'ipv6'}:{'udp' if transport in ('u1', 'un') else 'tcp'}:sip"}


def test_what_was_sent_again_is_in_it_again(tmp_path: Path, programs: Programs) -> None:
    caller = Ours(programs)
    with server(tmp_path / "uas", "u1", caller.host, "-lost", "20") as (callee, _):
        client = caller.start(*UAC, at(caller.host, callee.port), "-trace_pcap", CAPTURE)
        assert client.wait() == 0, client.output
    summary = caller.summary()
    assert summary.counters.retransmissions > 0
    assert statistics(programs.folder / CAPTURE) == counted_by(summary)
    assert wrong(programs.folder / CAPTURE) == []


def test_both_sides_of_a_connection_tell_the_same(tmp_path: Path, programs: Programs) -> None:
    caller = Ours(programs)
    with server(tmp_path / "uas", "t1", caller.host, "-trace_pcap", CAPTURE) as (callee, program):
        client = caller.start(*UAC, at(caller.host, callee.port), "-t", "t1", "-trace_pcap", CAPTURE)
        assert (client.wait(), program.wait()) == (0, 0), client.output + program.output
    mine, theirs = programs.folder / CAPTURE, tmp_path / "uas" / CAPTURE
    assert statistics(theirs) == statistics(mine) == counted_by(callee.summary())
    assert wrong(theirs) == []
    opened = [tshark(path, "-Y", "tcp.flags.syn == 1", "-T", "fields", "-e", "tcp.dstport") for path in (mine, theirs)]
    assert opened[0] == opened[1] == f"{callee.port}\n{caller.port}\n"


def test_only_calls_that_fail_are_in_it_when_those_are_followed(programs: Programs) -> None:
    (programs.folder / "busy.xml").write_text(BUSY)
    ours, sipp = Ours(programs), Sipp(programs)
    sipp.start_server("-sf", "busy.xml")
    client = ours.start(*UAC, at(sipp.host, sipp.port), "-follow", "failed", "-follow_most", "3", "-trace_pcap", CAPTURE)
    assert client.wait() == 1, client.output
    assert statistics(programs.folder / CAPTURE) == {"INVITE": 3, "486": 3, "ACK": 3}
    assert wrong(programs.folder / CAPTURE) == []
    assert all(comment.endswith(" failed: unexpected 486 in step 4 (200)") for comment in comments(programs.folder / CAPTURE))


def test_sngrep_reads_it(programs: Programs) -> None:
    ours, sipp = Ours(programs), Sipp(programs)
    sipp.start_server("-sn", "uas", "-t", "t1")
    client = ours.start(*UAC, at(sipp.host, sipp.port), "-t", "t1", "-trace_pcap", CAPTURE)
    assert client.wait() == 0, client.output
    # Without a terminal it spins.
    reader = programs.start("script", "-qec", f"{require('sngrep')} -N -I {CAPTURE} -O read.pcap", "/dev/null")
    assert reader.wait() == 0
    assert f"Dialog count: {CALLS}" in reader.output
    assert statistics(programs.folder / "read.pcap") == counted_by(ours.summary())


@pytest.mark.parametrize("port", [80, 443, 5060, 5061, 8080, 8088, 8443, 40000])
@pytest.mark.parametrize("protocol", ["UDP", "TCP", "TLS", "WSS"])
def test_tshark_reads_it_on_any_port_with_a_hint_for_those_of_http(tmp_path: Path, protocol: str, port: int) -> None:
    capture = Capture()
    calls = [
        followed(number, protocol=protocol, local=("127.0.0.1", 50_000), remote=("127.0.0.1", port)) for number in range(3)
    ]
    path = tmp_path / CAPTURE
    path.write_bytes(file_header() + b"".join(map(capture.blocks, calls)))
    is_of_http = protocol != "UDP" and port in (80, 8080, 8088)
    hint = ("-d", f"tcp.port=={port},sip") if is_of_http else ()
    assert statistics(path, *hint).total() == 3 * len(ANSWERED)
    assert wrong(path) == []


def test_messages_of_any_size_are_put_together(tmp_path: Path) -> None:
    capture, path = Capture(), tmp_path / CAPTURE
    bodies = [b"x" * size for size in (0, 65_000, 65_495, 131_000, 300_000)]
    calls = [followed(number, protocol="TCP", body=body) for number, body in enumerate(bodies)]
    path.write_bytes(file_header() + b"".join(map(capture.blocks, calls)))
    assert statistics(path).total() == len(bodies) * len(ANSWERED)
    lengths = tshark(path, "-Y", 'sip.Method == "INVITE"', "-T", "fields", "-e", "sip.Content-Length").split()
    assert lengths == [str(len(body)) for body in bodies]
    assert wrong(path) == []


def test_the_log_of_failed_calls_is_the_one_that_sipp_writes(tmp_path: Path, programs: Programs) -> None:
    (programs.folder / "busy.xml").write_text(BUSY)
    (tmp_path / "theirs").mkdir()
    ours, peer, theirs = Ours(programs), Sipp(programs), Sipp(Programs(tmp_path / "theirs"))
    peer.start_server("-sf", "busy.xml")
    log = ("-m", "12", "-trace_calldebug", "-calldebug_file", "calls.log")
    assert theirs.start("-sn", "uac", at(peer.host, peer.port), *log).wait() == 1
    client = ours.start("-sn", "uac", at(peer.host, peer.port), *log)
    assert client.wait() == 1, client.output
    assert ours.summary().counters.failures == {Failure.UNEXPECTED_MESSAGE: 12}
    mine = lines_of((programs.folder / "calls.log").read_text())
    assert [line for line in mine if "has failed" in line] == [
        "<time> Call <id> has failed: unexpected 486 in step 4 (200)"
    ] * 12
    assert [line for line in mine if "has failed" not in line] == lines_of((tmp_path / "theirs" / "calls.log").read_text())


def lines_of(log: str) -> list[str]:
    """The lines of a log, without messages and without what differs from run to run.

    SIPp counts a run of optional steps from its first, we from the one that has to come; it says of each step that waits when
    it is looked at, we do not.
    """
    log = re.sub(r"^\d{4}-\d\d-\d\d\t\d\d:\d\d:\d\d\.\d{6}\t\d+\.\d{6} ", "<time> ", log, flags=re.M)
    log = re.sub(r"\d+-\d+@[\d.]+", "<id>", log)
    log = re.sub(r"\(hash \d+|, hash \d+", "<hash>", log)
    log = re.sub(r"(incoming|message) \d+ ", r"\1 ", log)
    log = re.sub(r"\d+ byte", "<size> byte", log)
    log = re.sub(r" at \d+\.", " at <ms>.", log)
    log = re.sub(r"index [1-4]\b", "index <recv>", log)
    kept = [line for line in log.split("\n") if line.startswith(("<time>", "---", "Call debugging"))]
    return [line for line in kept if " of type 3 " not in line]
