# SPDX-License-Identifier: AGPL-3.0-or-later
"""F1 Scenarios: find one and understand it at a glance.

The library, the ladder, the XML and the list of problems follow one cursor: wherever it is moved, the others show the
same step. Scenarios are described anew each time the cursor comes to them, so what is shown is what is on the disk.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Input

from engine.errors import GossipperError
from engine.messages import CheckScenario, DescribeScenario, ListScenarios, Problem, ScenarioDescription, ScenarioList
from gossipper_tui.screens.base import GossipperScreen
from gossipper_tui.screens.editor import edit
from gossipper_tui.screens.session import ScreenWanted, Session
from gossipper_tui.views.form import scenario_source, with_scenario
from gossipper_tui.views.scenario import verdict
from gossipper_tui.views.spans import plain
from gossipper_tui.widgets.ladder_heading import LadderHeading
from gossipper_tui.widgets.ladder_view import LadderView
from gossipper_tui.widgets.library import Library
from gossipper_tui.widgets.lines import LineCursor
from gossipper_tui.widgets.plain_field import PlainField
from gossipper_tui.widgets.problem_list import ProblemList
from gossipper_tui.widgets.scenario_info import ScenarioInfo
from gossipper_tui.widgets.source_view import SourceView
from gossipper_tui.widgets.step_detail import StepDetail


class ScenariosScreen(GossipperScreen):
    """The library on the left, the chosen scenario on the right."""

    NAME = "scenarios"
    TITLE = "Scenarios"
    CSS_PATH = "scenarios.tcss"
    AUTO_FOCUS = "#library"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "set_up", "Set up", show=False),
        Binding("v", "toggle_source", "XML", tooltip="Ladder or XML"),
        Binding("e", "edit", "Edit", tooltip="Edit the scenario in $EDITOR"),
        Binding("c", "check", "Check", tooltip="Check the scenario"),
        Binding("slash", "filter", "Filter", key_display="/", tooltip="Filter the library"),
        Binding("escape", "leave_filter", show=False),
    ]

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.found = ScenarioList(built_in=(), files=())
        self.description: ScenarioDescription | None = None

    def content(self) -> ComposeResult:
        """Library, ladder and XML, step, facts."""
        with Horizontal(id="scenarios"):
            with Vertical(id="shelves", classes="box") as box:
                box.border_title = "Library"
                yield PlainField(placeholder="filter", id="filter")
                yield Library()
            with Vertical(id="chosen"):
                with Horizontal(id="both"):
                    with Vertical(id="ladder-box", classes="box"):
                        yield LadderHeading()
                        yield LadderView()
                        yield StepDetail()
                    with Vertical(id="source-box", classes="box"):
                        yield SourceView()
                yield ProblemList()
        yield ScenarioInfo()

    def on_mount(self) -> None:
        """Fill the library."""
        self.query_one("#filter").display = False
        self._list()

    def on_screen_resume(self) -> None:
        """A file may have come, gone or changed meanwhile."""
        super().on_screen_resume()
        self.query_one(Library).set_in_use(scenario_source(self.session.config))

    @work(group="list", exclusive=True)
    async def _list(self) -> None:
        self.found = await self.session.bus.call(ListScenarios(directory="."))
        library = self.query_one(Library)
        library.fill(self.found)
        for source in self.found.files:
            problems: tuple[Problem, ...] = await self.session.bus.call(CheckScenario(source=source))
            library.set_problems(source, problems)

    @on(Library.Highlighted)
    def _highlighted(self, message: Library.Highlighted) -> None:
        self._describe(message.source)

    @on(Library.Chosen)
    def _chosen(self, message: Library.Chosen) -> None:
        self._describe(message.source)
        self.action_set_up()

    @work(group="describe", exclusive=True)
    async def _describe(self, source: str) -> None:
        try:
            description = await self.session.bus.call(DescribeScenario(source=source))
        except GossipperError as error:
            self.notify(str(error), severity="error", markup=False)
            return
        same = self.description is not None and self.description.source == description.source
        self.description = description
        self._show(description, keep_cursor=same)

    def _show(self, description: ScenarioDescription, keep_cursor: bool) -> None:
        ladder, source = self.query_one(LadderView), self.query_one(SourceView)
        self.query_one("#ladder-box").border_title = f"{Path(description.source).name} · {description.title}"
        self.query_one("#source-box").border_title = f"{Path(description.source).name} · XML"
        for box in self.query("#ladder-box, #source-box"):
            box.border_subtitle = plain(verdict(description))
        for part in (self.query_one(LadderHeading), ladder, source, self.query_one(ScenarioInfo)):
            part.describe(description)
        self.query_one(ProblemList).describe(description.problems)
        if description.source in self.found.files:
            self.query_one(Library).set_problems(description.source, description.problems)
        self._show_step(ladder.cursor if keep_cursor else 0)

    def _show_step(self, index: int) -> None:
        """Bring all parts to one step."""
        steps = self.description.steps if self.description else ()
        if not steps:
            self.query_one(StepDetail).show(())
            return
        index = min(index, len(steps) - 1)
        step = steps[index]
        self.query_one(LadderView).point_at(index)
        self.query_one(StepDetail).describe(step, index)
        self.query_one(SourceView).reveal(step.line, step.end_line)

    @on(LineCursor.Moved, "#ladder")
    def _ladder_moved(self, message: LineCursor.Moved) -> None:
        self._show_step(message.index)

    @on(LineCursor.Moved, "#source")
    def _source_moved(self, message: LineCursor.Moved) -> None:
        self._show_line(message.index + 1)

    @on(LineCursor.Moved, "#problems")
    def _problem_moved(self, message: LineCursor.Moved) -> None:
        problem = self.query_one(ProblemList).problems[message.index]
        if problem.line:
            self.query_one(SourceView).point_at(problem.line - 1)
            self._show_line(problem.line)

    def _show_line(self, number: int) -> None:
        """Bring the ladder to the step that the line of the XML belongs to."""
        for index, step in enumerate(self.description.steps if self.description else ()):
            if step.line <= number <= step.end_line:
                self.query_one(LadderView).point_at(index)
                self.query_one(StepDetail).describe(step, index)
                self.query_one(SourceView).set_off(step.line, step.end_line)

    def action_toggle_source(self) -> None:
        """Change between ladder and XML; where both are to be seen, move between them."""
        ladder, source = self.query_one(LadderView), self.query_one(SourceView)
        to_source = not self.has_class("-source")
        self.set_class(to_source, "-source")
        if self.focused in (ladder, source, self.query_one(StepDetail)) or self.has_class("-wide"):
            self.set_focus(source if to_source else ladder)
        self.call_after_refresh(self._show_step, ladder.cursor)

    def action_filter(self) -> None:
        """Look for a scenario by name."""
        field = self.query_one("#filter", Input)
        field.display = True
        field.focus()

    def action_leave_filter(self) -> None:
        """Show all scenarios again."""
        field = self.query_one("#filter", Input)
        field.value = ""
        field.display = False
        self.query_one(Library).focus()

    @on(Input.Changed, "#filter")
    def _filter_changed(self, message: Input.Changed) -> None:
        self.query_one(Library).fill(self.found, message.value)

    @on(Input.Submitted, "#filter")
    def _filter_done(self) -> None:
        self.query_one(Library).focus()

    @work(group="check", exclusive=True)
    async def action_check(self) -> None:
        """Check the scenario under the cursor and say what was found."""
        source = self.description.source if self.description else ""
        if not source:
            return
        problems = await self.session.bus.call(CheckScenario(source=source))
        self._describe(source)
        errors = [problem for problem in problems if not problem.warning]
        if problems:
            severity: Literal["error", "warning"] = "error" if errors else "warning"
            self.notify(str(problems[0]), title=f"{len(problems)} found", severity=severity, markup=False)
        else:
            self.notify(f"{source}: sound")

    def action_edit(self) -> None:
        """Open the scenario in the person's editor and look at it again afterwards."""
        if not self.description:
            return
        if self.description.source not in self.found.files:
            name = self.description.source
            self.notify(f"{name} is built in: gossipper sipp -sd {name} > my.xml makes a copy to edit.", severity="warning")
            return
        problem = edit(self.app, self.description.source, self.query_one(SourceView).cursor + 1)
        if problem:
            self.notify(problem, title="The editor", severity="error", markup=False)
        self._describe(self.description.source)

    def action_set_up(self) -> None:
        """Take the scenario into Setup."""
        if self.ready_to_run():
            self.post_message(ScreenWanted("setup"))

    def ready_to_run(self) -> bool:
        """Make the scenario under the cursor that of the next run."""
        source = self.query_one(Library).source
        if source and source != scenario_source(self.session.config):
            self.session.config = with_scenario(self.session.config, source, source in self.found.built_in)
        return bool(source)
