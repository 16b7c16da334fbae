# SPDX-License-Identifier: AGPL-3.0-or-later
"""Pages of docs/ whose command lines are run: every block marked `sh`, on ports that are free."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from engine.options import FLAGS
from engine.options.values import Group
from tests.programs import ROOT, Programs, free_port

_BLOCK = re.compile(r"```sh\n(.*?)```", re.S)
_PORT = re.compile(r"\b(?:50[67][0-9]|9060|9464)\b")
_SERVER = re.compile(r"-sn \w*uas\b")


def page(name: str) -> str:
    """The text of a page."""
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def blocks_of(text: str) -> list[list[str]]:
    """The lines of each block that is run."""
    return [block.splitlines() for block in _BLOCK.findall(text)]


def name_of(block: list[str]) -> str:
    """What a block's test is called: the command line of its server."""
    return next(line for line in block if _SERVER.search(line))[20:]


def on_free_ports() -> Callable[[str], str]:
    """A function that puts a free port for each that the page names, the same for the same."""
    ports: dict[str, str] = {}
    return lambda line: _PORT.sub(lambda named: ports.setdefault(named[0], str(free_port())), line)


def port_of(line: str) -> int:
    """The local port of a command line."""
    found = re.search(r"-p ([0-9]+)", line)
    assert found, f"no -p in: {line}"
    return int(found[1])


def run_block(programs: Programs, shell: Mapping[str, str], block: list[str]) -> list[str]:
    """Run the lines of a block, its server beside the others; what those that call said. All their calls succeed."""
    here, said = on_free_ports(), []
    for line in map(here, block):
        program = programs.start("sh", "-c", line, environment=shell)
        if _SERVER.search(line):
            program.wait_bound(port_of(line))
            continue
        assert program.wait() == 0, f"{line}\n{program.output}"
        wanted = re.search(r"-m ([0-9]+)", line)
        if wanted:
            assert f"{wanted[1]} calls · 0 open" in program.output
            assert f"· {wanted[1]} ok · 0 failed" in program.output
            said.append(program.output)
    assert said
    return said


def flags_not_named(text: str, groups: set[Group]) -> list[str]:
    """The options of these groups that a page does not name."""
    flags = {flag for flag, option in FLAGS.items() if option.setting.group in groups and flag == option.setting.flags[0]}
    return [flag for flag in sorted(flags) if not re.search(rf"(?<![\w-]){flag}\b", text)]
