# SPDX-License-Identifier: AGPL-3.0-or-later
from __future__ import annotations

import re
import subprocess

import pytest

from tests.programs import require


@pytest.fixture(scope="session")
def sipp_flags() -> list[str]:
    """Every flag that the installed SIPp says it has."""
    text = subprocess.run([require("sipp"), "-h"], capture_output=True, text=True, check=False).stdout
    return re.findall(r"^   (-(?:3pcc|[A-Za-z]\w*)) *:", text, re.MULTILINE)
