# SPDX-License-Identifier: AGPL-3.0-or-later
"""A mirror: a UDP peer that plays the other side of any scenario, and what it heard, made comparable.

It walks the scenario's steps in the order of the file: where the scenario sends it waits, where the scenario receives it
answers the last request or asks on its own. Two programs that run the same scenario against it must say the same, but for
what differs from run to run by its nature, which `comparable` masks.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

WAIT_S = 1.0
"""How long the mirror waits for a message that the scenario sends."""
START_S = 15.0
"""How long for the first: on a busy machine a program may take its time to start."""

SDP = (
    "v=0\r\no=mirror 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio 40000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
)


CHALLENGES = {"401": "WWW-Authenticate", "407": "Proxy-Authenticate"}
"""Status → the header with the challenge that comes with it."""


@dataclass(frozen=True)
class Step:
    """One `send` or mandatory `recv` of a scenario; a `recv` has a response's code or a request's method.

    `paused_s` is how long the scenario pauses before it.
    """

    sends: bool
    response: str = ""
    request: str = ""
    paused_s: float = 0.0


def read_steps(scenario: bytes) -> list[Step]:
    """The message steps of a scenario, however sloppy, in the order of the file.

    Branches are not followed, and optional messages never come.
    """
    bare = _NO_TAGS.sub("", scenario.decode("latin-1"))
    steps, paused_s = [], 0.0
    for found in _STEP.finditer(bare):
        values = {name: value for name, _, value in _ATTRIBUTE.findall(found[2])}
        if found[1] == "pause":
            paused_s += _pause_s(values)
        elif found[1] == "send" or values.get("optional", "false") == "false":
            steps.append(Step(found[1] == "send", values.get("response", ""), values.get("request", ""), paused_s))
            paused_s = 0.0
    return steps


def _pause_s(values: Mapping[str, str]) -> float:
    """How long a pause takes that has a plain length; any other is short."""
    plain = values.get("milliseconds", "") if not values.keys() & {"variable", "distribution"} else ""
    return int(plain) / 1000 if plain.isdigit() else 0.0


_NO_TAGS = re.compile(r"<!--.*?-->|<!\[CDATA\[.*?\]\]>", re.S)
_STEP = re.compile(r"<(send|recv|pause)\b((?:[^\">]|\"[^\"]*\")*)>")
_ATTRIBUTE = re.compile(r"\s(\w+)\s*=\s*([\"'])(.*?)\2")


def header(message: str, name: str) -> str:
    """The value of the first header of that name, or nothing."""
    match = re.search(rf"(?im)^{name}\s*:\s*(.*?)\s*$", message)
    return match[1] if match else ""


@dataclass
class Mirror:
    """The peer on its socket; `remote_port` is where the program under test is, once known."""

    socket: socket.socket
    remote_port: int
    received: list[str] = field(default_factory=list)
    cseq: int = 100

    def play(self, steps: Sequence[Step]) -> None:
        """Walk through the steps, then listen until nothing more comes."""
        for step in steps:
            if step.sends:
                self._receive((WAIT_S if self.received else START_S) + step.paused_s)
            elif step.response:
                self._answer(step.response)
            else:
                self._ask(step.request)
        while self._receive():
            pass

    def _receive(self, longest_s: float = WAIT_S) -> bool:
        """Wait for a message that is no retransmission."""
        self.socket.settimeout(longest_s)
        try:
            while True:
                data, (_, self.remote_port) = self.socket.recvfrom(65535)
                text = data.decode(errors="replace")
                if text not in self.received:
                    self.received.append(text)
                    return True
        except TimeoutError:
            return False

    def _answer(self, code: str) -> None:
        requests = [text for text in self.received if not text.startswith(("SIP/2.0", "ACK "))]
        if not requests:
            return
        last = requests[-1]
        tag = "" if "tag=" in header(last, "To") else ";tag=mirror"
        kept = re.findall(r"(?im)^(?:Via|Record-Route)\s*:.*?$", last)
        lines = [f"SIP/2.0 {code} Answer", *(line.rstrip("\r") for line in kept)]
        lines += [f"{name}: {header(last, name)}" for name in ("From", "Call-ID", "CSeq")]
        lines += [f"To: {header(last, 'To')}{tag}", f"Contact: <sip:mirror@127.0.0.1:{self._port}>"]
        if code in CHALLENGES:
            lines.append(f'{CHALLENGES[code]}: Digest realm="mirror", nonce="1234abcd", algorithm=MD5')
        self._send(lines, SDP if last.startswith("INVITE ") and code[0] in "12" else "")

    def _ask(self, method: str) -> None:
        """A request in the dialog that the last message belongs to, or one that begins a dialog."""
        last = self.received[-1] if self.received else ""
        theirs, ours = header(last, "From"), header(last, "To")
        if last.startswith("SIP/2.0"):
            theirs, ours = ours, theirs
        self.cseq += method not in ("ACK", "CANCEL")
        lines = [
            f"{method} sip:service@127.0.0.1:{self.remote_port} SIP/2.0",
            f"Via: SIP/2.0/UDP 127.0.0.1:{self._port};branch=z9hG4bKmirror{self.cseq}",
            f"From: {ours or f'<sip:mirror@127.0.0.1:{self._port}>;tag=mirror'}",
            f"To: {theirs or f'<sip:service@127.0.0.1:{self.remote_port}>'}",
            f"Call-ID: {header(last, 'Call-ID') or 'mirror@127.0.0.1'}",
            f"CSeq: {self.cseq} {method}",
            f"Contact: <sip:mirror@127.0.0.1:{self._port}>",
        ]
        self._send(lines, SDP if method == "INVITE" else "")

    @property
    def _port(self) -> int:
        port: int = self.socket.getsockname()[1]
        return port

    def _send(self, lines: list[str], body: str) -> None:
        kind = ["Content-Type: application/sdp"] if body else []
        text = "\r\n".join([*lines, *kind, f"Content-Length: {len(body)}", "", body])
        self.socket.sendto(text.encode(), ("127.0.0.1", self.remote_port))


_MASKS = (
    (r"(?im)^(Call-ID|i)\s*:.*$", r"\1: …"),
    (r"(?im)^Date\s*:.*$", "Date: …"),
    (r"(?m)^m=(\w+) \d+", r"m=\1 …"),
    (r"tag=[^;>\s]+", "tag=…"),
    (r"branch=[^;>\s]+", "branch=…"),
    (r'\b(cnonce|response)="[^"]+"', r'\1="…"'),
)


def comparable(message: str, pid: int, ports: Sequence[int]) -> str:
    """A message without what differs from run to run: process id, ports, Call-ID, tags, branches, dates, digests."""
    message = re.sub(rf"\b{pid}(?!\d)", "PID", message)
    for index, port in enumerate(ports):
        message = re.sub(rf"\b{port}\b", f"PORT{index}", message)
    for pattern, replacement in _MASKS:
        message = re.sub(pattern, replacement, message)
    return message
