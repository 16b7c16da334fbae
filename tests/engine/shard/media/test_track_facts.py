# SPDX-License-Identifier: AGPL-3.0-or-later
"""Where tracks sound is found out beside the loop, once, and remembered of so many."""

from __future__ import annotations

import time

from engine.media.audio.speech import Sound, sound_in
from engine.media.codecs import PCMU
from engine.media.track import Track, even_track
from engine.shard.media.track_facts import MOST_KEPT, TrackFacts
from tests.media_audio import tone

MS = 1_000_000
LIMIT_S = 10


def track(samples: bytes) -> Track:
    assert PCMU.make_encoder is not None
    payloads = PCMU.make_encoder().encode(samples)
    return even_track(payloads, 160, 20, clock_rate=8000, payload_type=0, codec="PCMU")


def test_what_was_looked_at_is_known_soon() -> None:
    sounds, spoken = TrackFacts(sound_in), track(tone(440, 0.1).tobytes() + bytes(1600))
    sounds.look_at(spoken)
    end = time.monotonic() + LIMIT_S
    while spoken not in sounds._found and time.monotonic() < end:
        time.sleep(0.001)
    assert sounds._found == {spoken: Sound(0, 100 * MS)}
    assert sounds.of(spoken) == Sound(0, 100 * MS)


def test_a_silent_track_is_known_too_and_nobody_needs_to_have_looked() -> None:
    sounds, silent = TrackFacts(sound_in), track(bytes(3200))
    assert sounds.of(silent) is None
    assert sounds._found == {silent: None}


def test_many_tracks_are_not_kept() -> None:
    sounds = TrackFacts(sound_in)
    for _ in range(MOST_KEPT + 10):
        sounds.of(track(bytes(320)))
    assert len(sounds._found) <= MOST_KEPT
