# SPDX-License-Identifier: AGPL-3.0-or-later
"""What every test may ask for."""

from __future__ import annotations

import os
import shlex
from collections.abc import Collection, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.programs import GOSSIPPER, Programs

settings.register_profile("untimed", deadline=None)  # how long an example takes says how busy the machine is
settings.load_profile("untimed")

HERE = Path(__file__).parent
LONGEST_NAME = 60

ALONE = (
    "gossipper_tui/screens/test_terminal.py",
    "interop/media",
    "interop/test_media_page.py",
    "interop/test_wire_count.py",
)
"""Where tests measure time, count packets by the way, or type at the speed of a person: they are marked `alone`, which means
that nothing runs beside them."""

NOT_ALONE = (
    "interop/media/test_aiortc.py",
    "interop/media/test_baresip.py",
    "interop/media/test_dtls_openssl.py",
    "interop/media/test_nowhere.py",
    "interop/media/test_srtp.py",
    "interop/media/test_what_scenarios_say.py",
)
"""Of those the ones that only ask what comes, each on ports of its own."""

FIRST = ("packaging", "interop")
"""What takes long begins first where several run side by side, so that at the end none is waited for."""


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


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark those that run alone, and put them in the order in which pytest-xdist hands them out."""
    for item in items:
        if _is_below(item, ALONE) and not _is_below(item, NOT_ALONE):
            item.add_marker(pytest.mark.alone)
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: not _is_below(item, FIRST))


def _is_below(item: pytest.Item, places: Collection[str]) -> bool:
    return any(item.path.is_relative_to(HERE / place) for place in places)


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Long values make no names: they are not read, and those that are drawn anew would differ between processes."""
    return argname if isinstance(val, str | bytes) and len(val) > LONGEST_NAME else None
