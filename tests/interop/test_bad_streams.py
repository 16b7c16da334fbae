# SPDX-License-Identifier: AGPL-3.0-or-later
"""Connections that are reset, closed, silent or stuck in mid-call: the right failures, an end, and other calls go on.

What a run says of its calls has to add up whatever happens to its connections. `Ours.summary` checks the sums.
"""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.messages import Counters, Failure
from tests.certificates import Lab
from tests.interop.bad_stream import BadStream, Trouble
from tests.interop.sides import Ours, at
from tests.programs import Program, Programs, free_port

CALLS = 20
OVER_TLS = ("l1", "ln", "ws1", "wsn")
INVITE_BYTES = 300
"""Fewer than an INVITE has, with its body: trouble comes in the middle of the first."""
DIALOG_BYTES = 700
"""More than an INVITE, fewer than INVITE and ACK and BYE."""


class Server:
    """Our UAS in a folder of its own, on any protocol."""

    def __init__(self, programs: Programs) -> None:
        self.folder = programs.folder / "server"
        self.folder.mkdir()
        self._programs = Programs(self.folder)
        self._ours = Ours(self._programs)
        self._program: Program | None = None

    def start(self, transport: str) -> int:
        """Its port, once it listens."""
        options: tuple[str, ...] = ()
        if transport in OVER_TLS:
            lab = Lab(self.folder / "lab")
            options = ("-tls_cert", lab["server.pem"], "-tls_key", lab["server.key"])
        self._program = self._ours.start("-sn", "uas", "-t", transport, "-timeout", "40", *options)
        self._program.wait_bound(self._ours.port)
        return self._ours.port

    def end(self) -> None:
        """Tell it to stop; what it counted adds up too."""
        if self._program is not None:
            self._program.process.send_signal(signal.SIGTERM)
            self._program.wait()
            assert "Traceback" not in self._program.output
            self._ours.summary()
        self._programs.end()


@pytest.fixture
def server(programs: Programs) -> Iterator[Server]:
    """Our UAS, to which proxies lead."""
    server = Server(programs)
    yield server
    server.end()


def run(
    programs: Programs, port: int, transport: str, *options: str, code: int | None = 1, calls: int = CALLS
) -> tuple[Counters, str]:
    """Our UAC through the proxy to its end: what it counted, and what it said."""
    ours = Ours(programs)
    arguments = ("-sn", "uac", at(ours.host, port), "-t", transport, "-m", str(calls), "-r", "50", "-d", "300", *options)
    client = ours.start(*arguments)
    ended = client.wait(30)
    assert code is None or ended == code, client.output
    assert "Traceback" not in client.output
    return ours.summary().counters, client.output


@pytest.mark.parametrize("transport", ["t1", "tn", "w1", "l1", "wsn"])
def test_single_bytes_both_ways_cost_no_call(programs: Programs, server: Server, transport: str) -> None:
    with BadStream(server.start(transport), Trouble(piece=1)) as proxy:
        counters, _ = run(programs, proxy.port, transport, code=0)
    assert (counters.created, counters.successful) == (CALLS, CALLS)


@pytest.mark.parametrize("then", ["reset", "close", "half-close"])
@pytest.mark.parametrize("transport", ["tn", "wn", "ln"])
def test_a_lost_connection_of_a_call_is_that_calls_failure(
    programs: Programs, server: Server, transport: str, then: str
) -> None:
    after = DIALOG_BYTES + (1000 if transport == "ln" else 0)  # the handshake of TLS comes first
    with BadStream(server.start(transport), Trouble(then, after, connections=5)) as proxy:
        counters, _ = run(programs, proxy.port, transport)
    assert (counters.created, counters.successful, counters.open) == (CALLS, CALLS - 5, 0)
    assert counters.failures == {Failure.TCP_CLOSED: 5}


@pytest.mark.parametrize("then", ["reset", "close", "half-close"])
def test_a_lost_shared_connection_fails_its_calls_and_ends_the_run(programs: Programs, server: Server, then: str) -> None:
    with BadStream(server.start("t1"), Trouble(then, 5 * DIALOG_BYTES)) as proxy:
        counters, output = run(programs, proxy.port, "t1", code=None)
        assert proxy.accepted == 1
    assert 0 < counters.created < CALLS
    assert set(counters.failures) <= {Failure.TCP_CLOSED}
    assert counters.failed > 0
    assert f"the TCP connection to 127.0.0.1 port {proxy.port} ended" in output


