# SPDX-License-Identifier: AGPL-3.0-or-later
"""Data files of whole runs: shared by all workers, left to nobody, and what is wrong with them told before."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import trio

from engine import open_engine
from engine.bus import Bus
from engine.errors import GossipperError, OptionError
from engine.messages import CheckOptions, Outcome, StartRun, Summary
from engine.options import RunConfig
from tests.engine.run.runs import LIMIT_S, SHORT_CALLS, start

FIELDS = "[field0] [field1]"


def scenario(folder: Path, text: str, before: str = "", after: str = "") -> str:
    """A scenario that sends one message with this text as its body, between other steps."""
    path = folder / "s.xml"
    message = "OPTIONS sip:x SIP/2.0\nCall-ID: [call_id]\nCSeq: 1 OPTIONS\n\n"
    path.write_text(f'<scenario name="s">{before}<send><![CDATA[{message}{text}]]></send>{after}</scenario>')
    return str(path)


def held(name: str) -> bool:
    """Whether memory of the data file of this name is still held here, by a descriptor or a mapping."""
    found = Path("/proc/self/maps").read_text()
    for descriptor in os.listdir("/proc/self/fd"):
        with suppress(OSError):
            found += os.readlink(f"/proc/self/fd/{descriptor}")
    return f"/memfd:{name}" in found


@asynccontextmanager
async def heard(**options: Any) -> AsyncIterator[tuple[Bus, RunConfig, list[str]]]:
    """An engine, a configuration that sends to a socket, and the bodies that the socket gets."""
    with trio.socket.socket(trio.socket.AF_INET, trio.socket.SOCK_DGRAM) as peer:
        await peer.bind(("127.0.0.1", 0))
        bodies: list[str] = []

        async def listen() -> None:
            while True:
                bodies.append((await peer.recv(65536)).partition(b"\r\n\r\n")[2].decode())

        async with trio.open_nursery() as nursery:
            nursery.start_soon(listen)
            async with open_engine(in_process=True) as bus:
                remote = f"127.0.0.1:{peer.getsockname()[1]}"
                yield bus, RunConfig(**{**SHORT_CALLS, "remote": remote, **options}), bodies
            nursery.cancel_scope.cancel()


async def run(bus: Bus, config: RunConfig) -> tuple[Summary, list[str]]:
    """A run to its end, and its warnings."""
    options = {name: getattr(config, name) for name in config.__struct_fields__}
    watched = await start(bus, **options)
    with trio.fail_after(LIMIT_S):
        summary = await watched.finish()
    return summary, watched.warnings


@pytest.mark.parametrize("workers", [1, 2])
async def test_workers_share_the_lines(tmp_path: Path, workers: int) -> None:
    (tmp_path / "shared.csv").write_text("SEQUENTIAL\n" + "".join(f"{number};{number}\n" for number in range(10)) + "\nleft\n")
    async with heard(
        scenario_file=scenario(tmp_path, FIELDS), data_files=(str(tmp_path / "shared.csv"),), max_calls=12, workers=workers
    ) as (bus, config, bodies):
        summary, warnings = await run(bus, config)
        assert summary.outcome is Outcome.PASSED
    assert sorted(bodies) == sorted(f"{number % 10} {number % 10}" for number in range(12))
    told = f"{tmp_path}/shared.csv:12: an empty line ends the data, as in SIPp; the lines behind it are not read"
    assert warnings == [told]
    assert not held("shared.csv")


@pytest.mark.parametrize("workers", [1, 2])
async def test_what_is_inserted_is_seen_by_the_calls_of_the_same_worker(tmp_path: Path, workers: int) -> None:
    (tmp_path / "a.csv").write_text("SEQUENTIAL\na;1\n")
    steps = """<nop><action><lookup assign_to="line" file="a.csv" key="new"/><insert file="a.csv" value="new;[call_number]"/>
        </action></nop>"""
    async with heard(
        scenario_file=scenario(tmp_path, '[call_number] [field1 line="[$line]"]|', steps),
        data_files=(str(tmp_path / "a.csv"),),
        data_indexes=(("a.csv", "0"),),
        max_calls=6,
        workers=workers,
    ) as (bus, config, bodies):
        assert (await run(bus, config))[0].outcome is Outcome.PASSED
    found = dict(re.fullmatch(r"(\d+) (\d*)\|", body).groups() for body in bodies)  # type: ignore[union-attr, misc]
    assert found == {str(call): str(call - workers) if call > workers else "" for call in range(1, 7)}


async def test_a_call_that_meets_a_short_line_fails_and_is_counted(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("SEQUENTIAL\n" + "a;b\n" * 150 + "c\n")
    async with heard(scenario_file=scenario(tmp_path, FIELDS), data_files=(str(tmp_path / "a.csv"),), max_calls=151) as (
        bus,
        config,
        _,
    ):
        counters = (await run(bus, config))[0].counters
    assert (counters.successful, counters.failed) == (150, 1)
    ((reason, count),) = counters.reasons.items()
    assert (f"[field1]: {tmp_path}/a.csv:152 has 1 fields, and it needs 2" in reason, count) == (True, 1)


@pytest.mark.parametrize(
    ("options", "text", "told"),
    [
        ({"data_files": ("e.csv",)}, FIELDS, "-inf: e.csv: the data file has no line of data"),
        ({"data_files": ("a.csv", "e.csv")}, FIELDS, "-inf: e.csv: the data file has no line of data"),
        ({"incoming_data_files": ("e.csv",)}, FIELDS, "-rxinf: e.csv: the data file has no line of data"),
        ({}, FIELDS, "-inf: the scenario reads 2 fields; give it a data file with -inf FILE"),
        ({"data_indexes": (("a.csv", "0"),)}, "", "-infindex: no data file 'a.csv' was given; name it with -inf"),
        (
            {"data_files": ("a.csv",), "data_indexes": (("b.csv", "0"),)},
            "",
            "-infindex: no data file 'b.csv' was given; did you mean a.csv?",
        ),
        ({"data_files": ("a.csv",), "data_indexes": (("a.csv", "x"),)}, "", "-infindex: 'x' is no number of a field"),
        ({"data_files": ("a.csv",), "data_indexes": (("a.csv", "-1"),)}, "", "-infindex: '-1' is no number of a field"),
    ],
)
async def test_what_is_wrong_is_told_of_its_option(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], text: str, told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.csv").write_text("USER\na;b\n")
    (tmp_path / "e.csv").write_text("USER\n")
    config = RunConfig(**{**SHORT_CALLS, "scenario_file": scenario(tmp_path, text), **options})
    async with open_engine() as bus:
        with pytest.raises(OptionError, match=re.escape(told)):
            await bus.call(StartRun(config=config))
        (problem,) = await bus.call(CheckOptions(config=config))
        assert told.partition(": ")[2] in problem.message


async def test_more_users_than_lines(tmp_path: Path) -> None:
    (tmp_path / "few.csv").write_text("USER\na\nb\n")
    config = RunConfig(
        **{
            **SHORT_CALLS,
            "scenario_file": scenario(tmp_path, "[field0]"),
            "data_files": (str(tmp_path / "few.csv"),),
            "users": 3,
        }
    )
    async with open_engine() as bus:
        with pytest.raises(OptionError, match=r"-users: .*few\.csv has a line for each user, and only 2 of them"):
            await bus.call(StartRun(config=config))
    assert not held("few.csv")


async def test_incoming_calls_have_data_files_of_their_own(tmp_path: Path) -> None:
    """[field0] is of the first file of -rxinf there, and those of -inf are found by name; the other way round too."""
    (tmp_path / "a.csv").write_text("SEQUENTIAL\nours\n")
    (tmp_path / "b.csv").write_text("SEQUENTIAL\ntheirs\n")
    incoming = tmp_path / "rx.xml"
    answer = "SIP/2.0 200 OK\n[last_Via:]\n[last_Call-ID:]\n[last_CSeq:]\n\n[field0] [field0 file=a.csv]"
    incoming.write_text(f'<scenario name="rx"><recv request="INFO"/><send><![CDATA[{answer}]]></send></scenario>')
    async with heard(
        scenario_file=scenario(tmp_path, "[field0] [field0 file=b.csv] [local_port]", after='<pause milliseconds="3000"/>'),
        incoming_file=str(incoming),
        data_files=(str(tmp_path / "a.csv"),),
        incoming_data_files=(str(tmp_path / "b.csv"),),
        max_calls=1,
    ) as (bus, config, bodies):
        watched = await start(bus, **{name: getattr(config, name) for name in config.__struct_fields__})
        await watched.until(lambda snapshot: bodies)
        port = int(bodies[0].split()[-1])
        with trio.socket.socket(trio.socket.AF_INET, trio.socket.SOCK_DGRAM) as caller, trio.fail_after(LIMIT_S):
            await caller.bind(("127.0.0.1", 0))
            await caller.sendto(
                b"INFO sip:x SIP/2.0\r\nVia: SIP/2.0/UDP a\r\nCall-ID: rx\r\nCSeq: 1 INFO\r\n\r\n", ("127.0.0.1", port)
            )
            assert (await caller.recv(65536)).endswith(b"theirs ours")
        assert (await watched.finish()).outcome is Outcome.PASSED
    assert bodies[0].startswith("ours theirs ")


async def test_an_action_on_data_files_needs_one(tmp_path: Path) -> None:
    steps = '<nop><action><insert file="a.csv" value="new"/></action></nop>'
    config = RunConfig(**{**SHORT_CALLS, "scenario_file": scenario(tmp_path, "", steps)})
    async with open_engine() as bus:
        with pytest.raises(OptionError, match="-inf: the scenario works with a data file; name it with -inf FILE"):
            await bus.call(StartRun(config=config))


async def test_a_field_that_no_line_has_keeps_the_run_from_starting(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("SEQUENTIAL\na;b\n")
    config = RunConfig(
        **{**SHORT_CALLS, "scenario_file": scenario(tmp_path, "[field2]"), "data_files": (str(tmp_path / "a.csv"),)}
    )
    async with open_engine(in_process=True) as bus:
        with pytest.raises(GossipperError, match=r"s\.xml:\d+: .*a\.csv:2 has 2 fields, \[field2\] needs 3"):
            await bus.call(StartRun(config=config))
