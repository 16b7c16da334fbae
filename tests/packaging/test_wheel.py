# SPDX-License-Identifier: AGPL-3.0-or-later
"""The wheel, compiled and plain, installed in a fresh environment and run from another folder: it has all that it needs, and
only from itself."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import msgspec
import pytest

from engine import __version__
from tests.programs import ALONE, GOSSIPPER, ROOT, Programs, free_port, missing, require

CHOICE = "GOSSIPPER_BUILD"
FORMS = {"compiled": "compiled", "pure": "plain Python"}
"""What a build may be asked for, and what the program then says of itself."""

INSTALL_LIMIT_S = 900


def run(*command: str, folder: Path, **environment: str) -> str:
    """Run a step of the build to its end and return what it printed; fails with that."""
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=INSTALL_LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}"
    return done.stdout


def build(folder: Path, **environment: str) -> tuple[Path, str]:
    """The wheel of this checkout, and what was printed when it was built."""
    command = (sys.executable, "-m", "pip", "wheel", "--verbose", "--no-deps", "--wheel-dir", str(folder), str(ROOT))
    printed = run(*command, folder=folder, **environment)
    [path] = folder.glob("*.whl")
    return path, printed


def hook() -> dict[str, list[str]]:
    """What `pyproject.toml` says of the compiled form."""
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    configured: dict[str, list[str]] = tool["hatch"]["build"]["targets"]["wheel"]["hooks"]["custom"]
    return configured


def holds(wheel: Path) -> set[str]:
    """The files in a wheel."""
    return set(zipfile.ZipFile(wheel).namelist())


@pytest.fixture(scope="module", params=FORMS)
def form(request: pytest.FixtureRequest) -> str:
    """What the build is asked for. The compiled form needs a C compiler and Python's headers."""
    asked: str = request.param
    if asked == "compiled":
        require("cc")
        if not Path(sysconfig.get_path("include"), "Python.h").exists():
            missing("Python.h")
    return asked


@pytest.fixture(scope="module")
def wheel(form: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout in one form."""
    return build(tmp_path_factory.mktemp("wheel"), **{CHOICE: form})[0]


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The commands of an environment that has nothing but what is installed from wheels of this checkout."""
    folder = tmp_path_factory.mktemp("environment")
    run(sys.executable, "-m", "venv", str(folder), folder=folder)
    return folder / "bin"


@pytest.fixture(scope="module")
def gossipper(wheel: Path, environment: Path) -> Iterator[str]:
    """The command `gossipper`, installed from the wheel."""
    pip = (str(environment / "python"), "-m", "pip")
    run(*pip, "install", "--quiet", str(wheel), folder=environment)
    yield str(environment / "gossipper")
    run(*pip, "uninstall", "--quiet", "--yes", "gossipper", folder=environment)


def test_the_compiled_wheel_holds_machine_code_beside_each_source(form: str, wheel: Path) -> None:
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    compiled = {name for name in holds(wheel) if name.endswith(".so")}
    if form == "pure":
        assert compiled == set()
        assert wheel.name.endswith("-py3-none-any.whl")
        return
    modules = [module.replace(".", "/") for module in hook()["modules"]]
    assert compiled == {f"{name}{suffix}" for name in (*modules, "engine/native__mypyc")}
    assert {f"{module}.py" for module in modules} <= holds(wheel)


@pytest.mark.parametrize("module", hook()["modules"])
def test_a_compiled_module_defines_nothing_that_msgspec_reads(module: str) -> None:
    defined = [thing for thing in vars(import_module(module)).values() if getattr(thing, "__module__", "") == module]
    assert [thing for thing in defined if isinstance(thing, type) and issubclass(thing, msgspec.Struct)] == []


def test_without_a_compiler_the_wheel_is_plain_and_one_line_says_so(tmp_path: Path) -> None:
    wheel, printed = build(tmp_path, **{CHOICE: "", "CC": "no-such-compiler"})
    assert wheel.name.endswith("-py3-none-any.whl")
    [warning] = [line for line in printed.splitlines() if "warning: gossipper" in line]
    assert "no-such-compiler" in warning


def test_a_build_leaves_nothing_in_the_checkout(wheel: Path) -> None:
    left = [
        path for folder in ("engine", "gossipper_tui") for path in (ROOT / folder).rglob("*") if path.suffix in (".c", ".so")
    ]
    assert left == []
    assert not (ROOT / "build").exists()


@pytest.mark.skipif(os.environ.get(CHOICE) != "compiled", reason=f"{CHOICE}=compiled is not set, as it is in .ci/run")
def test_the_tests_that_start_our_program_start_the_compiled_one(programs: Programs) -> None:
    program = programs.start(*GOSSIPPER, "--version")
    assert program.wait() == 0
    assert program.output == f"gossipper {__version__} (compiled)\n"


def test_the_wheel_carries_every_theme_and_scenario(wheel: Path) -> None:
    names = holds(wheel)
    there = [path.relative_to(ROOT / "scenarios") for path in (ROOT / "scenarios").rglob("*") if path.is_file()]
    scenarios = {f"engine/scenarios/{path}" for path in there}
    themes = {f"gossipper_tui/themes/{path.name}" for path in (ROOT / "themes").iterdir()}
    assert {"engine/scenarios/uac.xml", "engine/scenarios/uas.xml", "engine/scenarios/media/speech.wav"} <= scenarios <= names
    assert themes
    assert themes <= names
    assert not [name for name in names if name.startswith(("tests", "snapshots", "docs"))]


def test_version(gossipper: str, form: str, programs: Programs) -> None:
    program = programs.start(gossipper, "--version", environment=ALONE)
    assert program.wait() == 0
    assert program.output == f"gossipper {__version__} ({FORMS[form]})\n"


@pytest.mark.parametrize("name", ["uac", "uas", "branchc"])
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
