# SPDX-License-Identifier: AGPL-3.0-or-later
"""What has to be known of the tracks of a shard, found out beside the loop: a file of minutes takes tens of milliseconds."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from engine.media.track import Track
from engine.shard.beside import Beside

Fact = TypeVar("Fact")

MOST_KEPT: Final = 200
MOST_KEPT_BYTES: Final = 64 << 20
"""Of tracks, and what they hold; where calls name files of their own there may be many."""


class TrackFacts(Generic[Fact]):
    """What `find` says of tracks: where they sound, or what their payloads are.

    What was found out first is forgotten first where there is too much.
    """

    def __init__(self, find: Callable[[Track], Fact]) -> None:
        self._find = find
        self._beside = Beside()
        self._lock = threading.Lock()
        self._found: dict[Track, Fact] = {}
        self._held_bytes = 0

    def look_at(self, track: Track) -> None:
        """It is played now: find out, for nobody asks before a while."""
        if track not in self._found:
            self._beside.run(lambda: self._find_once(track))

    def of(self, track: Track) -> Fact:
        """What is known of a track; found out at once when it is not yet."""
        try:
            return self._found[track]
        except KeyError:
            return self._look(track)

    def _find_once(self, track: Track) -> None:
        """Of many calls that play a track at once one finds it out for all."""
        if track not in self._found:
            self._look(track)

    def _look(self, track: Track) -> Fact:
        fact = self._find(track)
        with self._lock:
            self._keep(track, fact)
        return fact

    def _keep(self, track: Track, fact: Fact) -> None:
        found = self._found
        if track not in found:
            self._held_bytes += len(track.payloads)
        found[track] = fact
        while len(found) > MOST_KEPT or (self._held_bytes > MOST_KEPT_BYTES and len(found) > 1):
            oldest = next(iter(found))
            self._held_bytes -= len(oldest.payloads)
            del found[oldest]
