# SPDX-License-Identifier: AGPL-3.0-or-later
"""`gossipper check FILE…`: every problem of every scenario file, a line each."""

from __future__ import annotations

from collections.abc import Sequence

import trio

from engine import open_engine
from engine.errors import OptionError
from engine.messages import CheckScenario, Problem


def main(argv: Sequence[str]) -> int:
    """Print the problems; 1 when one of them keeps a scenario from running, else 0. Raises GossipperError."""
    if not argv:
        raise OptionError("check", "", "which file? gossipper check FILE…")
    for word in argv:
        if word.startswith("-"):
            raise OptionError(word, "", "check takes files and no flags")
    broken = False
    for file, problems in trio.run(_check, argv):
        print("\n".join(map(str, problems)) if problems else f"{file}: sound")
        broken = broken or any(not problem.warning for problem in problems)
    return int(broken)


async def _check(files: Sequence[str]) -> list[tuple[str, tuple[Problem, ...]]]:
    async with open_engine() as bus:
        return [(file, await bus.call(CheckScenario(source=file))) for file in files]
