# SPDX-License-Identifier: AGPL-3.0-or-later
"""What every screen has: the status bar at the top, the keys at the bottom, a caption when a demo has one for it."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

from textual.app import ComposeResult
from textual.screen import Screen
from textual.widgets import Footer, Static

from gossipper_tui.screens.session import Session
from gossipper_tui.widgets.status_bar import StatusBar


class GossipperScreen(Screen[None]):
    """A screen of the application; `NAME` is what its mode, its caption and its binding go by."""

    NAME: ClassVar[str] = ""
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (66, "-normal"), (116, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-low"), (20, "-middling"), (36, "-high")]

    DEFAULT_CSS = """
    GossipperScreen {
        background: $background;
        #caption {
            height: auto;
            padding: 0 1;
            background: $cursor;
            color: $cursor-text;
        }
        Footer { dock: bottom; }
    }
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session

    def compose(self) -> ComposeResult:
        """The frame around the screen's own content."""
        yield StatusBar(self.TITLE or "")
        yield from self.content()
        if caption := self.session.captions.get(self.NAME):
            yield Static(caption, id="caption", markup=False)
        yield Footer()

    @abstractmethod
    def content(self) -> ComposeResult:
        """The screen's own widgets."""

    def show_runs(self) -> None:
        """Draw what has happened since the last time; called at most four times a second."""
        self.query_one(StatusBar).update(self.session.run)

    def draw(self) -> None:
        """Show the runs, unless the screen is not whole yet or the application is closing."""
        if self.is_mounted and self.app.is_running:
            self.show_runs()

    def ready_to_run(self) -> bool:
        """Whether a run of the session's configuration may start; a screen that may change or refuse it does so here."""
        return True

    def on_screen_resume(self) -> None:
        """What happened while another screen was in front is drawn now."""
        self.draw()

    def on_mount(self) -> None:
        """Draw what is known already."""
        self.call_after_refresh(self.draw)
