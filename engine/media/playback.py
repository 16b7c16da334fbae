# SPDX-License-Identifier: AGPL-3.0-or-later
"""Where a stream is in a track: which packet comes next, when, and what its timestamp is."""

from __future__ import annotations

from bisect import bisect_left
from typing import Final

from engine.media.track import Track

SHORTEST_PASS_NS: Final = 1_000_000
"""A pass of a track takes at least so long, whatever the track says: else one that is repeated for ever would never let go."""


class Playback:
    """A track that is being played `loops` times (-1: for ever) from `start_ns` on; its timestamps begin at `timestamp`.

    After the last packet of the last pass there is one more thing due, the end of that pass; then `ended` is true.
    """

    __slots__ = ("_left", "_period_ns", "count", "index", "payload_type", "start_ns", "timestamp", "track")

    def __init__(self, track: Track, start_ns: int, timestamp: int, loops: int = 1, payload_type: int | None = None) -> None:
        self.track = track
        self.start_ns = start_ns
        """When the pass began."""
        self.timestamp = timestamp
        """The timestamp at the beginning of the pass; may be past 32 bits."""
        self.payload_type = track.payload_type if payload_type is None else payload_type
        self.count = len(track)
        self.index = 0
        """The packet that comes next; `count` when the end does."""
        self._left = loops
        """Passes to play, with this one; negative for ever."""
        self._period_ns = max(track.period_ns, SHORTEST_PASS_NS)
        if not self.count:
            self._left = 1

    @property
    def ended(self) -> bool:
        """Nothing is left to be sent."""
        return self.index >= self.count

    @property
    def end_ns(self) -> int:
        """When the pass is over."""
        return self.start_ns + self._period_ns

    def due_ns(self) -> int:
        """When the next packet is due, or the end."""
        if self.index >= self.count:
            return self.start_ns + self._period_ns
        return self.start_ns + self.track.dues_ns[self.index]

    def advance(self) -> None:
        """The packet is done; go to the next."""
        self.index += 1
        if self.index >= self.count and self._left != 1:
            self._next_passes(1)
            self.index = 0

    def _next_passes(self, passes: int) -> None:
        self.start_ns += passes * self._period_ns
        self.timestamp += passes * self.track.period_ticks
        if self._left > 0:
            self._left -= passes

    def skip_to(self, time_ns: int) -> int:
        """Go to the first packet that is due at `time_ns` or later, or to the end; how many packets that leaves out."""
        before = self.index
        if self.index >= self.count:
            return 0
        passes = max(0, (time_ns - self.start_ns) // self._period_ns)
        if self._left > 0:
            passes = min(passes, self._left - 1)
        if passes:
            self._next_passes(passes)
            self.index = 0
        index = max(self.index, bisect_left(self.track.dues_ns, time_ns - self.start_ns))
        skipped = passes * self.count + index - before
        self.index = index
        if index >= self.count and self._left != 1:
            self._next_passes(1)
            self.index = 0
        return skipped

    def shift(self, duration_ns: int) -> None:
        """All that is left comes so much later; timestamps follow the clock."""
        self.start_ns += duration_ns
        self.timestamp += duration_ns * self.track.clock_rate // 1_000_000_000
