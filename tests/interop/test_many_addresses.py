# SPDX-License-Identifier: AGPL-3.0-or-later
"""Calls from many addresses, and to many: SIPp's `-t ui` and ours on the wire, and each against the other in both roles."""

from __future__ import annotations

import re
import socket
import threading
from pathlib import Path
from types import TracebackType

import pytest

from tests.interop.sides import Ours, Sipp, at
from tests.interop.udp_peer import ok
from tests.own_network import run_in_own_network
from tests.programs import Program, Programs

IPS = ["127.0.1.1", "127.0.1.2", "127.0.1.1", "127.0.1.3"]
ROWS = "SEQUENTIAL\n" + "# a comment\n".join(f"name{number};{ip}\n" for number, ip in enumerate(IPS))
UAC = """<?xml version="1.0" encoding="ISO-8859-1" ?>
<scenario name="Sources">
  <send retrans="500"><![CDATA[

      OPTIONS sip:service@[remote_ip]:[remote_port] SIP/2.0
      Via: SIP/2.0/[transport] [server_ip]:{port};branch=[branch]
      From: <sip:[field0]@[local_ip]>;tag=[call_number]
      To: <sip:service@[remote_ip]:[remote_port]>
      Call-ID: [call_id]
      CSeq: [cseq] OPTIONS
      X: [call_number] [server_ip] [local_ip] [local_ip_type] [field0] [field1]
      Content-Length: 0

  ]]></send>
  <recv response="200"/>
</scenario>
"""
UAS = """<?xml version="1.0" encoding="ISO-8859-1" ?>
<scenario name="Asked">
  <recv request="OPTIONS"/>
  <send><![CDATA[

      SIP/2.0 200 OK
      [last_Via:]
      [last_From:]
      [last_To:];tag=[call_number]
      [last_Call-ID:]
      [last_CSeq:]
      Contact: <sip:[server_ip]:[local_port]>
      X: [server_ip] [local_ip] [local_port]
      Content-Length: 0

  ]]></send>
</scenario>
"""
SAID = re.compile(rb"\r\nX: (.*?)\r?\n")


