# SPDX-License-Identifier: AGPL-3.0-or-later
"""What measures sound in the tests measures sounds that are known."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.media_audio import dominant_hz, goertzel_db, level_db, loud_part, read_wav, tone, write_wav


@pytest.mark.parametrize("rate", [8000, 16000, 48000])
@pytest.mark.parametrize("hz", [440.0, 697.3, 1004.0, 3100.0])
def test_a_tone_has_its_frequency_and_level(rate: int, hz: float) -> None:
    samples = tone(hz, 0.6, rate, level_db=-9.0)
    assert dominant_hz(samples, rate) == pytest.approx(hz, rel=0.001)
    assert level_db(samples) == pytest.approx(-9.0, abs=0.05)
    assert goertzel_db(samples, rate, hz) == pytest.approx(-9.0, abs=0.2)
    assert goertzel_db(samples, rate, hz * 1.1) < -40


def test_silence_around_a_tone_is_left_out() -> None:
    silence = [0] * 3000
    samples = [*silence, *tone(440, 0.5), *silence, *tone(440, 1.0), *silence]
    part = loud_part(samples, 8000)
    assert 7500 < len(part) < 8000
    assert level_db(part) == pytest.approx(-12.0, abs=0.1)
    assert level_db(silence) == -120.0
    assert len(loud_part([], 8000)) == 0


def test_a_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    samples = tone(1000, 0.1, 16000)
    rate, channels = read_wav(write_wav(tmp_path / "tone.wav", samples, 16000, channels=2))
    assert rate == 16000
    assert channels == [samples, samples]
