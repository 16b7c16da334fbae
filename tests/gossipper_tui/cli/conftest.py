# SPDX-License-Identifier: AGPL-3.0-or-later
from __future__ import annotations

import re
import shutil
import subprocess

import pytest


@pytest.fixture(scope="session")
def sipp_flags() -> list[str]:
    """Every flag that the installed SIPp says it has."""
    if not shutil.which("sipp"):
        pytest.skip("sipp is not installed")
    text = subprocess.run(["sipp", "-h"], capture_output=True, text=True, check=False).stdout
    return re.findall(r"^   (-(?:3pcc|[A-Za-z]\w*)) *:", text, re.MULTILINE)
