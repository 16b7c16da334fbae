# SPDX-License-Identifier: AGPL-3.0-or-later
"""A network of a test's own: a namespace of Linux in which interfaces, queues and port ranges can be made as one likes.

Nothing in it reaches another network, nothing needs privileges where users may have namespaces, and all is gone with the
program that ran in it.
"""

from __future__ import annotations

import os
import subprocess
import sys

from tests.programs import ROOT, missing, require

LIMIT_S = 60


def run_in_own_network(code: str, *setup: str) -> str:
    """What Python code prints in a network of its own that these commands of the shell have set up, after `lo` is up."""
    unshare = (require("unshare"), "--map-root-user", "--net", "--mount")
    require("ip")
    if subprocess.run((*unshare, "true"), check=False, capture_output=True).returncode:
        missing("a kernel that lets users have a network namespace")
    script = " && ".join(("ip link set lo up", *setup, 'exec "$0" -c "$1"'))
    ended = subprocess.run(
        (*unshare, "sh", "-c", script, sys.executable, code),
        check=False,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout
