# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whether the tests that a row names fail when the row breaks: `python -m tests.compatibility.breaking [NAME …]`.

Breaks one name of the registries after the other (`sabotage`) and runs the tests of its row in a process of their own, whose
child processes are broken alike. Prints the names whose tests all pass, and of the others which tests noticed with `-v`.
Names are those of rows (`keyword:branch`); a word of one takes all that begin with it (`keyword:`). What is refused by name
works no better when it is broken, so it is left out. It takes some ten minutes and changes nothing; it is not a part of the
tests.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.compatibility.registries import attributes_of_actions
from tests.compatibility.rows import SECTIONS
from tests.compatibility.table import Kind, Row
from tests.programs import ROOT

LIMIT_S = 120
MEAN_NOTHING = frozenset({"action:verifyauth.aka_AMF"})
"""Attributes that are read because SIPp has them: the AMF stands in the challenge."""
BROKEN = Path(__file__).parent / "broken"
_PYTEST = (sys.executable, "-m", "pytest", "-o", "addopts=", "-p", "no:cacheprovider", "-q", "--tb=no", "-x")
_FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+)", re.M)


def names_to_break(beginnings: Sequence[str]) -> Iterator[tuple[str, Row]]:
    """Every name that a row covers and that works, with its row; of an action each attribute too."""
    rows = {name: row for section in SECTIONS for row in section.rows for name in row.names}
    attributes = {
        name: rows.get(name) or rows[name.partition(".")[0]] for name in sorted(attributes_of_actions() - MEAN_NOTHING)
    }
    for name, row in {**rows, **attributes}.items():
        if row.kind is not Kind.REFUSED and (not beginnings or name.startswith(tuple(beginnings))):
            yield name, row


def noticed(name: str, tests: Sequence[str]) -> str:
    """The first test that fails while this is broken, `pytest itself` when that cannot start, or nothing."""
    environment = {
        **os.environ,
        "PYTHONPATH": f"{BROKEN}{os.pathsep}{ROOT}",
        "GOSSIPPER_BREAK": name,
        "GOSSIPPER_BREAK_ROOT": str(ROOT),
    }
    try:
        done = subprocess.run(
            [*_PYTEST, *tests],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"no end within {LIMIT_S} s"
    if done.returncode == 0:
        return ""
    found = _FAILED.search(done.stdout)
    return found[1] if found else f"pytest itself: {(done.stdout + done.stderr)[-300:]}"


def main(arguments: Sequence[str]) -> int:
    """Break what was named, tell what went unnoticed; 1 when something did."""
    told = "-v" in arguments
    chosen = list(names_to_break([name for name in arguments if name != "-v"]))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = pool.map(lambda each: noticed(each[0], each[1].tests), chosen)
        unnoticed = []
        for (name, _), result in zip(chosen, results, strict=True):
            if not result:
                unnoticed.append(name)
            if told or not result:
                print(f"{name}: {result or 'NOBODY NOTICES'}", flush=True)
    print(f"{len(chosen)} broken, {len(chosen) - len(unnoticed)} noticed")
    return 1 if unnoticed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
