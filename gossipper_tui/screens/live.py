# SPDX-License-Identifier: AGPL-3.0-or-later
"""F3 Live: is it working, and how fast?

Each tab is a few panels that draw views of the run that is looked at; there is one set of panels for all runs. SIPp's
keys steer that run.
"""

from __future__ import annotations

from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import ContentSwitcher, Static

from engine.errors import GossipperError
from engine.messages import Role
from gossipper_tui.screens.base import GossipperScreen
from gossipper_tui.screens.session import Session
from gossipper_tui.screens.steering import Steered, Steering
from gossipper_tui.views.history import RunHistory
from gossipper_tui.widgets.failure_box import FailureBox
from gossipper_tui.widgets.failure_table import FailureTable
from gossipper_tui.widgets.flow_table import FlowTable
from gossipper_tui.widgets.log_view import LogView
from gossipper_tui.widgets.media_plots import JitterPlot, LossPlot, MosPlot, PacketsPlot
from gossipper_tui.widgets.media_table import MediaTable
from gossipper_tui.widgets.panel import Panel
from gossipper_tui.widgets.rate_plot import RatePlot
from gossipper_tui.widgets.response_time_plot import ResponseTimePlot
from gossipper_tui.widgets.response_time_tables import ResponseTimeTables
from gossipper_tui.widgets.statistics_table import StatisticsTable
from gossipper_tui.widgets.tab_bar import TabBar
from gossipper_tui.widgets.totals import Totals

TABS = ("1 Flow", "2 Statistics", "3 Response times", "4 Failures", "5 Log")
MEDIA_TAB = "6 Media"
"""Beside the others when the run has media."""

_RATE = Binding.Group("rate")
_RATE_TEN = Binding.Group("×10")

NO_RUN = "No run yet.\n\nF1 chooses a scenario, F2 sets it up, F9 starts it."


