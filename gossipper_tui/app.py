# SPDX-License-Identifier: AGPL-3.0-or-later
"""The full-screen application: one bus, one table of screens, one place where events come in.

Events are taken in as they come and drawn at most `REDRAWS_A_SECOND` times a second, so a fast run costs the terminal
no more than a slow one. The engine lives in a thread of its own; nothing here waits for it but in coroutines.
"""

from __future__ import annotations

import os
import sys
import threading
from functools import partial
from pathlib import Path
from typing import ClassVar, cast

from textual import work
from textual.app import App
from textual.binding import Binding, BindingType

from engine import EngineThread
from engine.bus import Bus
from engine.errors import GossipperError, OptionError
from engine.messages import AnyEvent, Logged, RunFinished, RunStarted, Snapshot, StartRun, Warning
from engine.options import RunConfig
from gossipper_tui.screens import SCREENS
from gossipper_tui.screens.base import GossipperScreen
from gossipper_tui.screens.palette import GossipperCommands
from gossipper_tui.screens.session import ScreenWanted, Session
from gossipper_tui.screens.setup import SetupScreen
from gossipper_tui.themes import DEFAULT_THEME, OWN_COLOURS, load_themes

REDRAWS_A_SECOND = 4

DRAWN = (RunStarted, Snapshot, Warning, Logged, RunFinished)
"""The events that screens are drawn from."""

NICENESS = 10
"""Of the thread that draws."""

UNREAD_EVENTS = 1024
"""Events that the screens may fall behind by, as in a suspended application, before snapshots are dropped."""


_SCREENS = Binding.Group("Screens")


class GossipperApp(App[None], inherit_bindings=False):
    """The application on a bus that somebody else has opened and will close."""

    TITLE = "Gossipper"
    CSS_PATH = "app.tcss"
    COMMANDS = {GossipperCommands}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f9", "app.start_run", "Start", key_display="F9", tooltip="Start the run", priority=True),
        *(
            Binding(
                entry.key,
                f"app.switch_mode('{entry.name}')",
                entry.title,
                key_display=entry.key.upper(),
                tooltip=entry.title,
                priority=True,
                group=_SCREENS,
            )
            for entry in SCREENS
        ),
        Binding("ctrl+q", "quit", "Quit", tooltip="Quit Gossipper", priority=True),
        Binding("ctrl+p", "command_palette", "Menu", show=False, key_display="^p", tooltip="All commands", priority=True),
        Binding("ctrl+c", "help_quit", show=False, system=True),
        Binding("ctrl+z", "suspend_process", "Suspend", show=False, priority=True),
    ]

    def __init__(self, bus: Bus, config: RunConfig, *, theme: str = "", first_screen: str = "scenarios") -> None:
        super().__init__()
        self.session = Session(bus, config)
        self.first_screen = first_screen
        self._wanted_theme = theme or DEFAULT_THEME
        self._themes = load_themes()
        self._stale = False
        self._asked_to_quit = False
        for entry in SCREENS:
            self.add_mode(entry.name, partial(entry.make, self.session))

    @property
    def exit_code(self) -> int:
        """That of the run that finished last; 0 when none has."""
        finished = self.session.runs.last_finished
        return finished.exit_code if finished else 0

    @property
    def _front(self) -> GossipperScreen | None:
        """The screen that is looked at, below the menu if that is open; none while the application opens or closes."""
        try:
            screen = self.screen_stack[0]
        except (IndexError, KeyError):
            return None
        return screen if isinstance(screen, GossipperScreen) and screen.is_mounted else None

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Gossipper's own colours, for a theme that does not name them."""
        return OWN_COLOURS

    def on_mount(self) -> None:
        """Put on the theme, open the first screen, listen."""
        for name in list(self.available_themes):
            self.unregister_theme(name)
        for named in self._themes.values():
            self.register_theme(named.theme)
        self.theme = self._wanted_theme
        self.switch_mode(self.first_screen)
        self._follow_events()
        self.set_interval(1 / REDRAWS_A_SECOND, self._redraw)

    def watch_theme(self, theme: str) -> None:
        """A dense theme takes the frames off every screen."""
        named = self._themes.get(theme)
        self.set_class(bool(named and named.dense), "-dense")

    @work(group="events")
    async def _follow_events(self) -> None:
        async with self.session.bus.subscribe(*DRAWN, capacity=UNREAD_EVENTS) as events:
            async for event in events:
                self.session.runs.apply(cast("AnyEvent", event))
                if isinstance(event, RunStarted):
                    self.session.looked_at = event.run
                self._stale = True

    def _redraw(self) -> None:
        screen = self._front
        if self._stale and screen is not None:
            self._stale = False
            screen.draw()

    def action_start_run(self) -> None:
        """Start the run that is set up, if the screen in front has nothing against it."""
        screen = self._front
        if screen is not None and screen.ready_to_run():
            self._start()

    def on_screen_wanted(self, message: ScreenWanted) -> None:
        """A screen asks for another one."""
        message.stop()
        self.switch_mode(message.name)

    @work(group="start", exclusive=True)
    async def _start(self) -> None:
        try:
            started = await self.session.bus.call(StartRun(config=self.session.config))
        except GossipperError as error:
            self.notify(str(error), title="The run cannot start", severity="error", timeout=10, markup=False)
            if isinstance(error, OptionError):
                await self.switch_mode(SetupScreen.NAME)
                cast("SetupScreen", self.screen).show_refusal(error)
            return
        self.session.looked_at = started.run
        self.switch_mode("live")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While one looks at a run that goes on, no other is started."""
        run = self.session.run
        return not (action == "start_run" and self.current_mode == "live" and run is not None and run.live)

    async def action_quit(self) -> None:
        """Leave; while a run goes on, only when asked twice, because it ends with the application."""
        live = [run for run in self.session.runs.runs.values() if run.live]
        if live and not self._asked_to_quit:
            self._asked_to_quit = True
            self.notify("A run goes on and would end too: ctrl+q again to quit.", severity="warning")
            return
        self.exit()

    def action_set_theme(self, name: str) -> None:
        """Change the colours."""
        self.theme = name


def open_screen(app: GossipperApp) -> int:
    """Run the application in this thread until the person leaves; returns its exit code.

    Drawing gives way to making calls: on Linux, where niceness is a thread's, this thread becomes nice, while the engine's
    thread and the processes that it starts stay as they are.
    """
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
    app.run()
    return app.exit_code


def run_app(config: RunConfig, replay: Path | None = None, theme: str = "") -> int:
    """Open an engine and the application on it; returns the exit code when the person leaves.

    It opens with Scenarios, with Setup when the configuration has something in it, and with Live for a `replay`, which
    plays a recorded file instead of a run. Raises GossipperError for a file that cannot be replayed
    and OptionError for a theme that does not exist.
    """
    if theme and theme not in load_themes():
        raise OptionError("--theme", theme, f"there is no theme '{theme}'; there are {', '.join(load_themes())}")
    with EngineThread(replay=replay) as bus:
        first = "live" if replay else "scenarios" if config == RunConfig() else "setup"
        return open_screen(GossipperApp(bus, config, theme=theme, first_screen=first))
