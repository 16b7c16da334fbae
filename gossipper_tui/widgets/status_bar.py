# SPDX-License-Identifier: AGPL-3.0-or-later
"""The line at the top of every screen: where one is, what runs, at what rate, and whether its numbers can be trusted."""

from __future__ import annotations

from gossipper_tui.views.history import RunHistory
from gossipper_tui.views.status_bar import status_bar
from gossipper_tui.widgets.lines import Lines


class StatusBar(Lines):
    """One line, drawn anew with each snapshot."""

    DEFAULT_CSS = """
    StatusBar {
        dock: top;
        height: 1;
        background: $bar;
        overflow: hidden hidden;
    }
    """

    def __init__(self, screen_title: str) -> None:
        super().__init__(id="status-bar")
        self.screen_title = screen_title
        self.shown: RunHistory | None = None

    def update(self, run: RunHistory | None) -> None:
        """Show this run, or that there is none."""
        self.shown = run
        self.show([status_bar(self.screen_title, self.shown, self.size.width)])

    def on_resize(self) -> None:
        """The line is made for the width that there is."""
        self.update(self.shown)
