# SPDX-License-Identifier: AGPL-3.0-or-later
"""The rows of the form: those of one group, or those that a search has found.

Rows are made when they are first shown and kept, so opening the form costs one group and not fifty options.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from textual.containers import VerticalScroll

from engine.messages import Role
from engine.options import OPTIONS, Option, RunConfig
from gossipper_tui.widgets.option_row import OptionRow


class OptionForm(VerticalScroll, can_focus=False):
    """Shows some of the options; the rows hold the values."""

    DEFAULT_CSS = """
    OptionForm { scrollbar-size: 0 1; }
    """

    def __init__(self, config: RunConfig, role: Role) -> None:
        super().__init__(id="form")
        self.config = config
        self.role = role
        self._rows: dict[str, OptionRow] = {}
        self._shown: tuple[str, ...] = ()
        self._changing = asyncio.Lock()

    async def show_options(self, options: Sequence[Option]) -> None:
        """Show these options, in the order of the table; when this returns, their fields can be gone to."""
        names = tuple(option.name for option in options)
        async with self._changing:
            if names == self._shown:
                return
            with self.app.batch_update():
                for option in options:
                    if option.name not in self._rows:
                        await self._make(option)
                for name, row in self._rows.items():
                    row.display = name in names
            self._shown = names
        self.scroll_home(animate=False)

    def set_config(self, config: RunConfig) -> None:
        """Show these values."""
        self.config = config
        for name, row in self._rows.items():
            row.set_value(getattr(config, name))

    def relate_to(self, role: Role) -> None:
        """The options of the other side become pale."""
        self.role = role
        for row in self._rows.values():
            row.relate_to(role)

    def show_problems(self, problems: dict[str, str]) -> None:
        """Show what is wrong, by the options' names, and nothing at all others."""
        for name, row in self._rows.items():
            row.show_problem(problems.get(name, ""))

    def focus_first(self) -> None:
        """Put the cursor into the first field that is shown."""
        if self._shown:
            self._rows[self._shown[0]].focus_field()

    def focus_option(self, name: str) -> None:
        """Put the cursor into an option's field, if it is shown."""
        if name in self._shown:
            self._rows[name].focus_field()

    async def _make(self, option: Option) -> None:
        row = OptionRow(option, getattr(self.config, option.name), self.role)
        following = [self._rows[later.name] for later in OPTIONS[OPTIONS.index(option) + 1 :] if later.name in self._rows]
        self._rows[option.name] = row
        await self.mount(row, before=following[0] if following else None)
