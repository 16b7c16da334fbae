# SPDX-License-Identifier: AGPL-3.0-or-later
"""Why calls fail, in short."""

from __future__ import annotations

from gossipper_tui.views.failures import box
from gossipper_tui.views.history import RunHistory
from gossipper_tui.views.spans import Line
from gossipper_tui.widgets.panel import Panel


class FailureBox(Panel):
    """The most frequent reasons."""

    TITLE = "Failures"

    def drawing(self, history: RunHistory, width: int, height: int) -> list[Line]:
        """See `views.failures.box`."""
        return box(history, width, height)