@pytest.mark.parametrize("then", ["reset", "close", "half-close"])
def test_the_shared_connection_is_made_again_and_open_calls_have_failed(programs: Programs, server: Server, then: str) -> None:
    with BadStream(server.start("t1"), Trouble(then, 5 * DIALOG_BYTES, connections=1)) as proxy:
        counters, _ = run(programs, proxy.port, "t1", "-max_reconnect", "3", "-reconnect_sleep", "100")
        assert proxy.accepted == 2
    assert (counters.created, counters.open) == (CALLS, 0)
    assert set(counters.failures) == {Failure.TCP_CLOSED}
    assert 0 < counters.failed < CALLS / 2


def test_calls_can_go_on_over_the_next_connection(programs: Programs, server: Server) -> None:
    """Only what was on its way when the connection was lost is lost."""
    options = ("-max_reconnect", "3", "-reconnect_sleep", "50", "-reconnect_close", "false", "-recv_timeout", "2000")
    with BadStream(server.start("t1"), Trouble("reset", 5 * DIALOG_BYTES, connections=1)) as proxy:
        counters, _ = run(programs, proxy.port, "t1", *options, code=None)
        assert proxy.accepted == 2
    assert (counters.created, counters.open) == (CALLS, 0)
    assert set(counters.failures) <= {Failure.TIMEOUT_ON_RECV, Failure.TCP_CLOSED}
    assert counters.successful >= CALLS - 10


def test_reconnects_are_used_up(programs: Programs, server: Server) -> None:
    options = ("-max_reconnect", "2", "-reconnect_sleep", "20")
    with BadStream(server.start("t1"), Trouble("reset", INVITE_BYTES)) as proxy:
        counters, output = run(programs, proxy.port, "t1", *options, code=None)
        assert proxy.accepted == 3
    assert "-max_reconnect 2 are used up" in output
    assert set(counters.failures) <= {Failure.TCP_CLOSED, Failure.TCP_CONNECT}


def test_a_server_that_is_gone_is_not_asked_for_ever(programs: Programs, server: Server) -> None:
    options = ("-max_reconnect", "3", "-reconnect_sleep", "20")
    trouble = Trouble("close", 2 * DIALOG_BYTES)
    with BadStream(server.start("t1"), trouble, listens_for=1) as proxy:
        counters, output = run(programs, proxy.port, "t1", *options, code=None)
    assert "-max_reconnect 3 are used up" in output
    assert counters.failed > 0


@pytest.mark.parametrize("transport", ["t1", "tn"])
def test_a_connection_that_says_nothing_ends_calls_by_their_timeouts(
    programs: Programs, server: Server, transport: str
) -> None:
    with BadStream(server.start(transport), Trouble("silence", INVITE_BYTES)) as proxy:
        counters, _ = run(programs, proxy.port, transport, "-recv_timeout", "500")
    assert counters.failures == {Failure.TIMEOUT_ON_RECV: CALLS}


@pytest.mark.parametrize("then", ["silence", "stall"])
@pytest.mark.parametrize("transport", ["tn", "wn"])
def test_connections_that_are_stuck_hold_up_no_other_call(
    programs: Programs, server: Server, transport: str, then: str
) -> None:
    with BadStream(server.start(transport), Trouble(then, INVITE_BYTES, connections=5)) as proxy:
        counters, _ = run(programs, proxy.port, transport, "-recv_timeout", "1500")
    assert (counters.created, counters.successful, counters.open) == (CALLS, CALLS - 5, 0)
    assert counters.failures == {Failure.TIMEOUT_ON_RECV: 5}


def test_refused_at_the_start_is_each_calls_failure_with_a_connection_a_call(programs: Programs) -> None:
    counters, _ = run(programs, free_port(), "tn")
    assert (counters.created, counters.open) == (CALLS, 0)
    assert counters.failures == {Failure.TCP_CONNECT: CALLS}


