# SPDX-License-Identifier: AGPL-3.0-or-later
"""What every test may ask for."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.programs import GOSSIPPER, Programs

LONGEST_NAME = 60


@pytest.fixture
def programs(tmp_path: Path) -> Iterator[Programs]:
    """Programs that run in the test's folder and that do not outlive the test."""
    started = Programs(tmp_path)
    yield started
    started.end()


@pytest.fixture
def two_folders(tmp_path: Path) -> Iterator[tuple[Programs, Programs]]:
    """Two runs can go on at once, each in a folder of its own."""
    folders = (tmp_path / "caller", tmp_path / "callee")
    for folder in folders:
        folder.mkdir()
    caller, callee = (Programs(folder) for folder in folders)
    yield caller, callee
    caller.end()
    callee.end()


@pytest.fixture
def shell(tmp_path: Path) -> dict[str, str]:
    """An environment whose shells know `gossipper` by its name."""
    script = tmp_path / "bin" / "gossipper"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\nexec {shlex.join(GOSSIPPER)} "$@"\n')
    script.chmod(0o755)
    return {"PATH": f"{script.parent}:{os.environ['PATH']}"}


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Long values make no names: they are not read, and those that are drawn anew would differ between processes."""
    return argname if isinstance(val, str | bytes) and len(val) > LONGEST_NAME else None
