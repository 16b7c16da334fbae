# SPDX-License-Identifier: AGPL-3.0-or-later
"""What we count is what was on the wire, counted by tshark."""

from __future__ import annotations

import select
import socket
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

import pytest

from tests.interop.sides import Ours, Sipp, at
from tests.programs import Programs, require, require_root

CALLS = 300
MARK = b"MARK sip:mark@127.0.0.1 SIP/2.0\r\nCall-ID: mark\r\nCSeq: 1 MARK\r\n\r\n"
LIMIT_S = 30


@contextmanager
def capture(port: int) -> Iterator[IO[str]]:
    """The methods of the requests to a UDP port of the loopback interface, as tshark reads them, a line each."""
    command = [require("tshark"), "-i", "lo", "-l", "-n", "-Q", "-f", f"udp dst port {port}", "-d", f"udp.port=={port},sip"]
    command += ["-T", "fields", "-e", "sip.Method", "-a", f"duration:{LIMIT_S}"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    try:
        await_capture(process.stdout, port)
        yield process.stdout
    finally:
        process.terminate()  # Not killed: it has a child of its own to end.
        process.communicate()


def mark(port: int) -> None:
    """Send a request that no call sends."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(MARK, ("127.0.0.1", port))


def await_capture(methods: IO[str], port: int) -> None:
    """Send marks until one is seen: tshark says that it captures before it does."""
    for _ in range(LIMIT_S * 10):
        mark(port)
        if select.select([methods], [], [], 0.1)[0]:
            break
    assert methods.readline() == "MARK\n", "tshark captures nothing"


def count_until_mark(methods: IO[str]) -> Counter[str]:
    """How often each method came before the mark at the end; those of the beginning are passed over."""
    counted: Counter[str] = Counter()
    for method in map(str.strip, methods):
        if method != "MARK":
            counted[method] += 1
        elif counted:
            break
    return counted


@pytest.mark.parametrize("workers", ["1", "2"])
def test_requests_on_the_wire_are_those_that_we_count(programs: Programs, workers: str) -> None:
    require_root("capturing")
    ours, sipp = Ours(programs), Sipp(programs)
    with capture(sipp.port) as methods:
        sipp.start_server("-sn", "uas")
        client = ours.start("-sn", "uac", "-m", str(CALLS), "-r", "200", at(sipp.host, sipp.port), "-workers", workers)
        assert client.wait() == 0, client.output
        mark(sipp.port)
        counted = count_until_mark(methods)
    counts = {step.label: step.counts for step in ours.summary().steps if step.kind == "send"}
    on_the_wire = {name: one.messages + one.retransmissions for name, one in counts.items()}
    assert dict(counted) == on_the_wire
    assert counts["INVITE"].messages == CALLS
