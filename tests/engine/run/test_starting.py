# SPDX-License-Identifier: AGPL-3.0-or-later
"""A run that cannot start says why, as the error that it is, and leaves nothing running or bound."""

from __future__ import annotations

import os
import re
import socket
from pathlib import Path
from typing import Any

import pytest

from engine import open_engine
from engine.errors import BindError, CommandError, GossipperError, OptionError, ReportError, ScenarioErrors, TransportError
from engine.messages import CheckOptions, Outcome, RunFinished, StartRun, StopRun
from engine.options import RunConfig
from tests.engine.run.runs import SHORT_CALLS, call, children, serve
from tests.programs import free_port

NOWHERE = "no/where"


@pytest.mark.parametrize("in_process", [True, False])
@pytest.mark.parametrize(
    ("options", "kind", "told"),
    [
        ({"remote": ""}, OptionError, "needs the host to call"),
        ({"remote": "host:²"}, OptionError, "is not host, host:port"),
        ({"scenario_file": "a.xml", "scenario_name": "uac"}, GossipperError, r"a\.xml|not both"),
        ({"scenario_name": "uax"}, ScenarioErrors, "uax"),
        ({"global_values": (("a", "1"),)}, OptionError, r"-set: \$a is no global variable of the scenario; declare it"),
        ({"incoming_name": "uas", "incoming_file": "a.xml"}, GossipperError, r"a\.xml|not both"),
        ({"incoming_name": "branchc"}, OptionError, "-rxsn: the scenario makes calls; one that takes them begins with <recv>"),
        ({"out_of_call_name": "ooc_defaul"}, ScenarioErrors, "ooc_defaul: .*did you mean ooc_default"),
        ({"out_of_call_name": "ooc_dummy", "scenario_name": "uas"}, OptionError, "-oocsn: .* the scenario is a server"),
        ({"rate": -1.0}, OptionError, "-r: "),
        ({"default_behaviors": "bay"}, OptionError, "'bay' is not one of"),
        ({"call_id_format": "same@%s"}, OptionError, r"-cid_str: all calls would have the same Call-ID; put %u"),
        ({"data_files": (NOWHERE,)}, OptionError, "cannot read the data file"),
        ({"workers": 2, "users": 1}, OptionError, "-users: 2 workers"),
        ({"workers": 2, "call_limit": 1}, OptionError, "-l: 2 workers"),
        ({"workers": 2, "local_port": 65535}, OptionError, "-p: 2 workers"),
        ({"media_port": 7000, "max_media_port": 6999}, OptionError, "-max_rtp_port: ports for media begin at -mp 7000"),
        ({"log_samples": ("rtd=2", "rdt=2")}, OptionError, "-log_sample: 'rdt' is no kind of event; there are engine.started"),
        ({"log_attributes": ("site",)}, OptionError, "-log_attr: 'site' is no attribute; write NAME=VALUE"),
        ({"remote": "nowhere.invalid"}, TransportError, "nowhere.invalid: the remote host cannot be resolved"),
        ({"local_ip": "192.0.2.1"}, BindError, "choose one with -i"),
        ({"bind_to_device": "eth99"}, BindError, "-bind_to_device eth99: there is no network device 'eth99'"),
        ({"sending_address": "host:0"}, OptionError, "-rsa: 'host:0' is not host, host:port"),
        ({"sending_address": "nowhere.invalid"}, TransportError, "nowhere.invalid: -rsa cannot be resolved"),
        ({"transport": "t1"}, TransportError, "is a server listening there"),
        ({"trace_statistics": True, "statistics_file": NOWHERE}, ReportError, f"{NOWHERE}: cannot be written"),
        ({"trace_messages": True, "message_file": NOWHERE}, GossipperError, f"{NOWHERE}: cannot be written"),
    ],
)
async def test_a_run_that_cannot_start(options: dict[str, Any], kind: type[Exception], told: str, in_process: bool) -> None:
    port = free_port()
    config = RunConfig(**{**SHORT_CALLS, "remote": f"127.0.0.1:{free_port()}", "local_port": port, **options})
    async with open_engine(in_process=in_process) as bus:
        with pytest.raises(kind, match=told) as raised, bus.subscribe(RunFinished) as events:
            await bus.call(StartRun(config=config))
        assert "\n" not in str(raised.value)
        assert len(events) == 0
        assert children() == set()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as again:
            again.bind(("127.0.0.1", port))
        with pytest.raises(CommandError, match="there is no run"):
            await bus.call(StopRun(run="uac-1"))


