# SPDX-License-Identifier: AGPL-3.0-or-later
"""Why calls fail, in short."""

from __future__ import annotations

from gossipper_tui.views.failures import box
from gossipper_tui.views.history import RunHistory
from gossipper_tui.views.numbers import count
from gossipper_tui.views.spans import Line
from gossipper_tui.widgets.panel import Panel


class FailureBox(Panel):
    """The most frequent reasons."""

    TITLE = "Failures"

    def drawing(self, history: RunHistory, width: int, height: int) -> list[Line]:
        """See `views.failures.box`; the title has the number of failed calls."""
        failed = history.snapshot.counters.failed if history.snapshot else 0
        self.border_title = f"{self.TITLE} {count(failed)}" if failed else self.TITLE
        return box(history, width, height)
