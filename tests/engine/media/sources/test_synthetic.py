# SPDX-License-Identifier: AGPL-3.0-or-later
"""Media without a file: the tone that was asked for, at its level; the cadence of ringback; silence; SIPp's patterns."""

from __future__ import annotations

import pytest

from engine.errors import MediaError
from engine.media.codecs import G722, G729, H264, ILBC, L16_MONO, L16_STEREO, OPUS, PCMA, PCMU, Codec, l16
from engine.media.sources.pattern import PATTERNS, pattern_track
from engine.media.sources.synthetic import Sound, Synthetic, synthetic_track
from engine.media.track import Track
from tests.engine.media.coded import decoded
from tests.engine.media.sounds import dominant_hz, level_dbfs, samples, tone_dbfs


def heard(track: Track, codec: Codec) -> bytes:
    return decoded(codec, track.payloads)


@pytest.mark.parametrize("codec", [PCMU, PCMA, G722, l16(16000)])
@pytest.mark.parametrize(("frequency", "level"), [(1000, -10.0), (440, -16.0), (2500.5, -3.0)])
def test_a_tone_has_its_frequency_and_level(codec: Codec, frequency: float, level: float) -> None:
    track, loops = synthetic_track(Synthetic(Sound.TONE, frequency, level), "synthetic:tone", codec, -1)
    pcm = heard(track, codec)
    assert (loops, track.period_ns) == (-1, 1_000_000_000)
    assert dominant_hz(pcm, codec.sample_rate) == pytest.approx(frequency, abs=1)
    assert tone_dbfs(pcm, codec.sample_rate, frequency) == pytest.approx(level - 3.17, abs=0.3)


def test_ringback_sounds_for_a_second_and_is_silent_for_four() -> None:
    track, _ = synthetic_track(Synthetic(duration_ms=7000), "synthetic", PCMA)
    pcm = heard(track, PCMA)
    seconds = [pcm[16000 * k : 16000 * (k + 1)] for k in range(7)]
    assert [level_dbfs(second) > -20 for second in seconds] == [True, False, False, False, False, True, False]
    assert dominant_hz(seconds[0], 8000) == pytest.approx(425, abs=1)
    assert tone_dbfs(seconds[5], 8000, 425) == pytest.approx(-13.2, abs=0.3)
    assert synthetic_track(Synthetic(), "synthetic", PCMA)[0].period_ns == 5_000_000_000


def test_silence_is_silent() -> None:
    track, _ = synthetic_track(Synthetic(Sound.SILENCE), "synthetic:silence", PCMU)
    assert set(track.payloads) == {0xFF}


def test_packets_are_as_long_as_was_asked_for() -> None:
    track, _ = synthetic_track(Synthetic(Sound.SILENCE, packet_ms=30, duration_ms=100), "synthetic", G722)
    assert (len(track), set(track.sizes), list(track.timestamps)) == (4, {240}, [0, 240, 480, 720])
    with pytest.raises(MediaError, match="PCMU has no packets of 1000000 ms"):
        synthetic_track(Synthetic(packet_ms=1_000_000), "synthetic", PCMU)


def test_two_channels_say_the_same() -> None:
    pcm = samples(heard(synthetic_track(Synthetic(Sound.TONE), "synthetic", L16_STEREO)[0], L16_STEREO))
    assert pcm[0::2] == pcm[1::2]


@pytest.mark.parametrize("codec", [OPUS, G729])
def test_what_is_not_encoded_here_is_refused(codec: Codec) -> None:
    with pytest.raises(MediaError, match="nothing here can encode"):
        synthetic_track(Synthetic(), "synthetic", codec)


@pytest.mark.parametrize("number", PATTERNS)
def test_a_pattern_is_one_byte_over_and_over(number: int) -> None:
    track = pattern_track(number, "apattern", PCMU)
    assert track.payloads == bytes([PATTERNS[number]]) * 160
    assert set(track.starts) == {0}
    assert set(track.sizes) == {160}
    assert set(track.markers) == {0}
    assert track.period_ns == len(track) * 20_000_000
    assert track.period_ticks == len(track) * 160


@pytest.mark.parametrize("codec", [PCMU, H264, L16_MONO])
def test_a_pattern_is_timed_by_the_clock_of_its_codec(codec: Codec) -> None:
    track = pattern_track(1, "pattern", codec)
    assert track.clock_rate == codec.clock_rate
    assert track.period_ticks * 1_000_000_000 == track.period_ns * codec.clock_rate


def test_patterns_have_the_packets_of_their_codec() -> None:
    assert set(pattern_track(1, "apattern", ILBC).sizes) == {50}
    with pytest.raises(MediaError, match="there is no pattern 7"):
        pattern_track(7, "apattern", PCMU)
    with pytest.raises(MediaError, match="packets of opus differ in size"):
        pattern_track(1, "apattern", OPUS)
