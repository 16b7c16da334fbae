# SPDX-License-Identifier: AGPL-3.0-or-later
"""Where the tracks of a shard sound, found out beside the loop: a silent file of minutes takes tens of milliseconds."""

from __future__ import annotations

from typing import Final

from engine.media.audio.speech import Sound, sound_in
from engine.media.track import Track
from engine.shard.beside import Beside

MOST_KEPT: Final = 200
"""Tracks; where calls name files of their own there may be many."""


class Sounds:
    """What is known of tracks."""

    def __init__(self) -> None:
        self._beside = Beside()
        self._found: dict[Track, Sound | None] = {}

    def look_at(self, track: Track) -> None:
        """It is played now: find out where it sounds, for its end is a while away."""
        if track not in self._found:
            self._beside.run(lambda: self._look(track))

    def of(self, track: Track) -> Sound | None:
        """Where a track sounds; None when it is silent."""
        found = self._found
        if track not in found:
            self._look(track)
            found = self._found
        return found.get(track)

    def _look(self, track: Track) -> None:
        sound = sound_in(track)
        if len(self._found) >= MOST_KEPT:
            self._found = {}
        self._found[track] = sound
