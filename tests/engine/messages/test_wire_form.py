# SPDX-License-Identifier: AGPL-3.0-or-later
"""Commands and events travel as JSON and as MessagePack, and come back as what they were."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from engine.messages import (
    AnyCommand,
    AnyEvent,
    CheckOptions,
    Event,
    Logged,
    Outcome,
    RunFinished,
    SetRate,
    StartRun,
    StopRun,
    Verdict,
    Warning,
)
from engine.options import RunConfig
from engine.report.summary import summarize
from tests.engine.report.examples import media, run_started, snapshot

CONFIG = RunConfig(remote="[::1]:5060", users=3, data_files=("a.csv", "b.csv"), keywords=(("name", "value"),))
SNAPSHOT = snapshot(elapsed_s=2, successful=3, failed=1, response_ms=(1, 2, 3, 30))

EVENTS: list[Event] = [
    run_started(),
    SNAPSHOT,
    msgspec.structs.replace(SNAPSHOT, media=media()),
    Warning(run="1", elapsed_ns=5, text="a socket is full", count=3),
    Logged(run="1", elapsed_ns=6, text="what the scenario said"),
    RunFinished(run="1", summary=summarize(run_started(), SNAPSHOT, Outcome.FAILED)),
]
COMMANDS: list[Any] = [
    StartRun(config=CONFIG),
    StopRun(run="1", now=True),
    SetRate(run="1", rate=2.5),
    CheckOptions(config=CONFIG),
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_events_come_back_as_they_were(event: Event) -> None:
    assert msgspec.json.decode(msgspec.json.encode(event), type=AnyEvent) == event
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(event), type=AnyEvent) == event


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: type(command).__name__)
def test_commands_come_back_as_they_were(command: Any) -> None:
    assert msgspec.json.decode(msgspec.json.encode(command), type=AnyCommand) == command
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(command), type=AnyCommand) == command


def test_the_verdict_says_why() -> None:
    assert str(Verdict()) == "trustworthy"
    limited = Verdict(reasons=("late starts", "kernel drops"))
    assert (limited.trustworthy, str(limited)) == (False, "generator-limited: late starts; kernel drops")
