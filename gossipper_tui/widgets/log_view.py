# SPDX-License-Identifier: AGPL-3.0-or-later
"""The log of a run; it follows what is new unless one has scrolled back."""

from __future__ import annotations

from gossipper_tui.views.history import RunHistory
from gossipper_tui.views.log import log_lines
from gossipper_tui.views.spans import Line
from gossipper_tui.widgets.panel import Panel


class LogView(Panel):
    """Warnings, and what the scenario wrote."""

    TITLE = "Log"

    def update(self, history: RunHistory | None) -> None:
        """Draw, and stay at the end when that is where one was."""
        at_end = self.scroll_offset.y >= self.max_scroll_y
        super().update(history)
        if at_end:
            self.scroll_end(animate=False)

    def drawing(self, history: RunHistory, width: int, height: int) -> list[Line]:
        """See `views.log.log_lines`."""
        return log_lines(history, width)
