# SPDX-License-Identifier: AGPL-3.0-or-later
"""A one-line field that lets through neither line breaks nor control characters, and knows a command line when it sees one."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.suggester import Suggester
from textual.widgets import Input

from engine.options import Kind, Option
from gossipper_tui.views.form import field_text, pasted_words, placeholder

LONGEST = 4096
"""Characters that a field takes at most, however much is pasted."""

_FILES = frozenset({Kind.PATH, Kind.PATHS})


class PathSuggester(Suggester):
    """Completes the last word of a field to a file's name; the right arrow takes it."""

    def __init__(self) -> None:
        super().__init__(use_cache=False, case_sensitive=True)

    async def get_suggestion(self, value: str) -> str | None:
        """The field's text with its last path completed, or None."""
        return await asyncio.to_thread(complete_path, value)


def complete_path(value: str) -> str | None:
    """`value` with its last word completed to the first file or folder by name that begins with it."""
    before, space, word = value.rpartition(" ")
    folder, slash, start = word.rpartition("/")
    if not word or start in (".", ".."):
        return None
    try:
        entries = sorted(Path(folder + slash or ".").expanduser().iterdir())
    except (OSError, RuntimeError):
        return None
    for entry in entries:
        if entry.name.startswith(start) and (start or not entry.name.startswith(".")):
            return f"{before}{space}{folder}{slash}{entry.name}{'/' if entry.is_dir() else ''}"
    return None


class TextField(Input):
    """The field of an option that is written; empty means the default, which stands in it in pale letters."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "app.focus_next", show=False),
        Binding("up", "app.focus_previous", show=False),
    ]

    DEFAULT_CSS = """
    TextField {
        background: $panel;
        padding: 0 1;
        &.-textual-compact { height: 1; }
        &:focus { background: $cursor; color: $cursor-text; background-tint: $foreground 0%; }
        &:focus > .input--placeholder, &:focus > .input--suggestion { color: $cursor-text 70%; }
        & > .input--placeholder, & > .input--suggestion { color: $dim; }
    }
    """

    def __init__(self, option: Option, value: object) -> None:
        super().__init__(
            field_text(option, value),
            placeholder(option),
            compact=True,
            select_on_focus=False,
            max_length=LONGEST,
            suggester=PathSuggester() if option.setting.kind in _FILES else None,
        )

    def _on_paste(self, event: events.Paste) -> None:
        """A command line goes on to the screen; of anything else the first line comes in, without control characters."""
        event.prevent_default()
        if pasted_words(event.text) is not None:
            return
        event.stop()
        first = next((line for line in event.text.splitlines() if line.strip()), "")
        self.replace("".join(c for c in first if c.isprintable())[:LONGEST], *self.selection)
