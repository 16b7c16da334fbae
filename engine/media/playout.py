# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which packets come too late to be heard: a model of a receiver's buffer, for E-model scores, which count these as lost.

The buffer plays a packet so long after the fastest way that packets had lately, as phones do that follow the network. Clocks
of the two ends that run apart move that slowly; a way that has become longer for good, or a source that had stopped its clock,
is followed after a few packets, and at once where a talkspurt begins.
"""

from __future__ import annotations

from typing import Final

BUFFER_NS: Final = 100_000_000
"""How much later than the fastest a packet may come; what phones hold by default is 60 to 200 ms."""
MOST_IN_A_ROW: Final = 5
"""Late packets after which the buffer follows."""
_DRIFT: Final = 4096
"""The fastest way is forgotten by a part so small of the time: more than clocks drift, less than ways change."""


class Playout:
    """`late` packets so far. All that is known of a packet is how much longer its way was than that of the one before."""

    __slots__ = ("_delay_ns", "_fastest_ns", "_in_a_row", "late")

    def __init__(self) -> None:
        self.late = 0
        self._delay_ns = 0
        self._fastest_ns = 0
        self._in_a_row = 0

    def packet(self, longer_ns: int, elapsed_ns: int, marker: bool) -> None:
        """A packet came `elapsed_ns` after another, and its way was `longer_ns` longer, which may be negative."""
        delay_ns = self._delay_ns = self._delay_ns + longer_ns
        fastest_ns = self._fastest_ns + elapsed_ns // _DRIFT
        if delay_ns <= fastest_ns or marker:
            self._fastest_ns = delay_ns
            self._in_a_row = 0
            return
        self._fastest_ns = fastest_ns
        if delay_ns - fastest_ns <= BUFFER_NS:
            self._in_a_row = 0
            return
        self.late += 1
        self._in_a_row += 1
        if self._in_a_row >= MOST_IN_A_ROW:
            self.restart()

    def restart(self) -> None:
        """Take the next packet's way for the fastest."""
        self._delay_ns = self._fastest_ns = self._in_a_row = 0
