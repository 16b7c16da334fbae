# SPDX-License-Identifier: AGPL-3.0-or-later
"""The person's own editor, in the terminal that the application steps out of meanwhile."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import PurePath

from textual.app import App, SuspendNotSupported

TAKES_LINE = frozenset({"vi", "vim", "nvim", "view", "nano", "pico", "emacs", "mg", "joe", "ne", "kak", "micro"})
"""Editors that open a file at a line when `+number` stands before it."""

FALLBACK = "vi"


def editor_command(path: str, line: int, environment: dict[str, str]) -> list[str]:
    """The command that opens a file, at a line where the editor can: `$VISUAL`, else `$EDITOR`, else vi.

    Raises ValueError when the variable is no command line.
    """
    words = shlex.split(environment.get("VISUAL") or environment.get("EDITOR") or FALLBACK) or [FALLBACK]
    at_line = [f"+{line}"] if PurePath(words[0]).name in TAKES_LINE else []
    return [*words, *at_line, path]


def edit(app: App[None], path: str, line: int) -> str:
    """Run the editor and wait for its end. Returns what went wrong in one line, else nothing.

    The application does not draw meanwhile; a run goes on, and its latest events wait on the bus.
    """
    try:
        command = editor_command(path, line, dict(os.environ))
        with app.suspend():
            subprocess.run(command, check=False)
    except ValueError as error:
        return f"$EDITOR is no command: {error}"
    except (OSError, SuspendNotSupported) as error:
        return f"it cannot be started: {error}; set $EDITOR"
    return ""