@pytest.mark.parametrize("in_process", [True, False])
async def test_a_port_in_use_is_a_bind_error_and_another_run_goes_on(in_process: bool) -> None:
    async with open_engine(in_process=in_process) as bus:
        server = await serve(bus)
        with pytest.raises(BindError, match=f"port {server.port}: .*choose another with -p"):
            await serve(bus, local_port=server.port)
        assert (await (await call(bus, server.port, max_calls=3)).finish()).outcome is Outcome.PASSED


@pytest.mark.parametrize("in_process", [True, False])
async def test_who_has_a_port_is_told(in_process: bool) -> None:
    port = free_port()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", port))
        async with open_engine(in_process=in_process) as bus:
            with pytest.raises(BindError, match=rf"port {port}: Address already in use; .*\(process {os.getpid()}\)$"):
                await serve(bus, local_port=port)
            with pytest.raises(BindError, match=rf"port {port}: Address already in use; .*\(process {os.getpid()}\)$"):
                await call(bus, free_port(), local_port=port - 1, workers=2)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({}, r"127\.0\.0\.1:\d+"),
        ({"workers": 3}, r"127\.0\.0\.1:(\d+), \d+, \d+"),
        ({"transport": "un"}, r"127\.0\.0\.1"),
        ({"transport": "un", "workers": 2}, r"127\.0\.0\.1"),
    ],
)
async def test_where_calls_come_from_is_told(options: dict[str, Any], told: str) -> None:
    async with open_engine(in_process=True) as bus:
        client = await call(bus, free_port(), max_calls=3, **options)
        assert re.fullmatch(told, client.started.local)
        await bus.call(StopRun(run=client.started.run, now=True))
        await client.finish()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"transport": "un"}, "127.0.0.1"),
        ({"local_ip": ""}, "0.0.0.0"),
        ({"local_ip": "", "bind_local": True}, ""),
        ({"local_ip": "::"}, "[::]"),
        ({"local_ip": "::1", "transport": "t1"}, "[::1]"),
    ],
)
async def test_where_a_server_listens_is_told(options: dict[str, Any], told: str) -> None:
    async with open_engine(in_process=True) as bus:
        server = await serve(bus, **options)
        host, _, port = server.started.local.rpartition(":")
        assert host == told or (not told and host != "0.0.0.0")
        with pytest.raises(BindError, match=f"port {port}: "):
            await serve(bus, **{**options, "local_port": int(port), "transport": options.get("transport", "u1")})


async def test_under_a_screen_there_is_no_standard_error() -> None:
    config = RunConfig(remote="127.0.0.1", log_to_stderr=True)
    async with open_engine(in_process=False) as bus:
        with pytest.raises(OptionError, match=r"-log_stdout: there is a screen .*; write to a file"):
            await bus.call(StartRun(config=config))
        [problem] = await bus.call(CheckOptions(config=config))
        assert problem.option == "log_to_stderr"
    async with open_engine(in_process=True) as bus:
        assert await bus.call(CheckOptions(config=config)) == ()


async def test_the_same_problems_are_found_without_starting(tmp_path: Path) -> None:
    scenario = tmp_path / "bad.xml"
    scenario.write_text('<scenario name="bad"><send/></scenario>')
    async with open_engine() as bus:
        config = RunConfig(
            scenario_file=str(scenario), rate=-1.0, default_behaviors="bay", incoming_file=NOWHERE, out_of_call_name="uac"
        )
        problems = {problem.option for problem in await bus.call(CheckOptions(config=config))}
        sound = await bus.call(CheckOptions(config=RunConfig(remote="127.0.0.1")))
    assert {"scenario_file", "rate", "default_behaviors", "incoming_file", "out_of_call_name"} <= problems
    assert sound == ()
