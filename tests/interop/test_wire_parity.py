# SPDX-License-Identifier: AGPL-3.0-or-later
"""The same scenario, run by SIPp and by us against the same mirror: the same bytes on the wire, the same end."""

from __future__ import annotations

import shlex
import shutil
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.interop.mirror import Mirror, Step, comparable, read_steps
from tests.programs import GOSSIPPER, ROOT, Programs, free_port, free_ports, require, require_root

BUILT_IN = ("uac", "uas", "regexp", "branchc", "branchs", "uac_pcap")
"""Those that send something by themselves."""
FILES = sorted((Path(__file__).parent / "scenarios").glob("*.xml"))
ARGUMENTS = ("-i", "127.0.0.1", "-m", "1", "-nostdin", "-timeout", "15", "-recv_timeout", "4000", "-d", "10")

PORTS = 20
"""How many a scenario may open for its media, with the ones it names beside them."""


@dataclass(frozen=True)
class Heard:
    """What the mirror heard of a program, and whether that ended well."""

    messages: list[str]
    successful: bool


def run(programs: Programs, command: tuple[str, ...], scenario: tuple[str, ...], steps: list[Step]) -> Heard:
    """One call of the scenario against the mirror."""
    port = free_port()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours:
        ours.bind(("127.0.0.1", 0))
        mirror = Mirror(ours, port)
        mirror_port: int = ours.getsockname()[1]
        remote = (f"127.0.0.1:{mirror_port}",) if steps[0].sends else ()
        program = programs.start(*command, *scenario, *ARGUMENTS, "-p", str(port), *remote)
        if not steps[0].sends:
            program.wait_bound(port)
        mirror.play(steps)
    successful = program.wait() == 0
    pid, ports = program.process.pid, (port, mirror_port)
    return Heard([comparable(message, pid, ports) for message in mirror.received], successful)


def assert_parity(programs: Programs, scenario: tuple[str, ...], text: bytes) -> None:
    if b"<exec play_" in text:
        require_root("SIPp's replay")
    steps = read_steps(text)
    scenario = (*scenario, "-mp", str(free_ports(PORTS)))
    commands = ((require("sipp"),), (*GOSSIPPER, "sipp"))
    opens_ports = b"<exec rtp_stream" in text or b"<exec play_" in text
    with ThreadPoolExecutor(1 if opens_ports else len(commands)) as pool:
        theirs, ours = pool.map(lambda command: run(programs, command, scenario, steps), commands)
    assert ours.messages == theirs.messages
    assert ours.successful == theirs.successful
    assert theirs.messages, "SIPp said nothing: the scenario proves nothing"


@pytest.mark.parametrize("scenario", FILES, ids=lambda path: path.stem)
def test_scenario_files(programs: Programs, scenario: Path) -> None:
    """Beside a scenario may lie its data file, a file with more arguments, and one that it names, put where it runs."""
    data, more, named = (scenario.with_suffix(suffix) for suffix in (".csv", ".args", ".txt"))
    if named.exists():
        shutil.copy(named, programs.folder)
    inf = ("-inf", str(data)) if data.exists() else ()
    arguments = shlex.split(more.read_text()) if more.exists() else ()
    assert_parity(programs, ("-sf", str(scenario), *inf, *arguments), scenario.read_bytes())


@pytest.mark.parametrize("name", BUILT_IN)
def test_built_in_scenarios(programs: Programs, name: str) -> None:
    shutil.copytree(ROOT / "scenarios" / "pcap", programs.folder / "pcap")
    printed = subprocess.run([require("sipp"), "-sd", name], capture_output=True, check=False).stdout
    assert_parity(programs, ("-sn", name), printed)


@pytest.mark.parametrize("name", BUILT_IN)
def test_our_files_of_built_in_scenarios_run_in_sipp(programs: Programs, name: str) -> None:
    shutil.copytree(ROOT / "scenarios" / "pcap", programs.folder / "pcap")
    file = ROOT / "scenarios" / f"{name}.xml"
    assert_parity(programs, ("-sf", str(file)), file.read_bytes())
