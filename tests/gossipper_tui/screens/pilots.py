# SPDX-License-Identifier: AGPL-3.0-or-later
"""Driving the application from a test: wait for what is to be seen, press, wait again. All waits are bounded."""

from __future__ import annotations

import time
from collections.abc import Callable

from textual.pilot import Pilot

from gossipper_tui.app import GossipperApp
from gossipper_tui.screens.base import GossipperScreen
from tests.programs import ROOT

LIMIT_S = 20.0
_BUILT_IN = len(list((ROOT / "scenarios").glob("*.xml")))
REGISTER, BROKEN = ("down",) * (_BUILT_IN + 1), ("down",) * (_BUILT_IN + 3)
"""The keys that lead to each file of the tests' library, which stand behind what is built in."""


async def until(pilot: Pilot[None], condition: Callable[[], bool], what: str) -> None:
    """Wait until the condition holds; fails with `what` when it does not come to hold."""
    deadline = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < deadline, f"never seen: {what}"
        await pilot.pause(0.02)


async def settle(pilot: Pilot[None]) -> None:
    """Wait until nothing is being asked of the engine and what is known is drawn."""
    app = pilot.app
    assert isinstance(app, GossipperApp)
    await pilot.pause()
    await until(pilot, lambda: all(worker.is_finished for worker in app.workers if worker.group != "events"), "the end of work")
    await pilot.pause()
    if isinstance(app.screen, GossipperScreen):
        app.screen.draw()
    await pilot.pause()


async def press(pilot: Pilot[None], *keys: str) -> None:
    """Press keys, letting the application come to rest after each that is not just a letter of a text."""
    for key in keys:
        await pilot.press(key)
        if len(key) > 1:
            await settle(pilot)
    await settle(pilot)
