# SPDX-License-Identifier: AGPL-3.0-or-later
"""What has to be known of the tracks of a shard, found out beside the loop: a file of minutes takes tens of milliseconds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Generic, TypeVar

from engine.media.track import Track
from engine.shard.beside import Beside

Fact = TypeVar("Fact")

MOST_KEPT: Final = 200
"""Tracks; where calls name files of their own there may be many."""


class TrackFacts(Generic[Fact]):
    """What `find` says of tracks: where they sound, or what their payloads are."""

    def __init__(self, find: Callable[[Track], Fact]) -> None:
        self._find = find
        self._beside = Beside()
        self._found: dict[Track, Fact] = {}

    def look_at(self, track: Track) -> None:
        """It is played now: find out, for nobody asks before a while."""
        if track not in self._found:
            self._beside.run(lambda: self._keep(track))

    def of(self, track: Track) -> Fact:
        """What is known of a track; found out at once when it is not yet."""
        found = self._found
        return found[track] if track in found else self._look(track)

    def _keep(self, track: Track) -> None:
        self._look(track)

    def _look(self, track: Track) -> Fact:
        fact = self._find(track)
        if len(self._found) >= MOST_KEPT:
            self._found = {}
        self._found[track] = fact
        return fact
