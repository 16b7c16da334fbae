# SPDX-License-Identifier: AGPL-3.0-or-later
"""Sample rates: tones keep their level and place, and what a lower rate cannot say is not heard as something else."""

from __future__ import annotations

import pytest

from engine.media.codecs.pcm import lin2lin
from engine.media.sources.resample import Resampler
from tests.engine.media.sounds import level_dbfs, sine, tone_dbfs

RATES = [8000, 11025, 16000, 22050, 32000, 44100, 48000, 96000, 11127]


def resampled(pcm: bytes, from_rate: int, to_rate: int, block: int = 5000) -> bytes:
    resampler = Resampler(from_rate, to_rate)
    wide = lin2lin(pcm, 2, 4)
    out = b"".join(resampler.process(wide[at : at + 4 * block]) for at in range(0, len(wide), 4 * block)) + resampler.flush()
    return lin2lin(out, 4, 2)


@pytest.mark.parametrize("to_rate", [8000, 16000, 44100])
@pytest.mark.parametrize("from_rate", RATES)
def test_a_tone_stays_as_loud_and_where_it_is(from_rate: int, to_rate: int) -> None:
    low = min(from_rate, to_rate)
    for frequency in (300, low * 0.25, low * 0.42):
        pcm = sine(frequency, from_rate, 400, -6)
        out = resampled(pcm, from_rate, to_rate) if from_rate != to_rate else pcm
        assert len(out) / 2 == pytest.approx(to_rate * 0.4, abs=10)
        assert tone_dbfs(out, to_rate, frequency) == pytest.approx(-6, abs=0.5)
        rest = out[400:-400]
        assert level_dbfs(rest) == pytest.approx(-6, abs=0.6), "nothing else is there"


@pytest.mark.parametrize(
    ("from_rate", "to_rate", "frequency"), [(16000, 8000, 6000), (44100, 8000, 5000), (48000, 8000, 17000)]
)
def test_what_the_lower_rate_cannot_say_is_gone(from_rate: int, to_rate: int, frequency: float) -> None:
    assert level_dbfs(resampled(sine(frequency, from_rate, 400, -3), from_rate, to_rate)[800:-800]) < -48


@pytest.mark.parametrize(("from_rate", "to_rate"), [(8000, 16000), (8000, 44100), (11025, 16000)])
def test_going_up_adds_no_images(from_rate: int, to_rate: int) -> None:
    out = resampled(sine(3000, from_rate, 400, -6), from_rate, to_rate)
    assert tone_dbfs(out, to_rate, from_rate - 3000) < -50


@pytest.mark.parametrize(("from_rate", "to_rate"), [(44100, 8000), (8000, 16000), (96000, 8000), (11127, 16000)])
def test_blocks_do_not_show(from_rate: int, to_rate: int) -> None:
    pcm = sine(440, from_rate, 100, -6)
    assert resampled(pcm, from_rate, to_rate, 37) == resampled(pcm, from_rate, to_rate, 100_000)


def test_the_loudest_stays_within_what_samples_can_say() -> None:
    square = (b"\xff\x7f" * 40 + b"\x00\x80" * 40) * 200
    out = resampled(square, 16000, 8000)
    assert 0 < level_dbfs(out) < 3.2
