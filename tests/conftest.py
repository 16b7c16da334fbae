# SPDX-License-Identifier: AGPL-3.0-or-later
"""What every test may ask for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.programs import Programs


@pytest.fixture
def programs(tmp_path: Path) -> Iterator[Programs]:
    """Programs that run in the test's folder and that do not outlive the test."""
    started = Programs(tmp_path)
    yield started
    started.end()
