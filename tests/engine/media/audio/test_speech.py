# SPDX-License-Identifier: AGPL-3.0-or-later
"""Where a track sounds: without the silence at its beginning and its end."""

from __future__ import annotations

import array

import pytest

from engine.media.audio.speech import Sound, sound_in
from engine.media.codecs import CN, G722, OPUS, PCMA, PCMU, Codec, l16
from engine.media.rtp import write_rtp
from engine.media.track import Track, even_track
from tests.engine.media.coded import encoded, track_of
from tests.media_audio import tone

MS = 1_000_000


def silence(ms: int, rate: int) -> array.array[int]:
    return array.array("h", bytes(2 * rate * ms // 1000))


def about(sound: Sound | None) -> tuple[float, float]:
    assert sound is not None
    return sound.begin_ns / MS, sound.end_ns / MS


@pytest.mark.parametrize("codec", [PCMU, PCMA, G722, l16(16000)], ids=lambda codec: codec.name)
def test_silence_at_both_ends_does_not_count(codec: Codec) -> None:
    rate = codec.sample_rate
    samples = silence(500, rate) + tone(440, 1, rate) + silence(300, rate) + tone(440, 0.5, rate) + silence(3000, rate)
    track = track_of(codec, samples.tobytes())
    begin_ms, end_ms = about(sound_in(track))
    assert begin_ms == pytest.approx(500, abs=6)
    assert end_ms == pytest.approx(2300, abs=6)


def test_sound_from_end_to_end() -> None:
    assert sound_in(track_of(PCMU, tone(440, 1).tobytes())) == Sound(0, 1000 * MS)


def test_a_silent_track_says_nothing() -> None:
    assert sound_in(track_of(PCMU, silence(1000, 8000).tobytes())) is None
    assert sound_in(even_track(b"", 160, 20, clock_rate=8000, payload_type=0, codec="PCMU")) is None


@pytest.mark.parametrize("codec", [OPUS, CN], ids=lambda codec: codec.name)
def test_what_cannot_be_decoded_sounds_all_along(codec: Codec) -> None:
    track = even_track(bytes(500), 50, 20, clock_rate=codec.clock_rate, payload_type=codec.payload_type, codec=codec.name)
    assert sound_in(track) == Sound(0, 200 * MS)


def test_a_capture_is_looked_into_when_its_payload_type_is_known() -> None:
    samples = [silence(20, 8000)] * 10 + [tone(440, 0.02)] * 10 + [silence(20, 8000)] * 30
    datagrams = [write_rtp(8, number, number * 160, 1, encoded(PCMA, each.tobytes())) for number, each in enumerate(samples)]
    datagrams[3] = b"\x80\xc8no RTP at all"
    track = captured(datagrams)
    assert sound_in(track) == Sound(200 * MS, 400 * MS)
    assert sound_in(captured([write_rtp(111, 1, 0, 1, b"opus")] * 10)) == Sound(0, 200 * MS)
    assert sound_in(captured([])) is None


def captured(datagrams: list[bytes]) -> Track:
    starts = [sum(map(len, datagrams[:number])) for number in range(len(datagrams))]
    return Track(
        b"".join(datagrams),
        starts,
        list(map(len, datagrams)),
        [number * 20 * MS for number in range(len(datagrams))],
        [0] * len(datagrams),
        [0] * len(datagrams),
        period_ns=20 * MS * len(datagrams),
        period_ticks=0,
        whole=True,
    )
