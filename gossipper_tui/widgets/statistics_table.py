# SPDX-License-Identifier: AGPL-3.0-or-later
"""Periodic and cumulative statistics."""

from __future__ import annotations

from gossipper_tui.views.history import RunHistory
from gossipper_tui.views.spans import Line
from gossipper_tui.views.statistics import statistics
from gossipper_tui.widgets.panel import Panel


class StatisticsTable(Panel):
    """SIPp's second screen."""

    TITLE = "Statistics"

    def drawing(self, history: RunHistory, width: int, height: int) -> list[Line]:
        """See `views.statistics.statistics`."""
        return statistics(history, width)
