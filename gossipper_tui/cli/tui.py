# SPDX-License-Identifier: AGPL-3.0-or-later
"""`gossipper tui`: the full-screen application, or the same run without the screen."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from engine.errors import GossipperError
from gossipper_tui.cli.arguments import parse
from gossipper_tui.cli.interface_flags import INTERFACE_FLAGS
from gossipper_tui.cli.sipp import answer


class NoTerminal(GossipperError):
    """The full-screen application was asked for where there is no terminal."""


def main(argv: Sequence[str]) -> int:
    """Open the application, with the run's flags filled into Setup; the exit code. Raises GossipperError."""
    line = parse(argv, INTERFACE_FLAGS)
    answered = answer(line, "tui")
    if answered is not None:
        return answered
    if "--headless" in line.actions:
        from gossipper_tui.cli.runner import run

        return run(line.config, status_in_log=True)
    need_terminal()
    from gossipper_tui.app import run_app

    replay = line.actions.get("--replay")
    return run_app(line.config, Path(replay) if replay else None, line.actions.get("--theme", ""))


def need_terminal() -> None:
    """Raise NoTerminal unless there is one to draw on and to read keys from."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise NoTerminal("no terminal to draw on; use gossipper tui --headless or gossipper sipp")


def demo() -> int:
    """`gossipper demo`: a UAS and a UAC on loopback, full-screen, nothing to configure."""
    need_terminal()
    from gossipper_tui.demo import run_demo

    return run_demo()
