# SPDX-License-Identifier: AGPL-3.0-or-later
"""The field of an option that is written, with completion where it names files."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.suggester import Suggester

from engine.options import Kind, Option
from gossipper_tui.views.form import field_text, placeholder
from gossipper_tui.widgets.plain_field import PlainField

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


class TextField(PlainField):
    """The field of an option that is written; empty means the default, which stands in it in pale letters."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "app.focus_next", show=False),
        Binding("up", "app.focus_previous", show=False),
    ]

    def __init__(self, option: Option, value: object) -> None:
        suggester = PathSuggester() if option.setting.kind in _FILES else None
        super().__init__(field_text(option, value), placeholder=placeholder(option), suggester=suggester)
