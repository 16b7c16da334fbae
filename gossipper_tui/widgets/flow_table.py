# SPDX-License-Identifier: AGPL-3.0-or-later
"""The flow of a run, step by step."""

from __future__ import annotations

from gossipper_tui.views.flow import flow
from gossipper_tui.views.history import RunHistory
from gossipper_tui.views.spans import Line
from gossipper_tui.widgets.panel import Panel


class FlowTable(Panel):
    """SIPp's first screen."""

    TITLE = "Flow"

    def drawing(self, history: RunHistory, width: int, height: int) -> list[Line]:
        """See `views.flow.flow`."""
        return flow(history, width)
