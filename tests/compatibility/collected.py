# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which tests there are: pytest collects them in a process of its own and runs none."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable

from tests.programs import ROOT

_COLLECT = (sys.executable, "-m", "pytest", "-o", "addopts=", "-p", "no:cacheprovider", "-q", "--collect-only")


def collect(tests: Iterable[str]) -> frozenset[str]:
    """The ids of all tests in the files that these ids name, each test function's without its parameters too."""
    files = sorted({test.partition("::")[0] for test in tests})
    there = [file for file in files if (ROOT / file).exists()]
    done = subprocess.run([*_COLLECT, *there], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"pytest cannot collect the tests:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    ids = {line for line in done.stdout.splitlines() if "::" in line}
    return frozenset(ids | {test.partition("[")[0] for test in ids})
