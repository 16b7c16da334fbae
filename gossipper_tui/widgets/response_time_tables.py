# SPDX-License-Identifier: AGPL-3.0-or-later
"""Percentiles and repartitions."""

from __future__ import annotations

from gossipper_tui.views.history import RunHistory
from gossipper_tui.views.response_times import tables
from gossipper_tui.views.spans import Line
from gossipper_tui.widgets.panel import Panel


class ResponseTimeTables(Panel):
    """Percentiles and SIPp's repartition for each timer and the call length."""

    TITLE = "Response times"

    def drawing(self, history: RunHistory, width: int, height: int) -> list[Line]:
        """See `views.response_times.tables`."""
        return tables(history, width)
