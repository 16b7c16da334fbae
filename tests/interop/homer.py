# SPDX-License-Identifier: AGPL-3.0-or-later
"""Homer, played by Debian's `kamailio`, by `sngrep` and by a thread of the test, and what each has read."""

from __future__ import annotations

import re
import socket
import sys
import threading
import time
from pathlib import Path
from typing import Any

import dpkt

from tests.hep import Packet, read_packet
from tests.interop.kamailio import Kamailio
from tests.programs import Programs, free_port, require

LIMIT_S = 20
_POLL_S = 0.02
_BUFFER = 4 << 20
IN_TERMINAL = (sys.executable, "-c", "import pty, sys; pty.spawn(sys.argv[1:])")
"""What to begin a command with that needs a terminal."""
_READ = re.compile(r"read: (\w+) (\d+) (\S+) (\d+) (.*)\|$", re.M)
_CHUNKS = re.compile(r"chunks: (.*)\|$", re.M)


class KamailioHomer(Kamailio):
    """One that captures. With `chunks` it tells what the chunks of each packet hold, else what messages it found in them."""

    def __init__(self, programs: Programs, *, chunks: bool = False) -> None:
        super().__init__(programs, *(("CHUNKS",) if chunks else ()), configuration="kamailio_homer.cfg")

    def read(self, count: int) -> list[tuple[str, int, str, int, str]]:
        """Of so many messages: method or status, size, where from, and Call-ID."""
        return [(what, int(size), ip, int(port), call_id) for what, size, ip, port, call_id in self._lines(_READ, count)]

    def chunks(self, count: int) -> list[list[str]]:
        """Of so many packets: version, family, protocol, addresses, ports, time, kind, capture id, key, correlation id."""
        return [line.split("|") for line in self._lines(_CHUNKS, count)]

    def _lines(self, line: re.Pattern[str], count: int) -> list[Any]:
        """So many, and no more that came meanwhile."""
        end = time.monotonic() + LIMIT_S
        while len(found := line.findall(self.program.output)) < count:
            assert time.monotonic() < end, f"{len(found)} of {count} packets:\n{self.program.output[-2000:]}"
            time.sleep(_POLL_S)
        return found


class Sngrep:
    """One that writes down what it is sent as HEP. It needs a terminal."""

    def __init__(self, programs: Programs) -> None:
        self.port = free_port()
        self._capture = programs.folder / "sngrep.pcap"
        sngrep = (require("sngrep"), "-F", "-N", "-q", "-L", f"udp:127.0.0.1:{self.port}", "-O", str(self._capture))
        self._program = programs.start(*IN_TERMINAL, *sngrep, environment={"TERM": "xterm"})
        self._program.wait_bound(self.port)

    def written(self, count: int) -> list[tuple[float, dpkt.ip.IP]]:
        """Time and IPv4 packet of so many messages."""
        return packets_of(self._capture, count)


def packets_of(capture: Path, count: int) -> list[tuple[float, dpkt.ip.IP]]:
    """Time and IPv4 packet of so many messages, which have to come into a file that is being written."""
    end = time.monotonic() + LIMIT_S
    while len(found := _packets(capture)) < count:
        assert time.monotonic() < end, f"{len(found)} of {count} packets"
        time.sleep(_POLL_S)
    return found


def _packets(capture: Path) -> list[tuple[float, dpkt.ip.IP]]:
    """Those that are whole in a file that is written."""
    try:
        with capture.open("rb") as file:
            return [(float(at), dpkt.ethernet.Ethernet(frame).data) for at, frame in dpkt.pcap.Reader(file)]
    except (FileNotFoundError, ValueError, dpkt.NeedData):
        return []


class Listening:
    """Homer over UDP in a thread: the packets that came so far."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(_POLL_S)
        self.port: int = self._socket.getsockname()[1]
        self._came: list[bytes] = []
        self._is_over = False
        self._thread = threading.Thread(target=self._listen)

    def __enter__(self) -> Listening:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over = True
        self._thread.join()
        self._socket.close()

    def _listen(self) -> None:
        while True:
            try:
                self._came.append(self._socket.recv(70_000))
            except TimeoutError:  # whatever was under way has come
                if self._is_over:
                    return

    @property
    def packets(self) -> list[Packet]:
        """All that came, once nothing more does."""
        count = -1
        while len(self._came) > count:
            count = len(self._came)
            time.sleep(2 * _POLL_S)
        return [read_packet(data) for data in self._came]


class Deaf:
    """Homer over TCP that takes a connection and reads nothing."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> Deaf:
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()
