# SPDX-License-Identifier: AGPL-3.0-or-later
"""Where tracks sound is found out beside the loop, once, and remembered of so many."""

from __future__ import annotations

import threading
import time

from engine.media.audio.speech import Sound, sound_in
from engine.media.codecs import PCMU
from engine.media.track import Track, even_track
from engine.shard.media.track_facts import MOST_KEPT, MOST_KEPT_BYTES, TrackFacts
from tests.engine.media.coded import track_of
from tests.media_audio import tone

MS = 1_000_000
LIMIT_S = 10


def track(samples: bytes) -> Track:
    return track_of(PCMU, samples)


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


def test_a_track_that_all_calls_play_at_once_is_looked_into_once() -> None:
    looked: list[Track] = []
    gate, over = threading.Event(), threading.Event()

    def look(track: Track) -> Sound | None:
        looked.append(track)
        return sound_in(track)

    sounds, spoken = TrackFacts(look), track(tone(440, 0.1).tobytes())
    sounds._beside.run(lambda: wait(gate))
    for _ in range(100):
        sounds.look_at(spoken)
    sounds._beside.run(over.set)
    gate.set()
    assert over.wait(LIMIT_S)
    assert looked == [spoken]
    assert sounds.of(spoken) == Sound(0, 100 * MS)


def wait(gate: threading.Event) -> None:
    gate.wait(LIMIT_S)


def test_long_tracks_are_not_kept_from_being_forgotten() -> None:
    sounds, large = TrackFacts(sound_in), b"\xd5" * (MOST_KEPT_BYTES // 4)
    tracks = [even_track(large, len(large), 20, clock_rate=8000, payload_type=8, codec="") for _ in range(6)]
    for each in tracks:
        sounds.of(each)
    assert list(sounds._found) == tracks[-4:]
