# SPDX-License-Identifier: AGPL-3.0-or-later
"""The command lines of docs/transports.md do what the page says: every block marked `sh` is run, on ports that are free."""

from __future__ import annotations

import re

import pytest

from engine.options.transports import KINDS
from engine.options.values import Group
from tests.interop.pages import blocks_of, flags_not_named, name_of, on_free_ports, page, port_of, run_block
from tests.programs import Programs, require

PAGE = page("transports.md")
_CAPTURE = re.compile(r"```text\n(tshark -i .*\n)(SSLKEYLOGFILE=.*\n)(tshark -r .*\n)```")
MOST_TRIES = 20
BLOCKS = blocks_of(PAGE)


@pytest.mark.parametrize("block", BLOCKS, ids=name_of)
def test_the_command_lines_work(programs: Programs, shell: dict[str, str], block: list[str]) -> None:
    run_block(programs, shell, block)


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
    assert flags_not_named(PAGE, {Group.TRANSPORT, Group.TLS}) == []
