# SPDX-License-Identifier: AGPL-3.0-or-later
"""The command lines of docs/transports.md do what the page says: every block marked `sh` is run, on ports that are free."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.options import FLAGS
from engine.options.transports import KINDS
from engine.options.values import Group
from tests.programs import GOSSIPPER, ROOT, Programs, free_port, require

PAGE = (ROOT / "docs" / "transports.md").read_text(encoding="utf-8")
_BLOCK = re.compile(r"```sh\n(.*?)```", re.S)
_CAPTURE = re.compile(r"```text\n(tshark -i .*\n)(SSLKEYLOGFILE=.*\n)(tshark -r .*\n)```")
_PORT = re.compile(r"\b50[67][0-9]\b")
MOST_TRIES = 20
BLOCKS = [block.splitlines() for block in _BLOCK.findall(PAGE)]


@pytest.fixture
def shell(tmp_path: Path) -> dict[str, str]:
    """An environment whose shells know `gossipper` by its name."""
    script = tmp_path / "bin" / "gossipper"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\nexec {shlex.join(GOSSIPPER)} "$@"\n')
    script.chmod(0o755)
    return {"PATH": f"{script.parent}:{os.environ['PATH']}"}


def on_free_ports() -> Callable[[str], str]:
    """A function that puts a free port for each that the page names, the same for the same."""
    ports: dict[str, str] = {}
    return lambda line: _PORT.sub(lambda named: ports.setdefault(named[0], str(free_port())), line)


def port_of(line: str) -> int:
    found = re.search(r"-p ([0-9]+)", line)
    assert found, f"no -p in: {line}"
    return int(found[1])


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: next(line for line in block if "-sn uas" in line)[20:])
def test_the_command_lines_work(programs: Programs, shell: dict[str, str], block: list[str]) -> None:
    calls = 0
    for line in map(on_free_ports(), block):
        program = programs.start("sh", "-c", line, environment=shell)
        if "-sn uas" in line:
            program.wait_bound(port_of(line))
            continue
        assert program.wait() == 0, f"{line}\n{program.output}"
        wanted = re.search(r"-m ([0-9]+)", line)
        if wanted:
            calls += 1
            assert f"{wanted[1]} calls · 0 open" in program.output
            assert f"· {wanted[1]} ok · 0 failed" in program.output
    assert calls


def test_what_was_sent_over_tls_can_be_read(programs: Programs, shell: dict[str, str]) -> None:
    require("tshark")
    found = _CAPTURE.search(PAGE)
    assert found
    here = on_free_ports()
    capture, call, read = map(here, found.groups())
    make, serve = map(here, next(block for block in BLOCKS if "-t l1" in block[1])[:2])
    assert programs.start("sh", "-c", make, environment=shell).wait() == 0
    programs.start("sh", "-c", serve, environment=shell).wait_bound(port_of(serve))
    programs.start("sh", "-c", capture)
    for _ in range(MOST_TRIES):  # tshark says that it captures before it does
        assert programs.start("sh", "-c", call, environment=shell).wait() == 0
        reading = programs.start("sh", "-c", read)
        reading.wait()
        if "Request: BYE" in reading.output:
            break
    assert "Request: INVITE" in reading.output
    assert "Status: 180 Ringing" in reading.output


def test_the_page_has_every_transport_and_its_port() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \|.*\| ([0-9]+) \|$", PAGE, re.M))
    assert rows == {name: str(kind.default_port) for name, kind in KINDS.items()}


def test_the_page_names_every_option_of_its_groups() -> None:
    told = {Group.TRANSPORT, Group.TLS}
    flags = {flag for flag, option in FLAGS.items() if option.setting.group in told and flag == option.setting.flags[0]}
    assert [flag for flag in sorted(flags) if not re.search(rf"(?<![\w-]){flag}\b", PAGE)] == []
