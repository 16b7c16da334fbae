# SPDX-License-Identifier: AGPL-3.0-or-later
"""The two sides of a call, above their ladder."""

from __future__ import annotations

from engine.messages import ScenarioDescription
from gossipper_tui.views.ladder import heading
from gossipper_tui.widgets.lines import Lines


class LadderHeading(Lines):
    """One line; it stays while the ladder scrolls."""

    DEFAULT_CSS = """
    LadderHeading { height: 1; overflow: hidden hidden; }
    """

    def __init__(self) -> None:
        super().__init__(id="ladder-heading")
        self.description: ScenarioDescription | None = None

    def describe(self, description: ScenarioDescription) -> None:
        """Show this scenario's sides."""
        self.description = description
        self._draw()

    def on_resize(self) -> None:
        """As wide as the ladder."""
        self._draw()

    def _draw(self) -> None:
        width = self.size.width
        if self.description and width:
            self.show([heading(self.description, width)])
