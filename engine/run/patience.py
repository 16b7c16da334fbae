# SPDX-License-Identifier: AGPL-3.0-or-later
"""How long a run waits for a shard that says nothing: it is reported, and then killed, for a run must end.

A shard says something four times a second, once a second in this process, and whenever it is slow it still has its turn: it
does nothing for longer than some milliseconds at once. A machine that is so busy that a process gets nothing for whole
seconds is thinkable, so the limits are some ten times what has been seen on one.
"""

from __future__ import annotations

LOOK_EVERY_S = 0.25
"""How often a run looks at its shards."""
SILENT_S = 3.0
"""A silence that is reported."""
HUNG_S = 15.0
"""A silence after which a shard is killed."""
STOPPING_S = 5.0
"""The same for one that was told to cut off its calls: somebody waits for the end, and may use force after 10 s."""
END_S = 30.0
"""How long a shard may take from there to its last word, whatever it says meanwhile."""
START_S = 60.0
"""How long shards may take to become ready: reading a data file of millions of lines, connecting."""


class Patience:
    """What a run has had to wait for one shard. Time is that in which the run itself had its turn, see `pass_time`."""

    __slots__ = ("_reported", "_silent_s", "_stopping_s")

    def __init__(self) -> None:
        self._silent_s = 0.0
        self._reported = False
        self._stopping_s: float | None = None

    def heard(self) -> None:
        """The shard said something."""
        self._silent_s = 0.0
        self._reported = False

    def told_to_stop(self) -> None:
        """The shard was told to cut off its calls."""
        if self._stopping_s is None:
            self._stopping_s = 0.0

    def pass_time(self, passed_s: float) -> None:
        """So much time went by. It counts twice `LOOK_EVERY_S` at most: a run that was stopped for an hour, or waited for the
        processor itself, has not listened, and what its shards said meanwhile is still to be read."""
        passed_s = min(passed_s, 2 * LOOK_EVERY_S)
        self._silent_s += passed_s
        if self._stopping_s is not None:
            self._stopping_s += passed_s

    @property
    def is_silent(self) -> bool:
        """Whether it has said nothing for long."""
        return self._silent_s >= SILENT_S

    def report(self) -> str:
        """What to tell people of the shard's silence: once, and nothing before it is long."""
        if self._reported or not self.is_silent:
            return ""
        self._reported = True
        return f"has said nothing for {SILENT_S:g} s"

    def at_an_end(self) -> str:
        """Why the shard has to be killed, or nothing."""
        if self._silent_s >= HUNG_S:
            return f"it had said nothing for {HUNG_S:g} s"
        if self._stopping_s is None:
            return ""
        if min(self._silent_s, self._stopping_s) >= STOPPING_S:
            return f"it was told to stop and said nothing for {STOPPING_S:g} s"
        if self._stopping_s >= END_S:
            return f"it had not ended {END_S:g} s after it was told to stop"
        return ""