class LiveScreen(GossipperScreen):
    """Tabs of panels for the run that is looked at; a tab a run when there are several."""

    NAME = "live"
    TITLE = "Live"
    CSS_PATH = "live.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("plus,equals_sign", "change_rate(1)", "+", key_display="+", tooltip="Rate up a step", group=_RATE),
        Binding("minus", "change_rate(-1)", "-", key_display="-", tooltip="Rate down a step", group=_RATE),
        Binding("asterisk", "change_rate(10)", "*", key_display="*", tooltip="Rate up ten steps", group=_RATE_TEN),
        Binding("slash", "change_rate(-10)", "/", key_display="/", tooltip="Rate down ten steps", group=_RATE_TEN),
        Binding("p", "pause", "Pause", tooltip="Pause or go on"),
        Binding("q", "stop(False)", "Finish", tooltip="Finish the open calls and stop; again: stop now"),
        Binding("Q", "stop(True)", "Stop", key_display="Q", tooltip="Stop now, ending the open calls"),
        *(Binding(name[0], f"tab({index})", name, show=False) for index, name in enumerate((*TABS, MEDIA_TAB))),
        Binding("tab,right", "tab_by(1)", "The next tab", show=False),
        Binding("shift+tab,left", "tab_by(-1)", show=False),
        Binding("r", "next_run", "Run", tooltip="Look at the next run"),
    ]

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.steering = Steering()
        self._keys: tuple[object, ...] = ()

    def content(self) -> ComposeResult:
        """A row of tabs, and the panels of each."""
        with Horizontal(id="bars"):
            yield TabBar(TABS, id="tabs")
            yield TabBar(id="runs")
        yield Static(NO_RUN, id="no-run", markup=False)
        with ContentSwitcher(initial="tab-0", id="panels"):
            with Horizontal(id="tab-0"):
                with Vertical(id="left"):
                    yield FlowTable()
                    yield StatisticsTable()
                    yield Totals()
                with Vertical(id="right"):
                    yield ResponseTimePlot()
                    yield RatePlot()
                    yield MosPlot()
                    yield FailureBox()
            for number, panel in enumerate((StatisticsTable, ResponseTimeTables, FailureTable, LogView), 1):
                yield panel(id=f"tab-{number}")
            with Horizontal(id=f"tab-{len(TABS)}"):
                yield MediaTable()
                with Vertical(id="media-plots"):
                    yield MosPlot()
                    yield PacketsPlot()
                    yield JitterPlot()
                    yield LossPlot()

    def show_runs(self) -> None:
        """Draw the run that is looked at."""
        super().show_runs()
        run = self.session.run
        self.query_one("#no-run").display = run is None
        self.query_one("#panels").display = run is not None
        runs = list(self.session.runs.runs.values())
        bar = self.query_one("#runs", TabBar)
        bar.labels = tuple(_label(run) for run in runs) if len(runs) > 1 else ()
        keys = (self.session.looked_at, len(runs), run is not None and run.live)
        if keys != self._keys:
            self._keys = keys
            self.refresh_bindings()
        if run is None:
            return
        bar.chosen = runs.index(run)
        self._show_tabs(run)
        self.query_one(RatePlot).asked = self.steering.target(run)
        for panel in self.query(Panel):
            if panel.is_on_screen or panel.history is not run:
                panel.update(run)

    def _show_tabs(self, run: RunHistory) -> None:
        """Those that mean something for the run; the first, when the chosen one does not."""
        self.set_class(run.has_media, "-media")
        tabs = self.query_one("#tabs", TabBar)
        tabs.labels = (*TABS, MEDIA_TAB) if run.has_media else TABS
        if tabs.chosen >= len(tabs.labels):
            self.action_tab(0)

    @on(TabBar.Chosen, "#tabs")
    def _tab_chosen(self, message: TabBar.Chosen) -> None:
        self.action_tab(message.index)

    @on(TabBar.Chosen, "#runs")
    def _run_chosen(self, message: TabBar.Chosen) -> None:
        self._look_at(message.index)

    def action_tab(self, index: int) -> None:
        """Show a tab, if the run has it."""
        tabs = self.query_one("#tabs", TabBar)
        if index >= len(tabs.labels):
            return
        tabs.chosen = index
        self.query_one(ContentSwitcher).current = f"tab-{index}"
        self.call_after_refresh(self.draw)

    def action_tab_by(self, places: int) -> None:
        """Show the next or the previous tab, around the ends."""
        tabs = self.query_one("#tabs", TabBar)
        self.action_tab((tabs.chosen + places) % len(tabs.labels))

    def action_next_run(self) -> None:
        """Look at the next run."""
        runs = list(self.session.runs.runs)
        if runs:
            self._look_at((runs.index(self.session.looked_at) + 1) % len(runs))

    def _look_at(self, index: int) -> None:
        self.session.looked_at = list(self.session.runs.runs)[index]
        self.show_runs()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only keys that mean something: another run when there is one, steering while the run goes on, a client's rate."""
        run = self.session.run
        if action == "next_run":
            return len(self.session.runs.runs) > 1
        if action == "change_rate":
            return run is not None and run.live and run.started.scenario.role is Role.UAC
        return action not in ("pause", "stop") or (run is not None and run.live)

    def action_change_rate(self, steps: int) -> None:
        """So many steps of rate more."""
        if run := self._steerable():
            command = self.steering.change(run, steps)
            self._send(run, command)
            self.show_runs()

    def action_pause(self) -> None:
        """Start no more calls, or start them again."""
        if run := self._steerable():
            self._send(run, self.steering.pause(run))

    def action_stop(self, now: bool) -> None:
        """Finish the open calls and stop; the second time, or `now`, end them too."""
        if run := self._steerable():
            command = self.steering.stop(run, now)
            self.notify("Stopping now." if now else "No new calls; waiting for the open ones. q again stops now.")
            self._send(run, command)

    def _steerable(self) -> RunHistory | None:
        run = self.session.run
        return run if run is not None and run.live else None

    @work(group="steer")
    async def _send(self, run: RunHistory, command: Steered) -> None:
        try:
            await self.session.bus.call(command)
        except GossipperError as error:
            self.steering.forget(run)
            self.notify(str(error), severity="warning", markup=False)


def _label(run: RunHistory) -> str:
    return run.name if run.live else f"{run.name} ■"
