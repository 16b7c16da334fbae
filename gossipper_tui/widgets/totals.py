# SPDX-License-Identifier: AGPL-3.0-or-later
"""What became of the calls, below the flow."""

from __future__ import annotations

from gossipper_tui.views.flow import totals
from gossipper_tui.views.history import RunHistory
from gossipper_tui.views.judgement import judgement
from gossipper_tui.views.media import phrases
from gossipper_tui.views.spans import Line, wrapped
from gossipper_tui.widgets.panel import Panel


class Totals(Panel, can_focus=False):
    """Created, open, successful, failed; how media goes; at the end how it ended. More lines where one is too short."""

    DEFAULT_CSS = """
    Totals {
        height: auto;
        max-height: 8;
        overflow: hidden hidden;
        border: none;
        padding: 0 1;
    }
    """

    def drawing(self, history: RunHistory, width: int, height: int) -> list[Line]:
        """See `views.flow.totals`, `views.media.phrases` and `views.judgement.judgement`."""
        counted = totals(history.snapshot, width) if history.snapshot else []
        return [*counted, *wrapped(phrases(history), width), *judgement(history, width)]