class Heard:
    """A peer on 127.0.0.1 that answers everything with 200, and keeps the address of each message and what its X said."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, int, str]] = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def _serve(self) -> None:
        while True:
            data, source = self._socket.recvfrom(65536)
            if not data:
                return
            self.messages += [(source[0], source[1], said.decode()) for said in SAID.findall(data)]
            for answer in ok(data):
                self._socket.sendto(answer, source)

    def __enter__(self) -> Heard:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._socket.sendto(b"", self._socket.getsockname())
        self._thread.join(5)
        self._socket.close()


def write(folder: Path, port: int) -> None:
    (folder / "uac.xml").write_text(UAC.format(port=port))
    (folder / "uas.xml").write_text(UAS)
    (folder / "rows.csv").write_text(ROWS)


def called(program: Ours | Sipp, folder: Path) -> list[tuple[str, int, str]]:
    """What nine calls of a `-t ui` client look like to their peer."""
    write(folder, program.port)
    with Heard() as peer:
        arguments = ("-sf", "uac.xml", "-t", "ui", "-inf", "rows.csv", "-ip_field", "1", "-m", "9", "-r", "50")
        started = program.start(*arguments, at(program.host, peer.port))
        assert started.wait() == 0, started.output
    return [(ip, 0 if port == program.port else port, said) for ip, port, said in peer.messages]


def test_calls_look_the_same_on_the_wire(programs: Programs) -> None:
    theirs = called(Sipp(programs), programs.folder)
    ips = (IPS * 3)[:9]
    assert [ip for ip, _, _ in theirs] == ips
    # [local_ip] stays that of -i, and [server_ip] is where the call comes from: on the client's side too.
    assert theirs == [(ip, 0, f"{number + 1} {ip} 127.0.0.1 4 name{number % 4} {ip}") for number, ip in enumerate(ips)]
    assert called(Ours(programs), programs.folder) == theirs


def asked(program: Program, port: int) -> list[tuple[str, bytes]]:
    """From where each address of a server is answered, and what the answer says."""
    program.wait_bound(port)
    answers = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as caller:
        caller.bind(("127.0.0.1", 0))
        caller.settimeout(5)
        for number, ip in enumerate(("127.0.1.3", "127.0.1.1", "127.0.1.2")):
            headers = f"Via: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK{number}\r\nFrom: a;tag=1\r\nTo: b\r\n"
            request = f"OPTIONS sip:x SIP/2.0\r\n{headers}Call-ID: {number}@x\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
            for _ in range(5):  # all sockets are bound a moment after the first
                caller.sendto(request.encode(), (ip, port))
                caller.settimeout(0.5)
                try:
                    data, source = caller.recvfrom(65536)
                    break
                except OSError:
                    continue
            else:
                raise AssertionError(f"no answer from {ip}")
            assert source[1] == port
            answers.append((source[0], data))
    return answers


def test_a_server_looks_the_same_on_the_wire(programs: Programs) -> None:
    told = []
    for side in (Sipp(programs), Ours(programs)):
        write(programs.folder, side.port)
        server = side.start("-sf", "uas.xml", "-t", "ui", "-inf", "rows.csv", "-ip_field", "1", "-m", "3")
        told.append([(ip, data.replace(b":%d>" % side.port, b":P>")) for ip, data in asked(server, side.port)])
        server.end()
        for ip, data in told[-1]:
            assert SAID.findall(data) == [f"{ip} 127.0.0.1 {side.port}".encode()]
    theirs, ours = ([(ip, SAID.sub(b"\r\nX\r\n", data)) for ip, data in each] for each in told)
    assert theirs == ours


@pytest.mark.parametrize("source", [("-inf", "rows.csv", "-ip_field", "1"), ("-ip_list", "127.0.1.1,127.0.1.2,127.0.1.3")])
def test_our_client_against_sipp(programs: Programs, source: tuple[str, ...]) -> None:
    """Whole calls of the built-in scenarios: what is in a dialog comes from the same address as the INVITE."""
    ours, sipp = Ours(programs), Sipp(programs)
    write(programs.folder, ours.port)
    server = sipp.start_server("-sn", "uas", "-m", "60", "-trace_msg", "-message_file", "uas.log")
    client = ours.start("-sn", "uac", "-m", "60", "-r", "100", "-t", "ui", *source, at(sipp.host, sipp.port))
    assert (client.wait(), server.wait()) == (0, 0), client.output
    counters = ours.summary().counters
    assert (counters.created, counters.successful, counters.failed, counters.open) == (60, 60, 0, 0)
    assert (sipp.totals()["SuccessfulCall(C)"], sipp.totals()["FailedCall(C)"]) == ("60", "0")
    vias = re.findall(r"Via: SIP/2.0/UDP ([\d.]+):", (programs.folder / "uas.log").read_text())
    expected = {"127.0.1.1", "127.0.1.2", "127.0.1.3"} if source[0] == "-ip_list" else {"127.0.0.1"}
    assert set(vias) == expected


def test_sipps_client_against_our_server(programs: Programs) -> None:
    """`sipp -t ui` calls one of the addresses that our server listens on, which answers from there and says so."""
    ours, sipp = Ours(programs), Sipp(programs)
    write(programs.folder, sipp.port)
    trace = ("-trace_msg", "-message_file", "uas.log")
    server = ours.start("-sf", "uas.xml", "-m", "60", "-t", "ui", "-ip_list", "127.0.2.1-4", *trace)
    server.wait_bound(ours.port)
    source = ("-t", "ui", "-inf", "rows.csv", "-ip_field", "1")
    client = sipp.start("-sf", "uac.xml", *source, "-m", "60", "-r", "100", at("127.0.2.3", ours.port))
    assert (client.wait(), server.wait()) == (0, 0), server.output
    assert (sipp.totals()["SuccessfulCall(C)"], sipp.totals()["FailedCall(C)"]) == ("60", "0")
    counters = ours.summary().counters
    assert (counters.created, counters.successful, counters.failed, counters.open) == (60, 60, 0, 0)
    said = re.findall(rf"X: (127[^ ]* [^ ]*) {ours.port}\s", (programs.folder / "uas.log").read_text())
    assert said == ["127.0.2.3 127.0.2.3"] * 60


IN_OWN_NETWORK = """
import trio
from engine import open_engine
from tests.engine.run.runs import call, serve

async def main():
    async with open_engine(in_process=True) as bus:
        server = await serve(bus, local_ip="fd00::1", transport="ui", source_list="fd00::2,fd00::3")
        assert server.started.local == f"[fd00::2]:{server.port} and 1 more", server.started.local
        for source, transport in (
            ("fd00::/125", "ui"), ("fd00::/125", "un"), ("fd00::3-fd00::6", "tn"),
            ("fe80::1%lo,fe80::2%lo", "ui"), ("fe80::2%lo", "tn"),
        ):
            to = f"[fd00::3]:{server.port}"
            if transport == "tn":
                other = await serve(bus, local_ip="::", transport="t1")
                to = f"[fd00::1]:{other.port}" if source.startswith("fd") else f"[fe80::1%lo]:{other.port}"
            elif source.startswith("fe"):
                scoped = await serve(bus, local_ip="::1", transport="ui", source_list="fe80::1%lo")
                to = f"[fe80::1%lo]:{scoped.port}"
            client = await call(bus, 0, remote=to, local_ip="", transport=transport, source_list=source, max_calls=21)
            end = await client.finish()
            counters = end.counters
            assert (counters.created, counters.successful, counters.open) == (21, 21, 0), (transport, counters.reasons)
        last = await server.until(lambda snapshot: snapshot.counters.successful == 42)
        assert last.counters.failed == 0
        print("well")

trio.run(main)
"""
SETUP = [f"ip address add fd00::{number}/64 dev lo nodad" for number in range(1, 8)]
SETUP += [f"ip address add fe80::{number}/64 dev lo nodad" for number in (1, 2)]


def test_addresses_of_ipv6_in_a_network_of_its_own() -> None:
    assert run_in_own_network(IN_OWN_NETWORK, *SETUP) == "well\n"
