# SPDX-License-Identifier: AGPL-3.0-or-later
"""Screens are tested on real engines: a replay for pictures, calls on loopback for keys."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import pytest_textual_snapshot
from syrupy.location import PyTestLocation

SNAPSHOTS = Path(__file__).parents[3] / "snapshots"
LIBRARY = Path(__file__).parent / "library"


class TopLevelSvg(pytest_textual_snapshot.SVGImageExtension):
    """Pictures lie in `snapshots/` at the top, each under the name of its case."""

    @classmethod
    def dirname(cls, *, test_location: PyTestLocation) -> str:
        return str(SNAPSHOTS)

    @classmethod
    def get_snapshot_name(cls, *, test_location: PyTestLocation, index: int | str = 0) -> str:
        return test_location.nodename.partition("[")[2].removesuffix("]")


@pytest.fixture(autouse=True)
def top_level_snapshots(monkeypatch: pytest.MonkeyPatch) -> None:
    """The plugin has no setting for where pictures are."""
    monkeypatch.setattr(pytest_textual_snapshot, "SVGImageExtension", TopLevelSvg)


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with scenario files, one of them broken."""
    folder = tmp_path / "work"
    shutil.copytree(LIBRARY, folder)
    monkeypatch.chdir(folder)
    return folder
