# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is imported when: the contracts say who may know whom; these say what a start must not pay for."""

from __future__ import annotations

import sys

import pytest

from tests.programs import Programs

HEAVY = ("textual", "rich")


@pytest.mark.parametrize("module", ["engine", "engine.messages", "engine.report.summary", "gossipper_tui.cli"])
def test_importing_the_engine_never_imports_the_application(programs: Programs, module: str) -> None:
    program = programs.start(
        sys.executable, "-c", f"import sys, {module}; print(*sorted(name.split('.')[0] for name in sys.modules))"
    )
    assert program.wait() == 0, program.output
    assert not set(HEAVY) & set(program.output.split())


def test_the_command_line_runs_without_the_application(programs: Programs) -> None:
    program = programs.start(sys.executable, "-X", "importtime", "-m", "gossipper_tui", "sipp", "-sd", "uac")
    assert program.wait() == 0, program.output
    imported = {line.rpartition("|")[2].strip().split(".")[0] for line in program.output.splitlines() if "import time:" in line}
    assert "engine" in imported
    assert not set(HEAVY) & imported
