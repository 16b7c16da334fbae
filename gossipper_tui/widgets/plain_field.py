# SPDX-License-Identifier: AGPL-3.0-or-later
"""A one-line field that lets through neither line breaks nor control characters, and leaves command lines to its screen."""

from __future__ import annotations

from textual import events
from textual.suggester import Suggester
from textual.widgets import Input

from gossipper_tui.views.form import pasted_words

LONGEST = 4096
"""Characters that a field takes at most, however much is pasted."""


class PlainField(Input):
    """An input in one line, without a frame, whose cursor does not blink."""

    DEFAULT_CSS = """
    PlainField {
        background: $panel;
        padding: 0 1;
        &.-textual-compact { height: 1; }
        &:focus { background: $cursor; color: $cursor-text; background-tint: $foreground 0%; }
        &:focus > .input--placeholder, &:focus > .input--suggestion { color: $cursor-text 70%; }
        & > .input--placeholder, & > .input--suggestion { color: $dim; }
    }
    """

    def __init__(
        self, value: str = "", *, placeholder: str = "", suggester: Suggester | None = None, id: str | None = None
    ) -> None:
        super().__init__(
            value,
            placeholder,
            compact=True,
            select_on_focus=False,
            max_length=LONGEST,
            suggester=suggester,
            id=id,
        )
        self.cursor_blink = False

    def _on_paste(self, event: events.Paste) -> None:
        """A command line goes on to the screen. Of anything else the first line comes in, without control characters."""
        event.prevent_default()
        if pasted_words(event.text) is not None:
            return
        event.stop()
        first = next((line for line in event.text.splitlines() if line.strip()), "")
        self.replace("".join(c for c in first if c.isprintable())[:LONGEST], *self.selection)
