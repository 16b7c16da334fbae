# SPDX-License-Identifier: AGPL-3.0-or-later
"""Why calls fail, in full."""

from __future__ import annotations

from gossipper_tui.views.failures import table
from gossipper_tui.views.history import RunHistory
from gossipper_tui.views.spans import Line
from gossipper_tui.widgets.panel import Panel


class FailureTable(Panel):
    """Failed calls by class and by reason."""

    TITLE = "Failures"

    def drawing(self, history: RunHistory, width: int, height: int) -> list[Line]:
        """See `views.failures.table`."""
        return table(history, width)
