# SPDX-License-Identifier: AGPL-3.0-or-later
"""Telling a person that somebody cannot be reached, once, and that he can be again; and how long to wait between attempts."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

import trio

FIRST_PAUSE_S: Final = 0.5
LONGEST_PAUSE_S: Final = 30.0
STEADY_S: Final = 2.0
"""For so long it has to go well again before that is told: who takes a little and hangs, again and again, is down."""


class Outage:
    """One peer's. `who` begins each line that is told."""

    def __init__(self, who: str, tell: Callable[[str], None], clock: Callable[[], float] = trio.current_time) -> None:
        self._who, self._tell, self._clock = who, tell, clock
        self._since = self._well_since = math.inf
        self._pause_s = FIRST_PAUSE_S

    @property
    def is_down(self) -> bool:
        """Whether it was told that the peer cannot be reached, and not yet that it can be again."""
        return self._since < math.inf

    def broken(self, why: str) -> None:
        """An attempt has failed, or what had been there is lost."""
        self._well_since = math.inf
        if not self.is_down:
            self._since = self._clock()
            self._tell(f"{self._who}: {why}; what is for it waits, and is dropped when too much does")

    def went_well(self) -> None:
        """The peer has taken something."""
        if not self.is_down:
            return
        now = self._clock()
        self._well_since = min(self._well_since, now)
        if now - self._well_since >= STEADY_S:
            self._tell(f"{self._who}: takes what is for it again, after {self._well_since - self._since:.0f} s")
            self._since = self._well_since = math.inf
            self._pause_s = FIRST_PAUSE_S

    def next_pause_s(self) -> float:
        """How long to wait before the next attempt: each time twice as long, until it has gone well."""
        pause_s = self._pause_s
        self._pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
        return pause_s
