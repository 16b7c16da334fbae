# SPDX-License-Identifier: AGPL-3.0-or-later
"""The screens, as a table: to add one, write a `GossipperScreen` and enter it here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gossipper_tui.screens.base import GossipperScreen
from gossipper_tui.screens.live import LiveScreen
from gossipper_tui.screens.scenarios import ScenariosScreen
from gossipper_tui.screens.session import Session
from gossipper_tui.screens.setup import SetupScreen


@dataclass(frozen=True, slots=True)
class ScreenEntry:
    """A screen: its key, its name, its title, what it is for, and how it is made."""

    key: str
    name: str
    title: str
    purpose: str
    make: Callable[[Session], GossipperScreen]


def _entry(key: str, screen: type[GossipperScreen], purpose: str) -> ScreenEntry:
    return ScreenEntry(key, screen.NAME, screen.TITLE or screen.NAME, purpose, screen)


SCREENS = (
    _entry("f1", ScenariosScreen, "Find a scenario and understand it"),
    _entry("f2", SetupScreen, "Every option of a run"),
    _entry("f3", LiveScreen, "What runs, and how fast"),
)
"""In the order of their keys."""
