# SPDX-License-Identifier: AGPL-3.0-or-later
"""Files that the user names for a run, which its exporter opens."""

from __future__ import annotations

import os
import re
from typing import Final

_OF_A_PROCESS: Final = re.compile(r"/dev/std(?P<name>out|err)|/(?:dev|proc/self)/fd/(?P<number>\d+)")
_NUMBERS: Final = {"out": "1", "err": "2"}


def place_of(path: str) -> str:
    """Where a file of the run's is for this process, a child of it: `/dev/stdout` is the run's, not ours."""
    named = _OF_A_PROCESS.fullmatch(path)
    return f"/proc/{os.getppid()}/fd/{_NUMBERS.get(named['name'], named['number'])}" if named else path
