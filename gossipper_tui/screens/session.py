# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the screens share: the bus, the configuration that is being edited, the runs that were seen.

Screens read it and change the configuration; everything else reaches the application as the message below.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from textual.message import Message

from engine.bus import Bus
from engine.options import RunConfig
from gossipper_tui.views.history import RunHistories, RunHistory


@dataclass(slots=True)
class Session:
    """One use of the application. `looked_at` names the run that the Live screen and the status bar show.

    `captions` are lines of explanation by the name of their screen; a demo has them.
    """

    bus: Bus
    config: RunConfig
    runs: RunHistories = field(default_factory=RunHistories)
    looked_at: str = ""
    captions: Mapping[str, str] = field(default_factory=dict)

    @property
    def run(self) -> RunHistory | None:
        """The run that is looked at."""
        return self.runs.runs.get(self.looked_at)


class ScreenWanted(Message):
    """The person asks for another screen, by name."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__()
