# SPDX-License-Identifier: AGPL-3.0-or-later
"""`setdest` and `closecon`, run by SIPp and by us: the same messages at the same places, out of the same or a new port."""

from __future__ import annotations

import re
import select
import socket
from pathlib import Path

import pytest

from tests.interop.mirror import comparable, header
from tests.interop.sides import LOOPBACK, Ours, Sipp, at
from tests.programs import Programs

HOST = LOOPBACK[4]
REQUEST = """
  <send><![CDATA[

    {method} sip:bob@[remote_ip]:[remote_port] SIP/2.0
    Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
    From: <sip:alice@[local_ip]>;tag=1
    To: <sip:bob@[remote_ip]>
    Call-ID: [call_id]
    CSeq: [cseq] {method}
    Content-Length: 0

  ]]></send>
  <recv response="200"/>
"""
LIMIT_S = 10


def scenario(folder: Path, action: str) -> Path:
    """OPTIONS, the action, INFO."""
    nop = f"<nop><action>{action}</action></nop>"
    path = folder / "elsewhere.xml"
    first, second = REQUEST.format(method="OPTIONS"), REQUEST.format(method="INFO")
    path.write_text(f'<?xml version="1.0" encoding="UTF-8" ?>\n<scenario name="elsewhere">{first}{nop}{second}</scenario>')
    return path


def answer(request: str) -> bytes:
    """A 200."""
    kept = [f"{name}: {header(request, name)}" for name in ("Via", "From", "To", "Call-ID", "CSeq")]
    return "\r\n".join(["SIP/2.0 200 OK", *kept, "Content-Length: 0", "", ""]).encode()


def heard(side: Ours | Sipp, peers: list[socket.socket], arguments: tuple[str, ...]) -> list[tuple[int, int, str]]:
    """What came of a program: at which of the peers, from the how manieth port, and what."""
    program = side.start(*arguments)
    said: list[tuple[int, int, str]] = []
    ports: list[int] = []
    while len(said) < 2:
        ready, _, _ = select.select(peers, [], [], LIMIT_S)
        assert ready, program.output
        data, source = ready[0].recvfrom(65535)
        ports += [source[1]] if source[1] not in ports else []
        masked = comparable(data.decode(), program.process.pid, [side.port, *(peer.getsockname()[1] for peer in peers)])
        said.append((peers.index(ready[0]), ports.index(source[1]), re.sub(r":\d+;branch", ":port;branch", masked)))
        ready[0].sendto(answer(data.decode()), source)
    assert program.wait() == 0, program.output
    return said


@pytest.mark.parametrize(
    ("transport", "action", "expected"),
    [
        ("u1", '<setdest host="127.0.0.1" port="{port}" protocol="UDP"/>', [(0, 0), (1, 0)]),
        ("u1", '<setdest host="localhost" port="{port}" protocol="udp"/>', [(0, 0), (1, 0)]),
        ("un", '<setdest host="[remote_ip]" port="{port}" protocol="[transport]"/>', [(0, 0), (1, 0)]),
        ("un", "<closecon/>", [(0, 0), (0, 1)]),
    ],
)
def test_the_same_goes_to_the_same_places(
    programs: Programs, transport: str, action: str, expected: list[tuple[int, int]]
) -> None:
    peers = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
    for peer in peers:
        peer.bind((HOST, 0))
    first, second = (peer.getsockname()[1] for peer in peers)
    path = scenario(programs.folder, action.format(port=second))
    arguments = ("-sf", str(path), at(HOST, first), "-m", "1", "-t", transport, "-recv_timeout", "5000")
    theirs = heard(Sipp(programs), peers, arguments)
    ours = heard(Ours(programs), peers, arguments)
    for peer in peers:
        peer.close()
    assert ours == theirs
    assert [(place, port) for place, port, _ in ours] == expected
