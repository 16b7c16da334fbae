# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whether what a call sends comes back as it was: SIPp's check of media (`-audiotolerance`), for a peer that echoes.

What comes is looked for among the payloads that were sent, wherever it stands in the stream: an echo may have a source and
sequence numbers of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from engine.media.rtp import HEADER_BYTES
from engine.media.sdp import Format
from engine.media.tap import Tap
from engine.media.track import Track

ON_THE_WAY: Final = 10
"""Packets sent last that need not have come back yet: 200 ms of audio."""


def payloads_of(track: Track) -> frozenset[int]:
    """The payloads of a track, by their hashes: of a replayed capture what stands behind the header of RTP."""
    skip = HEADER_BYTES if track.whole else 0
    places = zip(track.starts, track.sizes, strict=True)
    return frozenset(hash(track.payloads[start + skip : start + size]) for start, size in places)


class EchoCheck(Tap):
    """Counts what comes back, of the audio or the video of one call."""

    __slots__ = ("_known", "_payloads_of", "_played", "excused", "other", "same")

    def __init__(self, payloads: Callable[[Track], frozenset[int]]) -> None:
        """`payloads` is `payloads_of`, or what knows already what that says; it is asked when something comes back."""
        self._payloads_of = payloads
        self._played: list[Track] = []
        self._known: frozenset[int] = frozenset()
        self.same = 0
        """Packets that came back as they were."""
        self.other = 0
        """Packets that were never sent so."""
        self.excused = 0
        """Packets that need not come back: digits, which an echo may leave out."""

    def plays(self, track: Track) -> None:
        """This is sent too, from now on."""
        self._played.append(track)

    def heard(
        self, known: Format | None, payload_type: int, payload: bytes, sequence: int, timestamp: int, arrived_ns: int
    ) -> None:
        """See `Tap`."""
        while self._played:
            payloads = self._payloads_of(self._played.pop())
            self._known = self._known | payloads if self._known else payloads
        if hash(payload) in self._known:
            self.same += 1
        else:
            self.other += 1

    def close(self, now_ns: int) -> None:
        """See `Tap`."""

    def broken_by(self, sent: int, tolerance: float) -> str:
        """Why so much of `sent` packets did not come back that it is more than the part that may be lost; "" otherwise."""
        sent = max(0, sent - self.excused)
        if not sent:
            return ""
        due = sent if not self.same else max(self.same + self.other, sent - ON_THE_WAY)
        part = max(0, due - self.same) / due
        if part <= tolerance:
            return ""
        return f"{due - self.same} of {due} packets did not come back as they were sent, at most {tolerance:.4g} of them may"
