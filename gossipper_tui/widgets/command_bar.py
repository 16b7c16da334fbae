# SPDX-License-Identifier: AGPL-3.0-or-later
"""The exact command line for what is on the form, and how many problems stand against it."""

from __future__ import annotations

from rich.text import Text
from textual.widgets import Static


class CommandBar(Static):
    """As many lines as the command takes, three at most."""

    DEFAULT_CSS = """
    CommandBar {
        height: auto;
        max-height: 4;
        padding: 0 1;
        border-top: solid $frame;
        border-title-align: right;
        border-title-color: $success;
        border-title-style: bold;
        background: $background;
        &.-wrong { border-title-color: $error; }
    }
    """

    def __init__(self) -> None:
        super().__init__(id="command", markup=False)
        self.command = ""

    def update_command(self, command: str, problems: int) -> None:
        """Show this command line, with that many problems."""
        self.command = command
        self.update(Text.assemble(("$ ", "dim"), command, overflow="fold"))
        self.set_class(problems > 0, "-wrong")
        self.border_title = f"✗ {problems} problem{'s' if problems > 1 else ''}" if problems else "✔ ready"
