# SPDX-License-Identifier: AGPL-3.0-or-later
"""Calls a second: target, started, done."""

from __future__ import annotations

from gossipper_tui.views.history import RunHistory
from gossipper_tui.views.rates import rates
from gossipper_tui.views.spans import Line
from gossipper_tui.widgets.panel import Panel


class RatePlot(Panel):
    """Columns of calls started a second. `asked` is a target that has been set and is in no snapshot yet."""

    TITLE = "Calls/s"

    asked: float | None = None

    def drawing(self, history: RunHistory, width: int, height: int) -> list[Line]:
        """See `views.rates.rates`."""
        return rates(history, self.asked, width, height)
