# SPDX-License-Identifier: AGPL-3.0-or-later
"""What docs/observability.md says of Homer works, and names all that there is."""

from __future__ import annotations

import re

from engine.export.hep import LARGEST, LARGEST_DATAGRAM, MOST_CORRELATION, MOST_KEY
from engine.export.homer import MOST_WAITING
from engine.export.homer_links import AT_ONCE, STALLED_S
from engine.export.outage import FIRST_PAUSE_S, LONGEST_PAUSE_S, STEADY_S
from engine.export.waiting import MOST_BYTES
from engine.options import FLAGS
from tests.interop.homer import IN_TERMINAL, packets_of
from tests.interop.pages import blocks_of, on_free_ports, page, run_block
from tests.programs import Programs, require

_PAGE = page("observability.md")
SECTION = _PAGE[_PAGE.index("## Homer\n") :].split("\n## ")[0]
MESSAGES = 600


def test_sngrep_has_all_messages_of_the_example(programs: Programs, shell: dict[str, str]) -> None:
    require("sngrep")
    require("tshark")
    here = on_free_ports()
    capture, read = (here(line) for line in re.findall(r"```text\n(\w+ -.+)\n```", SECTION))
    (block,) = blocks_of(SECTION)
    calls = [here(line) for line in block]
    sngrep = programs.start(*IN_TERMINAL, *capture.split(), environment={"TERM": "xterm"})
    sngrep.wait_bound(int(capture.split(":")[2].split()[0]))
    run_block(programs, shell, calls)
    packets_of(programs.folder / "calls.pcap", MESSAGES)
    sngrep.end()
    reading = programs.start("sh", "-c", read)
    assert reading.wait() == 0, reading.output
    assert f"Number of SIP messages: {MESSAGES}" in reading.output
    assert f"every message of the 100 calls, {MESSAGES} of them" in SECTION


def test_the_section_names_every_option() -> None:
    flags = [flag for flag in FLAGS if flag.startswith("-hep_")]
    assert sorted(re.findall(r"^\| `(-hep_\w+)` \|", SECTION, re.M)) == sorted(flags)


def test_the_numbers_of_the_section_are_those_of_the_program() -> None:
    assert f"({LARGEST:,} bytes, {LARGEST_DATAGRAM:,} over UDP)" in SECTION
    assert f"of {MOST_KEY:,} bytes at most" in SECTION
    assert f"of more than {MOST_CORRELATION:,} bytes" in SECTION
    assert f"takes nothing for {STALLED_S:g} s" in SECTION
    assert f"has been back for {STEADY_S:g} s" in SECTION
    assert f"after {FIRST_PAUSE_S:g} s, then after twice as long each time, up to {LONGEST_PAUSE_S:g} s" in SECTION
    assert f"Up to {MOST_WAITING:,} messages or {MOST_BYTES >> 20} MB" in SECTION
    assert f"at most {AT_ONCE} in a millisecond" in SECTION
