# SPDX-License-Identifier: AGPL-3.0-or-later
"""The ladder of a scenario with a cursor on one of its steps."""

from __future__ import annotations

from engine.messages import ScenarioDescription
from gossipper_tui.views.ladder import ladder
from gossipper_tui.widgets.lines import LineCursor


class LadderView(LineCursor):
    """A line a step; `Moved.index` is the step's index."""

    DEFAULT_CSS = """
    LadderView { height: auto; }
    """

    def __init__(self) -> None:
        super().__init__(id="ladder")
        self.description: ScenarioDescription | None = None

    def describe(self, description: ScenarioDescription) -> None:
        """Show this scenario."""
        self.description = description
        self._draw()
        self.styles.max_height = max(1, len(description.steps))
        self.point_at(self.cursor)

    def on_resize(self) -> None:
        """Arrows are as long as there is room."""
        self._draw()

    def _draw(self) -> None:
        width = self.scrollable_content_region.width
        if self.description and width:
            self.show(ladder(self.description, width))
