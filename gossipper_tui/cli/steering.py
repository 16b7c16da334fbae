# SPDX-License-Identifier: AGPL-3.0-or-later
"""SIPp's keys and signals as commands on the bus."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import trio

from engine.bus import Bus
from engine.errors import CommandError
from engine.messages import Command, PauseTraffic, ResumeTraffic, Role, RunStarted, SetRate, SetUsers, StopRun

FINISHING = "finishing: no new calls, the open ones go on — once more (q or ctrl+c) stops now"
STOPPING = "stopping now: open calls are ended"


class Steering:
    """Steers one run. Every method returns at once; what goes wrong is told through `tell`."""

    def __init__(self, bus: Bus, started: RunStarted, nursery: trio.Nursery, tell: Callable[[str], None]) -> None:
        self._bus = bus
        self._run = started.run
        self._config = started.config
        self._role = started.scenario.role
        self._nursery = nursery
        self._tell = tell
        self._rate = started.config.rate
        self._users = started.config.users
        self._paused = False
        self._finishing = False

    def press(self, key: str) -> None:
        """Do what SIPp does when this key is pressed; a key that means nothing does nothing."""
        action = KEYS.get(key)
        if action:
            action(self)

    def finish(self) -> None:
        """Start no more calls and wait for the open ones; when that has been asked for before, stop now."""
        if self._finishing:
            self.stop_now()
            return
        self._finishing = True
        self._tell(FINISHING)
        self._send(StopRun(run=self._run))

    def stop_now(self) -> None:
        """End the open calls too."""
        self._finishing = True
        self._tell(STOPPING)
        self._send(StopRun(run=self._run, now=True))

    def change_load(self, steps: int) -> None:
        """Raise or lower the rate by steps of `-rate_scale`, or the users when the run has them. A server has neither."""
        if self._role is Role.UAS:
            return
        if self._users is not None:
            self._users = max(1, self._users + steps)
            self._send(SetUsers(run=self._run, users=self._users))
        else:
            self._rate = max(0.0, self._rate + steps * self._config.rate_scale)
            self._send(SetRate(run=self._run, rate=self._rate))

    def toggle_pause(self) -> None:
        """Start no calls, or start them again."""
        self._paused = not self._paused
        self._send(PauseTraffic(run=self._run) if self._paused else ResumeTraffic(run=self._run))

    def _send(self, command: Command[Any]) -> None:
        self._nursery.start_soon(self._call, command)

    async def _call(self, command: Command[Any]) -> None:
        try:
            await self._bus.call(command)
        except CommandError as error:
            self._tell(str(error))


KEYS: dict[str, Callable[[Steering], None]] = {
    "+": lambda steering: steering.change_load(1),
    "-": lambda steering: steering.change_load(-1),
    "*": lambda steering: steering.change_load(10),
    "/": lambda steering: steering.change_load(-10),
    "p": Steering.toggle_pause,
    "q": Steering.finish,
    "Q": Steering.stop_now,
}
"""SIPp's keys."""
