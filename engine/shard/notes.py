# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a shard has to say beside its numbers, kept until it is told: warnings, folded, and what <log> actions write."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

from engine.messages import Counters
from engine.shard.protocol import LoggedText, Warned

MOST_NOTES = 100
"""Different warnings, and log lines, between two tellings; the rest is only counted."""


class Notes:
    """Takes notes without waiting; `take` hands them out."""

    def __init__(self) -> None:
        self.counters = Counters()
        self._warnings: Counter[str] = Counter()
        self._logged: list[str] = []

    def warn(self, text: str, count: int = 1) -> None:
        """Note a warning, or so many with the same text; the same text again is counted with it."""
        self.counters.warnings += count
        if text in self._warnings or len(self._warnings) < MOST_NOTES:
            self._warnings[text] += count

    def log(self, text: str) -> None:
        """Note what a <log> action wrote."""
        if len(self._logged) < MOST_NOTES:
            self._logged.append(text)

    def take(self) -> list[Warned | LoggedText]:
        """What was noted since the last time."""
        warnings, self._warnings = self._warnings, Counter()
        logged, self._logged = self._logged, []
        return [
            *(Warned(text=text, count=count) for text, count in warnings.items()),
            *(LoggedText(text=text) for text in logged),
        ]

    def give_back(self, notes: Collection[Warned | LoggedText]) -> None:
        """These were taken and not told: they are the first of the next time."""
        later, self._warnings = self._warnings, Counter()
        for note in notes:
            if isinstance(note, Warned):
                self._warnings[note.text] += note.count
        self._warnings.update(later)
        self._logged = [note.text for note in notes if isinstance(note, LoggedText)] + self._logged
