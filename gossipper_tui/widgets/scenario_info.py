# SPDX-License-Identifier: AGPL-3.0-or-later
"""The facts of a scenario in a line or two: role, steps, what it needs."""

from __future__ import annotations

from engine.messages import ScenarioDescription
from gossipper_tui.views.scenario import info
from gossipper_tui.widgets.lines import Lines


class ScenarioInfo(Lines):
    """Draws the facts; as high as they are."""

    DEFAULT_CSS = """
    ScenarioInfo { height: 1; padding: 0 1; }
    """

    def __init__(self) -> None:
        super().__init__(id="info")
        self.description: ScenarioDescription | None = None

    def describe(self, description: ScenarioDescription) -> None:
        """Show this scenario."""
        self.description = description
        self._draw()

    def on_resize(self) -> None:
        """Lines are made for the width that there is."""
        self._draw()

    def _draw(self) -> None:
        width = self.scrollable_content_region.width
        if self.description and width:
            lines = info(self.description, width)
            self.styles.height = len(lines)
            self.show(lines)
