# SPDX-License-Identifier: AGPL-3.0-or-later
"""One step in full: what it does, and the message it sends."""

from __future__ import annotations

from engine.messages import StepDescription
from gossipper_tui.views.scenario import step_lines
from gossipper_tui.widgets.lines import Lines


class StepDetail(Lines, can_focus=True):
    """Draws a step of a scenario."""

    def __init__(self) -> None:
        super().__init__(id="step")

    def describe(self, step: StepDescription, index: int) -> None:
        """Show this step from its beginning."""
        self.show(step_lines(step, index))
        self.scroll_home(animate=False)
