# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whoever looks at scenarios and data files holds up no run, whatever stands behind their names."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import trio

from engine import open_engine
from engine.errors import OptionError, ScenarioErrors
from engine.messages import CheckOptions, CheckScenario, DescribeScenario, Outcome, StartRun
from engine.options import RunConfig
from tests.engine.run.runs import SHORT_CALLS, engine_with_server, start

CALL = "OPTIONS sip:x SIP/2.0\nCall-ID: [call_id]\nCSeq: 1 OPTIONS\nContent-Length: [len]\n\n"


def scenario(folder: Path, text: str = "") -> str:
    """A scenario that sends one message with this text in it."""
    path = folder / "s.xml"
    path.write_text(f'<scenario name="s"><send><![CDATA[{CALL}{text}]]></send></scenario>')
    return str(path)


@pytest.fixture
def fifo(tmp_path: Path) -> str:
    os.mkfifo(tmp_path / "fifo")
    return str(tmp_path / "fifo")


@pytest.mark.parametrize(("name", "told"), [("fifo", "it is a pipe"), ("/dev/zero", "it is no regular file")])
async def test_what_a_scenario_names_is_not_opened(tmp_path: Path, fifo: str, name: str, told: str) -> None:
    source = scenario(tmp_path, f'[file name="{tmp_path / name}"]')
    async with open_engine() as bus:
        (problem,) = await bus.call(CheckScenario(source=source))
        assert (problem.line, told in problem.message) == (6, True)
        assert (await bus.call(DescribeScenario(source=source))).problems == (problem,)
        with pytest.raises(ScenarioErrors, match=told):
            await bus.call(StartRun(config=RunConfig(**{**SHORT_CALLS, "scenario_file": source})))


@pytest.mark.parametrize("in_process", [True, False])
async def test_a_file_is_read_when_the_run_starts(tmp_path: Path, in_process: bool) -> None:
    """A file may come later than the scenario, and change between two runs."""
    body = tmp_path / "body"
    source = scenario(tmp_path, f'[file name="{body}"]')
    with trio.socket.socket(trio.socket.AF_INET, trio.socket.SOCK_DGRAM) as peer:
        await peer.bind(("127.0.0.1", 0))
        remote = f"127.0.0.1:{peer.getsockname()[1]}"
        async with open_engine(in_process=in_process) as bus:
            assert len(await bus.call(CheckScenario(source=source))) == 1
            for text in ("first", "second"):
                body.write_text(text)
                run = await start(bus, **{**SHORT_CALLS, "remote": remote, "scenario_file": source, "max_calls": 1})
                assert (await run.finish()).outcome is Outcome.PASSED
                assert (await peer.recv(65536)).endswith(b"\r\n\r\n" + text.encode())


async def test_a_pipe_instead_of_a_scenario_holds_up_nothing(fifo: str) -> None:
    async with engine_with_server() as (bus, server):
        with trio.fail_after(20):
            with pytest.raises(ScenarioErrors, match="it is a pipe"):
                await bus.call(DescribeScenario(source=fifo))
            assert await bus.call(CheckOptions(config=RunConfig(remote="127.0.0.1", scenario_file=fifo))) == ()
            with trio.move_on_after(0.1) as waiting:
                await bus.call(CheckScenario(source=fifo))
            assert waiting.cancelled_caught
            await server.next()


async def test_a_scenario_out_of_a_pipe_runs(tmp_path: Path, fifo: str) -> None:
    text = await trio.Path(scenario(tmp_path)).read_bytes()
    async with engine_with_server() as (bus, server), trio.open_nursery() as nursery:
        nursery.start_soon(trio.Path(fifo).write_bytes, text)
        remote = f"127.0.0.1:{server.port}"
        run = await start(bus, **{**SHORT_CALLS, "remote": remote, "scenario_file": fifo, "max_calls": 1})
        assert (await run.finish()).outcome is Outcome.PASSED


@pytest.mark.parametrize(("name", "told"), [("fifo", "it is a pipe"), ("/dev/zero", "it is no regular file")])
async def test_what_is_no_data_file_is_not_opened(tmp_path: Path, fifo: str, name: str, told: str) -> None:
    config = RunConfig(remote="127.0.0.1", data_files=(str(tmp_path / name),))
    async with open_engine() as bus:
        (problem,) = await bus.call(CheckOptions(config=config))
        assert (problem.option, told in problem.message) == ("data_files", True)
        with pytest.raises(OptionError, match=told):
            await bus.call(StartRun(config=config))


async def test_only_the_beginning_of_a_data_file_is_looked_at(tmp_path: Path) -> None:
    """As large as data files may be, and full of holes that would take long to read."""
    path = tmp_path / "large.csv"
    path.write_bytes(b"SEQUENTIAL\n" + b"line\n" * 30_000)
    os.truncate(path, 1 << 31)
    async with open_engine() as bus:
        assert await bus.call(CheckOptions(config=RunConfig(remote="127.0.0.1", data_files=(str(path),)))) == ()
        os.truncate(path, (1 << 31) + 1)
        (problem,) = await bus.call(CheckOptions(config=RunConfig(remote="127.0.0.1", data_files=(str(path),))))
        assert "it is larger than 2 GiB" in problem.message
