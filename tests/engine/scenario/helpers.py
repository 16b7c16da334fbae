# SPDX-License-Identifier: AGPL-3.0-or-later
"""Short ways to a scenario, its problems and its rendered messages."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import FrameType
from typing import Any

import msgspec

from engine.errors import ScenarioError
from engine.messages import Failure
from engine.scenario.compile import compile_program
from engine.scenario.data_files import DataFile
from engine.scenario.data_files.loading import load_data_file
from engine.scenario.load import load_scenario, read_scenario
from engine.scenario.program import Hold, Program, RunFacts, SendStep
from engine.scenario.variables import Value
from engine.sip.authentication import Authentication
from engine.sip.message import Message
from tests.engine.scenario.told_media import ToldMedia

OPTIONS = "<send><![CDATA[\nOPTIONS sip:x SIP/2.0\nCall-ID: [call_id]\n\n]]></send>\n"
"""A sound first step, four lines long."""

FACTS: dict[str, Any] = {
    "local_ip": "127.0.0.2",
    "local_port": 5062,
    "remote_ip": "127.0.0.1",
    "remote_host": "peer.example",
    "remote_port": 5070,
    "pid": 4242,
}


def scenario_bytes(body: str) -> bytes:
    """A scenario file whose body begins in line 3."""
    return f'<?xml version="1.0" encoding="ISO-8859-1" ?>\n<scenario name="test">\n{body}</scenario>\n'.encode("latin-1")


def problems_of(body: str | bytes, keywords: tuple[str, ...] = ()) -> list[str]:
    """Every problem of a body (or of a whole file in bytes), as text."""
    data = body if isinstance(body, bytes) else scenario_bytes(body)
    return [str(problem) for problem in read_scenario("s.xml", data, keywords)[1]]


def program_of(body: str, **facts: Any) -> Program:
    """The program of a body in a run with these facts."""
    keywords = [name for name, _ in facts.get("keywords", ())]
    return compile_program(load_scenario("s.xml", scenario_bytes(body), keywords), RunFacts(**{**FACTS, **facts}))


def data_file(text: str | bytes, path: str = "dir/a.csv", **options: Any) -> DataFile:
    """A data file with this text. `options`: `indexed_field`; `seed` of what is drawn; `coming_number` of calls."""
    data = text if isinstance(text, bytes) else text.encode("latin-1")
    random, coming_number = Random(options.pop("seed", 1)), options.pop("coming_number", lambda: 1)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder, Path(path).name)
        place.write_bytes(data)
        try:
            loaded = load_data_file(str(place), **options)
        except ScenarioError as error:
            raise ScenarioError(path, error.line, error.column, error.message, error.hint) from None
    try:
        return DataFile(msgspec.structs.replace(loaded, path=path), random, coming_number)
    finally:
        os.close(loaded.descriptor)


@dataclass
class Call:
    """A call as keywords and actions see it."""

    number: int = 7
    call_id: bytes = b"7-4242@127.0.0.2"
    cseq: int = 3
    user: int = 0
    step_index: int = 0
    last: Message | None = None
    message: bytes = b""
    variables: list[Value] = field(default_factory=list)
    user_variables: list[Value] = field(default_factory=list)
    peer_tag: bytes = b""
    routes: bytes = b""
    next_url: bytes = b""
    authentication: Authentication | None = None
    local_port: int = 5099
    local_ip: str = ""
    circuit: int = 0
    failures: list[tuple[Failure, str]] = field(default_factory=list)
    logs: list[str] = field(default_factory=list)
    logged_beside: list[tuple[str, str, tuple[tuple[str, str], ...]]] = field(default_factory=list)
    jumps: list[float] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    media: ToldMedia = field(default_factory=ToldMedia)
    holds: list[tuple[Hold, int]] = field(default_factory=list)

    @property
    def digits(self) -> bytes:
        """The number as it is written."""
        return b"%d" % self.number

    def fail(self, failure: Failure, detail: str) -> None:
        """Remember the failure."""
        self.failures.append((failure, detail))

    def jump_to(self, index: int) -> None:
        """Remember the target."""
        self.jumps.append(index)

    def restore_pause(self, until_ms: float) -> None:
        """Remember the end."""
        self.jumps.append(until_ms)

    def hold(self, hold: Hold, timeout_ms: int) -> None:
        """Remember what is waited for."""
        self.holds.append((hold, timeout_ms))

    def execute(self, command: bytes, label: str) -> None:
        """Remember the command."""
        self.logs.append(f"{label}: {command.decode()}")

    def set_destination(self, host: str, port: str, protocol: str) -> None:
        """Remember it."""
        self.logs.append(f"{protocol} to {host} port {port}")

    def close_connection(self) -> None:
        """Remember it."""
        self.logs.append("close_connection")

    def stop_call(self) -> None:
        """Remember it."""
        self.logs.append("stop_call")

    def end_run(self) -> None:
        """Remember it."""
        self.logs.append("end_run")

    def log(self, text: str) -> None:
        """Remember the text."""
        self.logs.append(text)

    def log_event(self, text: str, level: str, name: str, attributes: tuple[tuple[str, str], ...]) -> None:
        """Remember the text, and what was said beside it."""
        self.logs.append(text)
        self.logged_beside.append((level, name, attributes))

    def warn(self, text: str) -> None:
        """Remember the text."""
        self.warnings.append(text)


def message(*lines: str, body: str = "") -> Message:
    """A message with a Call-ID and these header lines, the first being its start line."""
    return Message("\r\n".join([*lines, "Call-ID: 1@peer", "", body]).encode("latin-1"))


REPLY = message(
    "SIP/2.0 200 OK", "Via: SIP/2.0/UDP h1;branch=z1", "To: <sip:bob@b;x=1>;tag=p1", "CSeq: 5 OPTIONS", body="v=0\r\n"
)


def render(text: str, call: Call | None = None, *, before: str = "", **facts: Any) -> bytes:
    """What a message with these lines behind its start line and Call-ID becomes; the lines alone."""
    body = f"{before}<send><![CDATA[OPTIONS sip:x SIP/2.0\nCall-ID: 1\n{text}]]></send>"
    program = program_of(body, **facts)
    step = program.steps[-1]
    assert isinstance(step, SendStep)
    call = call or Call()
    call.variables = call.variables or [None] * len(program.variables)
    return step.render(call).partition(b"Call-ID: 1\r\n")[2]


@contextmanager
def no_hang(limit_s: float = 20.0) -> Iterator[None]:
    """Raise TimeoutError instead of hanging.

    Not for measuring: what runs within is so long that it takes a small part of the limit when the time grows as the
    length does, and many times the limit when it grows faster.
    """

    def stop(number: int, frame: FrameType | None) -> None:
        raise TimeoutError("the time grows faster than the length of what is read")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, limit_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
