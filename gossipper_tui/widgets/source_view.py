# SPDX-License-Identifier: AGPL-3.0-or-later
"""The XML of a scenario with a cursor on a line, the lines of one step set off, and problems in the margin."""

from __future__ import annotations

from rich.style import Style

from engine.messages import ScenarioDescription
from gossipper_tui.views.source import source_lines
from gossipper_tui.widgets.lines import LineCursor


class SourceView(LineCursor):
    """Highlighted XML; `Moved.index` is the line's number less one."""

    def __init__(self) -> None:
        super().__init__(id="source")
        self._range = range(0)

    def describe(self, description: ScenarioDescription) -> None:
        """Show this scenario."""
        self.show(source_lines(description.xml, description.problems))
        self.point_at(self.cursor)

    def set_off(self, first_line: int, last_line: int) -> None:
        """Set off these lines, counted from 1."""
        self._range = range(first_line - 1, last_line)
        self.refresh()

    def reveal(self, first_line: int, last_line: int) -> None:
        """Set off these lines and bring them into view, the cursor on the first."""
        self.set_off(first_line, last_line)
        self.point_at(min(last_line, first_line + self.size.height - 1) - 1)
        self.point_at(first_line - 1)

    def style_over(self, index: int) -> Style:
        """The cursor, and below it the step's lines."""
        if index == self.cursor or index not in self._range:
            return super().style_over(index)
        return self._style("range")