def test_a_server_that_no_longer_listens_keeps_the_calls_that_it_has(programs: Programs, server: Server) -> None:
    with BadStream(server.start("tn"), Trouble(), listens_for=7) as proxy:
        counters, _ = run(programs, proxy.port, "tn")
    assert (counters.created, counters.successful) == (CALLS, 7)
    assert Failure.TCP_CONNECT in counters.failures
    # One may have been taken by the kernel, and by nobody behind it.
    assert set(counters.failures) <= {Failure.TCP_CONNECT, Failure.TCP_CLOSED}


LARGE = """<?xml version="1.0" encoding="ISO-8859-1"?>
<scenario name="large">
  <send><![CDATA[
    MESSAGE sip:a@[remote_ip]:[remote_port] SIP/2.0
    Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
    From: <sip:a@[local_ip]>;tag=[call_number]
    To: <sip:a@[remote_ip]>
    Call-ID: [call_id]
    CSeq: 1 MESSAGE
    Content-Length: [len]

    TEXT
  ]]></send>
  <send><![CDATA[
    MESSAGE sip:a@[remote_ip]:[remote_port] SIP/2.0
    Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
    From: <sip:a@[local_ip]>;tag=[call_number]
    To: <sip:a@[remote_ip]>
    Call-ID: [call_id]
    CSeq: 2 MESSAGE
    Content-Length: [len]

    TEXT
  ]]></send>
  <recv response="200"/>
</scenario>
"""


def test_a_peer_that_stops_reading_is_congestion(programs: Programs, server: Server) -> None:
    (programs.folder / "large.xml").write_text(LARGE.replace("TEXT", "x" * 60_000))
    ours = Ours(programs)
    arguments = ("-sf", "large.xml", "-m", "30", "-r", "100", "-send_timeout", "500", "-recv_timeout", "8000")
    with BadStream(server.start("t1"), Trouble("stall", INVITE_BYTES)) as proxy:
        client = ours.start(*arguments, at(ours.host, proxy.port), "-t", "t1", "-buff_size", "4096")
        assert client.wait(30) == 1, client.output
    counters = ours.summary().counters
    assert (counters.created, counters.open) == (30, 0)
    assert set(counters.failures) <= {Failure.OUTBOUND_CONGESTION, Failure.TIMEOUT_ON_RECV}
    assert counters.failures[Failure.OUTBOUND_CONGESTION] >= 25


def test_a_client_that_resets_costs_the_server_its_call_and_no_other(programs: Programs, tmp_path: Path) -> None:
    ours = Ours(programs)
    server = ours.start("-sn", "uas", "-t", "t1", "-m", "6", "-aa")
    server.wait_bound(ours.port)
    clients = [socket.create_connection((ours.host, ours.port)) for _ in range(2)]
    for number, client in enumerate(clients):
        client.sendall(request("INVITE", number))
        heard = b""
        while b"200 OK" not in heard:
            heard += client.recv(65_536)
    clients[0].setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    clients[0].close()
    clients[1].sendall(request("ACK", 1) + request("BYE", 1))
    assert b"200 OK" in clients[1].recv(65_536)
    clients[1].close()
    other = Ours(Programs(tmp_path / "other"))
    (tmp_path / "other").mkdir()
    client_program = other.start("-sn", "uac", "-m", "4", "-t", "tn", at(ours.host, ours.port))
    assert client_program.wait() == 0, client_program.output
    assert server.wait() == 1, server.output
    counters = ours.summary().counters
    assert (counters.created, counters.successful) == (6, 5)
    assert counters.failures == {Failure.TCP_CLOSED: 1}


def request(method: str, number: int) -> bytes:
    """One request of a call of ours."""
    sequence = {"INVITE": 1, "ACK": 1, "BYE": 2}[method]
    tag = "" if method == "INVITE" else ";tag=x"
    return "\r\n".join(
        (
            f"{method} sip:service@127.0.0.1 SIP/2.0",
            f"Via: SIP/2.0/TCP 127.0.0.1:5999;branch=z9hG4bK{method}{number}",
            "From: <sip:a@127.0.0.1>;tag=1",
            f"To: <sip:b@127.0.0.1>{tag}",
            f"Call-ID: raw-{number}",
            f"CSeq: {sequence} {method}",
            "Contact: <sip:a@127.0.0.1:5999>",
            "Content-Length: 0",
            "",
            "",
        )
    ).encode()
