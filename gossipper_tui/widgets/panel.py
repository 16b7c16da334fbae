# SPDX-License-Identifier: AGPL-3.0-or-later
"""`Panel`: a framed part of the Live screen that draws one view of a run."""

from __future__ import annotations

from collections.abc import Sequence

from gossipper_tui.views.history import RunHistory
from gossipper_tui.views.spans import Line
from gossipper_tui.widgets.lines import Lines


class Panel(Lines, can_focus=True):
    """Draws what `drawing` returns for the run and the room that there is; anew when either changes."""

    DEFAULT_CSS = """
    Panel {
        border: round $frame;
        border-title-color: $accent;
        border-title-style: bold;
        scrollbar-gutter: stable;
        &:focus { border: round $accent; }
    }
    """

    TITLE = ""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.border_title = self.TITLE or None
        self.history: RunHistory | None = None

    def update(self, history: RunHistory | None) -> None:
        """Draw this run; a panel that cannot be seen draws nothing."""
        self.history = history
        size = self.scrollable_content_region.size
        if not size.width or not self.display:
            return
        self.show(self.drawing(history, size.width, size.height) if history else ())

    def drawing(self, history: RunHistory, width: int, height: int) -> Sequence[Line]:
        """The lines for a run in that much room; a panel that is not given any stays empty."""
        return ()

    def on_resize(self) -> None:
        """Lines are made for the width that there is."""
        self.update(self.history)

    def on_show(self) -> None:
        """What happened while it was hidden is drawn now."""
        self.update(self.history)
