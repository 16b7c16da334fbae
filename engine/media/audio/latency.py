# SPDX-License-Identifier: AGPL-3.0-or-later
"""How long the other side lets us wait: from the end of what we said to the first sound of its answer.

What we say is a turn, and a turn that nobody answered goes on with what we say next. An answer that began before we had ended,
and goes on past that end, is none to be timed: we were talked over. A sound that was over before we ended ("mhm") is neither.
"""

from __future__ import annotations

from typing import Final

from engine.media.audio.energy import EnergyDetector

MOST_SOUNDS: Final = 32
"""Sounds of the other side that are remembered, for what we say may be told after its end."""
MOST_SAMPLES: Final = 1000
"""Latencies that are kept until somebody takes them."""

_NEVER: Final = -1


class AudioLatency:
    """The turns of one call. `peer` hears the other side; tell `heard` when it has found a sound (`EnergyDetector.fed`)."""

    __slots__ = ("_began", "_ended", "_peer", "_samples", "_waits_since_ns", "answered", "talked_over", "turns")

    def __init__(self, peer: EnergyDetector) -> None:
        self._peer = peer
        self._began: list[int] = []
        self._ended: list[int] = []
        self._samples: list[int] = []
        self._waits_since_ns = _NEVER
        self.turns = 0
        """Turns whose end was told."""
        self.answered = 0
        self.talked_over = 0

    def said_until(self, end_ns: int) -> None:
        """The end of what we said, once it is known: it may lie ahead, or be over for a while.

        That is where the sound in the last track ends (`speech.sound_in`), not its last packet; for digits their end. A later
        end takes the place of an earlier one that nobody has answered.
        """
        self._look()
        if self._waits_since_ns < 0:
            self.turns += 1
        self._waits_since_ns = end_ns
        self._look()

    def heard(self, began_ns: int) -> None:
        """A sound of the other side began then; it has been one for long enough to be told."""
        if self._began:
            self._ended[-1] = self._peer.sound_before_ended_ns
        if len(self._began) >= MOST_SOUNDS:
            del self._began[0], self._ended[0]
        self._began.append(began_ns)
        self._ended.append(began_ns)
        self._look()

    def take(self) -> list[int]:
        """The latencies in ns since this was last asked, in their order."""
        samples, self._samples = self._samples, []
        return samples

    def close(self) -> None:
        """The call is over. Whoever is still waiting has got no answer: `turns - answered - talked_over` is 1."""
        self._look()

    def _look(self) -> None:
        """Find the first sound that was there after our end, and judge it."""
        end_ns = self._waits_since_ns
        if end_ns < 0 or not self._began:
            return
        self._ended[-1] = self._peer.sound_ended_ns
        for began_ns, ended_ns in zip(self._began, self._ended, strict=True):
            if began_ns >= end_ns:
                self._answer(began_ns - end_ns)
                return
            if ended_ns > end_ns:
                self.talked_over += 1
                self._settle()
                return

    def _answer(self, latency_ns: int) -> None:
        self.answered += 1
        if len(self._samples) < MOST_SAMPLES:
            self._samples.append(latency_ns)
        self._settle()

    def _settle(self) -> None:
        """The turn has come to its end: the sounds before count no more, but for the one that goes on."""
        self._waits_since_ns = _NEVER
        del self._began[:-1], self._ended[:-1]
