# SPDX-License-Identifier: AGPL-3.0-or-later
"""Peers that mean harm, at our server over TCP: whatever they do, somebody else's calls are answered and memory is bounded."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.messages import Counters
from engine.sip.stream import MAX_BODY, MAX_HEAD
from tests.certificates import Lab
from tests.interop.sides import Ours, at
from tests.programs import Program, Programs

CALLS = 20
MOST_KIB = 400_000
"""What the server may have in memory after the worst of this."""


CALLED_BY = {"t1": "tn", "w1": "wn", "l1": "ln", "ws1": "wsn"}
"""What our UAC uses for each transport of the server."""


class Victim:
    """Our UAS over a stream, and our UAC that shows whether it still answers."""

    def __init__(self, folder: Path, transport: str = "t1", *options: str) -> None:
        for name in ("server", "client"):
            (folder / name).mkdir()
        self._clients = Programs(folder / "client")
        self._servers = Programs(folder / "server")
        self.ours = Ours(self._servers)
        self.transport = transport
        self.program: Program = self.ours.start("-sn", "uas", "-t", transport, *options)
        self.program.wait_bound(self.ours.port)

    def connect(self) -> socket.socket:
        """One more connection to it."""
        sock = socket.create_connection((self.ours.host, self.ours.port), 20)
        sock.settimeout(20)
        return sock

    def assert_answers(self) -> None:
        """Calls of somebody else's are all successful."""
        client = Ours(self._clients)
        load = ("-m", str(CALLS), "-r", "50", "-t", CALLED_BY[self.transport])
        program = client.start("-sn", "uac", at(client.host, self.ours.port), *load)
        assert program.wait(40) == 0, program.output
        assert client.summary().counters.successful == CALLS

    def most_kib(self) -> int:
        """The most memory that it has had."""
        status = Path(f"/proc/{self.program.process.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0])

    def stop(self) -> Counters:
        """What it has counted."""
        self.program.process.terminate()
        self.program.wait()
        assert "Traceback" not in self.program.output
        assert self.most_lines() < 300, "it says too much about it"
        return self.ours.summary().counters

    def most_lines(self) -> int:
        """How much it has said."""
        return self.program.output.count("\n")

    def end(self) -> None:
        """Nothing is left of it."""
        self._servers.end()
        self._clients.end()


@pytest.fixture
def victim(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Victim]:
    """A server that is attacked, over TCP or what the test says."""
    transport = getattr(request, "param", "t1")
    options: tuple[str, ...] = ()
    if transport in ("l1", "ws1"):
        lab = Lab(tmp_path / "lab")
        options = ("-tls_cert", lab["server.pem"], "-tls_key", lab["server.key"])
    victim = Victim(tmp_path, transport, *options)
    yield victim
    victim.end()


def is_closed(sock: socket.socket) -> bool:
    """Whether the peer closes it, sooner or later."""
    try:
        while sock.recv(65_536):
            pass
    except ConnectionError:
        return True
    except TimeoutError:
        return False
    return True


def options(number: int, body: bytes = b"", length: int | None = None) -> bytes:
    """A request that belongs to no call."""
    return (
        b"OPTIONS sip:a@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bK%d\r\nFrom: <sip:a@b>;tag=1\r\n"
        b"To: <sip:a@b>\r\nCall-ID: hostile-%d\r\nCSeq: 1 OPTIONS\r\nContent-Length: %d\r\n\r\n%b"
        % (number, number, len(body) if length is None else length, body)
    )


every_protocol = pytest.mark.parametrize("victim", list(CALLED_BY), indirect=True)


@every_protocol
def test_a_thousand_connections_that_say_nothing_or_one_byte_at_a_time(victim: Victim) -> None:
    with contextlib.ExitStack() as open_ones:
        silent = [open_ones.enter_context(victim.connect()) for _ in range(1000)]
        for number, sock in enumerate(silent):
            if number % 2:
                sock.sendall(b"INVITE sip:a"[: number % 12])
        victim.assert_answers()
        for sock in silent[1::20]:
            sock.sendall(b"x")
        victim.assert_answers()
        assert victim.most_kib() < MOST_KIB
    victim.assert_answers()
    assert victim.stop().successful >= 3 * CALLS


def test_a_flood_on_one_connection_starves_no_other(victim: Victim) -> None:
    """It asks for ever, and never reads an answer."""
    over = threading.Event()
    flood = b"".join(options(number, b"x" * 100) for number in range(200)) + b"\r\n\r\n" * 500

    def pour() -> None:
        with victim.connect() as sock, contextlib.suppress(OSError):
            sock.settimeout(0.2)
            while not over.is_set():
                with contextlib.suppress(TimeoutError):
                    sock.sendall(flood)

    pouring = threading.Thread(target=pour, daemon=True)
    pouring.start()
    try:
        victim.assert_answers()
    finally:
        over.set()
        pouring.join()
    assert victim.most_kib() < MOST_KIB
    victim.assert_answers()
    victim.stop()


ENDLESS_HEAD = b"INVITE sip:a@b SIP/2.0\r\n" + b"X: y\r\n" * (MAX_HEAD // 6 + 1)
GARBAGE = {
    "endless header": ENDLESS_HEAD,
    "endless line": b"INVITE sip:" + b"a" * MAX_HEAD,
    "http": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "tls": b"\x16\x03\x01\x02\x00\x01",
    "binary": bytes(range(256)) * 10,
    "no number": options(1).replace(b"Content-Length: 0", b"Content-Length: -1"),
    "too large": options(1, length=MAX_BODY + 1),
}


def test_garbage_closes_its_connection_and_is_counted(victim: Victim) -> None:
    for what in GARBAGE.values():
        with victim.connect() as sock:
            with contextlib.suppress(ConnectionError):
                sock.sendall(what)
            assert is_closed(sock), what[:40]
    victim.assert_answers()
    assert victim.stop().garbage == len(GARBAGE)


def test_bodies_of_the_largest_size_that_never_come_to_their_end(victim: Victim) -> None:
    with contextlib.ExitStack() as open_ones:
        for number in range(50):
            sock = open_ones.enter_context(victim.connect())
            sock.sendall(options(number, b"x" * (MAX_BODY - 1), MAX_BODY))
        victim.assert_answers()
        assert victim.most_kib() < MOST_KIB
    victim.assert_answers()
    victim.stop()


@every_protocol
def test_a_storm_of_connections(victim: Victim) -> None:
    for number in range(3000):
        with victim.connect() as sock:
            if number % 3 == 0:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
            if number % 5 == 0:
                sock.sendall(b"INV")
    victim.assert_answers()
    assert victim.most_kib() < MOST_KIB
    victim.stop()


@every_protocol
def test_a_connection_storm_of_garbage_says_no_line_for_each(victim: Victim) -> None:
    for _ in range(1000):
        with victim.connect() as sock:
            sock.sendall(b"\x00\x03\x01")
    victim.assert_answers()
    assert 0 < victim.stop().garbage <= 1000


@pytest.mark.parametrize("victim", ["l1", "ws1"], indirect=True)
def test_tls_handshakes_that_are_never_finished(victim: Victim) -> None:
    """Each has cost the server a key exchange, and then nothing comes."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    hello = ssl.create_default_context().wrap_bio(incoming, outgoing, server_hostname="localhost")
    with contextlib.suppress(ssl.SSLWantReadError):
        hello.do_handshake()
    first = outgoing.read()
    with contextlib.ExitStack() as open_ones:
        waiting = [open_ones.enter_context(victim.connect()) for _ in range(500)]
        for number, sock in enumerate(waiting):
            sock.sendall(first if number % 2 else first[:50])
        victim.assert_answers()
        assert victim.most_kib() < MOST_KIB
    victim.assert_answers()
    victim.stop()


def test_one_who_asks_and_takes_no_answer_ends_alone(victim: Victim) -> None:
    """Pings have to be answered: who never reads the answers is closed before they fill the memory."""
    taken, pings = 0, b"\r\n\r\n" * 16_384
    with victim.connect() as sock, contextlib.suppress(ConnectionError):
        while taken < 4000:
            sock.sendall(pings)
            taken += 1
    assert taken < 4000
    assert victim.most_kib() < MOST_KIB
    victim.assert_answers()
    victim.stop()
