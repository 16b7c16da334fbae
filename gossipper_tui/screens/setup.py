# SPDX-License-Identifier: AGPL-3.0-or-later
"""F2 Setup: every option, found fast, checked as it is typed.

What a field's text means is checked at once, here; what the whole configuration means is asked of the engine when the
person has stopped typing for a moment. Both kinds of problems stand at their fields and are counted below.
"""

from __future__ import annotations

from typing import ClassVar

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.timer import Timer
from textual.widgets import Input

from engine.errors import GossipperError, OptionError
from engine.messages import CheckOptions, DescribeScenario, Role
from engine.options import FLAGS, Option, RunConfig, option
from gossipper_tui.cli.arguments import command_line, parse_run
from gossipper_tui.screens.base import GossipperScreen
from gossipper_tui.screens.session import Session
from gossipper_tui.views.form import found, options_of, pasted_words, scenario_source, with_value
from gossipper_tui.widgets.command_bar import CommandBar
from gossipper_tui.widgets.lines import LineCursor
from gossipper_tui.widgets.option_form import OptionForm
from gossipper_tui.widgets.option_groups import GROUPS, OptionGroups
from gossipper_tui.widgets.option_row import OptionRow
from gossipper_tui.widgets.plain_field import PlainField

SECONDS_OF_REST = 0.3
"""How long nothing must be typed before the engine is asked."""


class SetupScreen(GossipperScreen):
    """Groups on the left, the options of one on the right, the command line below."""

    NAME = "setup"
    TITLE = "Setup"
    CSS_PATH = "setup.tcss"
    AUTO_FOCUS = "#groups"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "search", "Search", key_display="/", tooltip="Search the options"),
        Binding("y", "copy", "Copy", tooltip="Copy the command line"),
        Binding("enter", "fields", "Fields", show=False),
        Binding("escape", "back", "Back", tooltip="Back to the groups"),
    ]

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.problems: dict[str, str] = {}
        self._mistyped: dict[str, str] = {}
        self._rest: Timer | None = None

    def content(self) -> ComposeResult:
        """Groups, search and fields, command line."""
        with Horizontal(id="setup"):
            with Vertical(id="groups-box", classes="box") as box:
                box.border_title = "Groups"
                yield OptionGroups(id="groups")
            with Vertical(id="form-box", classes="box"):
                yield PlainField(placeholder="search names, flags and help", id="search")
                yield OptionForm(self.session.config, Role.UAC)
        yield CommandBar()

    def on_mount(self) -> None:
        """Show the first group."""
        self.query_one("#search").display = False
        self._show_config()
        self.call_later(self._show_group)

    def on_screen_resume(self) -> None:
        """The scenario may have been chosen elsewhere."""
        super().on_screen_resume()
        self._fill(self.session.config)

    def _fill(self, config: RunConfig) -> None:
        """Show this configuration in all fields, and forget what was mistyped."""
        self.session.config = config
        self._mistyped.clear()
        self.query_one(OptionForm).set_config(config)
        self._show_config()
        self._ask_engine()

    def _show_config(self) -> None:
        wrong = {**self.problems, **self._mistyped}
        self.query_one(OptionGroups).update(self.session.config, wrong)
        self.query_one(CommandBar).update_command(command_line(self.session.config), len(wrong))

    @on(OptionRow.Edited)
    def _edited(self, message: OptionRow.Edited) -> None:
        name = message.option.name
        self.problems.pop(name, None)
        self._mistyped.pop(name, None)
        if message.error:
            self._mistyped[name] = message.error.message
        else:
            self.session.config = with_value(self.session.config, message.option, message.value)
            self.query_one(OptionForm).config = self.session.config
        self._show_config()
        if self._rest is not None:
            self._rest.stop()
        self._rest = self.set_timer(SECONDS_OF_REST, self._ask_engine)

    @work(group="check", exclusive=True)
    async def _ask_engine(self) -> None:
        """Which side the scenario plays, and what would keep the configuration from running."""
        form = self.query_one(OptionForm)
        try:
            described = await self.session.bus.call(DescribeScenario(source=scenario_source(self.session.config)))
            form.relate_to(described.role)
        except GossipperError:
            pass  # CheckOptions says it at the scenario's field
        answer = await self.session.bus.call(CheckOptions(config=self.session.config))
        self.problems = {problem.option: problem.message for problem in answer}
        form.show_problems({**self.problems, **self._mistyped})
        self._show_config()

    @on(LineCursor.Moved, "#groups")
    async def _group_moved(self) -> None:
        await self._show_group()

    async def _show_group(self) -> None:
        group = self.query_one(OptionGroups).group
        self.query_one("#form-box").border_title = group.value
        await self._show_options(options_of(group))

    async def _show_options(self, options: list[Option]) -> None:
        form = self.query_one(OptionForm)
        await form.show_options(options)
        form.show_problems({**self.problems, **self._mistyped})

    def action_search(self) -> None:
        """Look for options in all groups."""
        field = self.query_one("#search", Input)
        field.display = True
        field.focus()

    @on(Input.Changed, "#search")
    async def _search_changed(self, message: Input.Changed) -> None:
        if not message.value.strip():
            await self._show_group()
            return
        options = found(message.value)
        self.query_one("#form-box").border_title = f"{len(options)} found"
        await self._show_options(options)

    @on(Input.Submitted, "#search")
    async def _search_done(self, message: Input.Submitted) -> None:
        await self._show_options(found(message.value))
        self.query_one(OptionForm).focus_first()

    async def action_fields(self) -> None:
        """From the groups into the fields."""
        if not self.query_one("#search").display:
            await self._show_group()
        self.query_one(OptionForm).focus_first()

    async def action_back(self) -> None:
        """Out of a field or the search, to the groups."""
        field = self.query_one("#search", Input)
        if field.display:
            field.value = ""
            field.display = False
            await self._show_group()
        self.query_one(OptionGroups).focus()

    def action_copy(self) -> None:
        """The command line into the clipboard."""
        self.app.copy_to_clipboard(self.query_one(CommandBar).command)
        self.notify("The command line is in the clipboard.")

    def on_paste(self, event: events.Paste) -> None:
        """A pasted command line fills the form."""
        words = pasted_words(event.text)
        if words is None:
            return
        event.stop()
        try:
            config = parse_run(words)
        except OptionError as error:
            self.notify(str(error), title="The command line cannot be taken over", severity="error", markup=False)
            return
        self._fill(config)
        self.notify("The form is filled from the command line.")

    def ready_to_run(self) -> bool:
        """Not while there is a problem: the first one is shown instead."""
        wrong = {**self.problems, **self._mistyped}
        if not wrong:
            return True
        name = next(iter(wrong))
        self.notify(f"{option(name).label}: {wrong[name]}", title="The run cannot start", severity="error", markup=False)
        self._go_to(name)
        return False

    def show_refusal(self, error: OptionError) -> None:
        """Show an option that the engine has refused at its field."""
        entry = FLAGS.get(error.option)
        name = entry.name if entry else error.option
        if name in RunConfig.__struct_fields__:
            self.problems[name] = error.message
            self._show_config()
            self._go_to(name)

    @work(group="go", exclusive=True)
    async def _go_to(self, name: str) -> None:
        groups, form = self.query_one(OptionGroups), self.query_one(OptionForm)
        groups.point_at(GROUPS.index(option(name).setting.group))
        await self._show_group()
        form.focus_option(name)
