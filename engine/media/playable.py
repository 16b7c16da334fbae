# SPDX-License-Identifier: AGPL-3.0-or-later
"""A track, and how it is to be played."""

from __future__ import annotations

from dataclasses import dataclass

from engine.media.kinds import MediaKind
from engine.media.track import Track


@dataclass(frozen=True, slots=True)
class Playable:
    """What a stream is given to play: a track, how often (-1: for ever), with which payload type, on which media."""

    track: Track
    loops: int
    payload_type: int
    kind: MediaKind
