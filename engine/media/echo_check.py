# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whether what a call sends comes back as it was: SIPp's check of media (`-audiotolerance`), for a peer that echoes.

What comes is looked for among the payloads that were sent, wherever it stands in the stream: an echo may have a source and
sequence numbers of its own.
"""

from __future__ import annotations

from typing import Final

from engine.media.sdp import Format
from engine.media.tap import Tap
from engine.media.track import Track

ON_THE_WAY: Final = 10
"""Packets sent last that need not have come back yet: 200 ms of audio."""
_HEADER_BYTES: Final = 12


def payloads_of(track: Track) -> frozenset[int]:
    """The payloads of a track, by their hashes: of a replayed capture what stands behind the header of RTP."""
    skip = _HEADER_BYTES if track.whole else 0
    places = zip(track.starts, track.sizes, strict=True)
    return frozenset(hash(track.payloads[start + skip : start + size]) for start, size in places)


class EchoCheck(Tap):
    """Counts what comes back, of the audio or the video of one call."""

    __slots__ = ("_played", "excused", "other", "same")

    def __init__(self) -> None:
        self._played: frozenset[int] = frozenset()
        self.same = 0
        """Packets that came back as they were."""
        self.other = 0
        """Packets that were never sent so."""
        self.excused = 0
        """Packets that need not come back: digits, which an echo may leave out."""

    def plays(self, payloads: frozenset[int]) -> None:
        """This is sent too, from now on (`payloads_of`)."""
        self._played = payloads if not self._played else self._played | payloads

    def heard(
        self, known: Format | None, payload_type: int, payload: bytes, sequence: int, timestamp: int, arrived_ns: int
    ) -> None:
        """See `Tap`."""
        if hash(payload) in self._played:
            self.same += 1
        else:
            self.other += 1

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
