# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the commands print, and what happens when nobody reads it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from engine import __version__
from engine.options import FLAGS
from engine.options.transports import ALIASES, KINDS
from tests.gossipper_tui.cli.program import environment, gossipper
from tests.programs import GOSSIPPER


@pytest.mark.parametrize("arguments", [["--version"], ["sipp", "-v"], ["tui", "--version"]])
def test_version(arguments: list[str]) -> None:
    ended = gossipper(*arguments)
    assert ended.code == 0
    assert ended.out in {f"gossipper {__version__} ({form})\n" for form in ("compiled", "plain Python")}


def test_version_tells_what_was_accepted_and_changes_nothing() -> None:
    lines = gossipper("sipp", "-v", "-timer_resol", "10", "-watchdog_reset", "5").out.splitlines()
    assert [line.partition(":")[0] for line in lines[1:]] == ["-timer_resol", "-watchdog_reset"]


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"], ["help"]])
def test_help_is_printed_where_there_is_no_terminal(arguments: list[str]) -> None:
    ended = gossipper(*arguments)
    assert ended.code == 0
    assert all(command in ended.out for command in ("gossipper sipp", "gossipper tui", "gossipper demo", "gossipper check"))


@pytest.mark.parametrize("arguments", [["help", "sipp"], ["sipp", "-h"], ["sipp", "--help"], ["help", "tui"], ["tui", "-h"]])
def test_help_names_every_flag(arguments: list[str]) -> None:
    ended = gossipper(*arguments)
    assert ended.code == 0
    assert [flag for flag in FLAGS if f"{flag}" not in ended.out] == []
    assert max(map(len, ended.out.splitlines())) <= 110


def test_help_lists_the_transports_with_what_they_are() -> None:
    lines = [line.split(maxsplit=1) for line in gossipper("help", "sipp").out.splitlines()]
    for name, kind in {**KINDS, **ALIASES}.items():
        assert [name, kind.meaning] in lines


@pytest.mark.parametrize("command", ["check", "demo", "help", "tls-cert"])
def test_every_command_has_help(command: str) -> None:
    ended = gossipper(command, "--help")
    assert (ended.code, ended.err) == (0, "")
    assert f"gossipper {command}" in ended.out


@pytest.mark.parametrize(
    "name", ["uac", "uas", "regexp", "branchc", "branchs", "ooc_dummy", "register_auth_uac", "invite_auth_uas", "refer_uas"]
)
def test_built_in_scenarios_are_printed(name: str) -> None:
    ended = gossipper("sipp", "-sd", name)
    assert ended.code == 0
    assert ended.out.startswith("<?xml")
    assert "</scenario>" in ended.out


def test_help_to_a_reader_that_left_is_quiet() -> None:
    with subprocess.Popen(
        [*GOSSIPPER, "help", "sipp"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""


def test_a_run_does_not_load_the_application_or_rich() -> None:
    script = "import sys, gossipper_tui.__main__, gossipper_tui.cli.runner, engine.run.commands; print(*sorted(sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment()
    ).stdout.split()
    assert {"textual", "rich", "asyncio", "yaml", "cryptography", "engine.scenario.diagnostics"} & set(loaded) == set()
    assert {"pylibsrtp", "OpenSSL", "engine.media.leg", "engine.media.sources.playing", "engine.shard.media.desk"} & set(
        loaded
    ) == set()
