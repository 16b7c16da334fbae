# SPDX-License-Identifier: AGPL-3.0-or-later
"""Media in numbers."""

from __future__ import annotations

from gossipper_tui.views.history import RunHistory
from gossipper_tui.views.media import table
from gossipper_tui.views.spans import Line
from gossipper_tui.widgets.panel import Panel


class MediaTable(Panel):
    """What was received and what was sent."""

    TITLE = "Media"

    def drawing(self, history: RunHistory, width: int, height: int) -> list[Line]:
        """See `views.media.table`."""
        return table(history, width)
