# SPDX-License-Identifier: AGPL-3.0-or-later
"""The wheel, installed in a fresh environment and run from another folder: it has all that it needs, and only from itself."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from engine import __version__
from tests.programs import ROOT, Programs, free_port

ALONE = {"PYTHONPATH": ""}
"""The environment of a program that must not find this checkout."""

INSTALL_LIMIT_S = 300


def run(*command: str, folder: Path) -> None:
    """Run a step of the build to its end; fails with what it printed."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=INSTALL_LIMIT_S, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "pip", "wheel", "--no-deps", "--wheel-dir", str(folder), str(ROOT), folder=folder)
    [path] = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def gossipper(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The command `gossipper` of an environment that has nothing but the wheel and what it asks for."""
    folder = tmp_path_factory.mktemp("environment")
    run(sys.executable, "-m", "venv", str(folder), folder=folder)
    run(str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", str(wheel), folder=folder)
    return str(folder / "bin" / "gossipper")


def test_the_wheel_carries_every_theme_and_scenario(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    scenarios = {f"engine/scenarios/{path.name}" for path in (ROOT / "scenarios").iterdir()}
    themes = {f"gossipper_tui/themes/{path.name}" for path in (ROOT / "themes").iterdir()}
    assert {"engine/scenarios/uac.xml", "engine/scenarios/uas.xml"} <= scenarios <= names
    assert themes
    assert themes <= names
    assert not [name for name in names if name.startswith(("tests", "snapshots", "docs"))]


def test_version(gossipper: str, programs: Programs) -> None:
    program = programs.start(gossipper, "--version", environment=ALONE)
    assert program.wait() == 0
    assert __version__ in program.output


@pytest.mark.parametrize("name", ["uac", "uas"])
def test_a_built_in_scenario_is_printed_and_sound(gossipper: str, programs: Programs, name: str) -> None:
    printed = programs.start(gossipper, "sipp", "-sd", name, environment=ALONE)
    assert printed.wait() == 0
    assert printed.output == (ROOT / "scenarios" / f"{name}.xml").read_text()
    (programs.folder / "copy.xml").write_text(printed.output)
    checked = programs.start(gossipper, "check", "copy.xml", environment=ALONE)
    assert checked.wait() == 0
    assert "copy.xml" in checked.output


def test_calls_to_itself(gossipper: str, programs: Programs) -> None:
    port = free_port()
    server = programs.start(gossipper, "sipp", "-sn", "uas", "-i", "127.0.0.1", "-p", str(port), "-m", "5", environment=ALONE)
    server.wait_bound(port)
    command = (gossipper, "sipp", f"127.0.0.1:{port}", "-i", "127.0.0.1", "-m", "5", "-r", "50", "-workers", "2")
    client = programs.start(*command, environment=ALONE)
    assert (client.wait(), server.wait()) == (0, 0), client.output


def test_the_application_finds_its_themes(gossipper: str, programs: Programs) -> None:
    python = str(Path(gossipper).with_name("python"))
    code = "from gossipper_tui.themes import load_themes; print(*sorted(load_themes()))"
    program = programs.start(python, "-c", code, environment=ALONE)
    assert program.wait() == 0, program.output
    assert len(program.output.split()) == len(list((ROOT / "themes").iterdir()))


def test_the_application_needs_a_terminal(gossipper: str, programs: Programs) -> None:
    program = programs.start(gossipper, "tui", environment=ALONE)
    assert program.wait() != 0
    [line] = program.output.splitlines()
    assert line.startswith("gossipper: ")
