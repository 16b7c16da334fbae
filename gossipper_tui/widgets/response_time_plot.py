# SPDX-License-Identifier: AGPL-3.0-or-later
"""p50, p90 and p99 over time."""

from __future__ import annotations

from gossipper_tui.views.history import RunHistory
from gossipper_tui.views.response_times import plot, plotted_timer, title
from gossipper_tui.views.spans import Line
from gossipper_tui.widgets.panel import Panel


class ResponseTimePlot(Panel):
    """Curves of the scenario's first timer, or of the call length when it has none."""

    TITLE = "Response time"

    def drawing(self, history: RunHistory, width: int, height: int) -> list[Line]:
        """See `views.response_times.plot`."""
        self.border_title = title(plotted_timer(history))
        return plot(history, width, height)
