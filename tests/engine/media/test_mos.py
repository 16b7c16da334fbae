# SPDX-License-Identifier: AGPL-3.0-or-later
"""The E-model against published figures."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.media.mos import (
    CODECS,
    DEFAULT_RATING,
    G711,
    G711_UNCONCEALED,
    Impairment,
    burst_ratio,
    delay_impairment,
    mos,
    mos_of,
    mos_of_reception,
    rating,
)
from engine.media.reception import ReceptionSummary

ANY = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e6, max_value=1e6)


@pytest.mark.parametrize(
    ("rated", "score"), [(93.2, 4.41), (90, 4.34), (80, 4.03), (70, 3.60), (60, 3.10), (50, 2.58), (0, 1.0), (100, 4.5)]
)
def test_scores_of_ratings_are_those_of_the_recommendation(rated: float, score: float) -> None:
    """G.107 annex B, G.109 table 1."""
    assert mos_of(rated) == pytest.approx(score, abs=0.01)


@given(ANY, ANY)
def test_a_better_rating_never_has_a_worse_score(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert 1.0 <= mos_of(low) <= mos_of(high) <= 4.5


def test_codecs_without_loss_are_as_good_as_published() -> None:
    assert mos("PCMU", 0) == pytest.approx(4.41, abs=0.006)
    assert mos("G729", 0) == pytest.approx(4.10, abs=0.02)
    assert mos("g729", 0) == mos("G729", 0)
    assert mos("iLBC", 0) == mos("ILBC", 0) == mos("G729", 0)
    assert mos("something new", 0.01) == mos("PCMU", 0.01)


def test_loss_impairs_as_published() -> None:
    """Ie,eff of G.107 section 7.5 with the robustness factors of G.113 appendix I."""
    assert rating(G711, 0.01) == pytest.approx(DEFAULT_RATING - 95 * 1 / 26.1)
    assert rating(G711_UNCONCEALED, 0.01) == pytest.approx(DEFAULT_RATING - 95 * 1 / 5.3)
    assert rating(CODECS["G729"], 0.02) == pytest.approx(DEFAULT_RATING - 19)
    assert rating(CODECS["G729"], 0.02, burst_ratio=2) == pytest.approx(DEFAULT_RATING - 11 - 84 * 2 / 20)
    assert mos("PCMU", 1.0) < 1.7


def test_delay_impairs_from_100_ms_on() -> None:
    assert [delay_impairment(ms) for ms in (-5, 0, 50, 100)] == [0, 0, 0, 0]
    assert delay_impairment(200) == pytest.approx(3.0, abs=0.1)
    assert delay_impairment(400) == pytest.approx(24.1, abs=0.1)
    assert delay_impairment(float("inf")) > 0
    assert rating(G711, 0, delay_ms=None) == rating(G711, 0, delay_ms=80) == DEFAULT_RATING


@given(
    st.sampled_from([*CODECS.values(), G711_UNCONCEALED]),
    st.floats(0, 1),
    st.floats(0, 0.5),
    st.floats(1, 20),
    st.floats(0, 5000),
    st.floats(0, 5000),
)
def test_more_of_anything_bad_is_never_better(
    codec: Impairment, loss: float, more_loss: float, ratio: float, delay_ms: float, more_ms: float
) -> None:
    here = rating(codec, loss, ratio, delay_ms)
    assert rating(codec, loss + more_loss, ratio, delay_ms) <= here + 1e-9
    assert rating(codec, loss, ratio, delay_ms + more_ms) <= here + 1e-9
    assert rating(codec, loss, ratio + 1, delay_ms) <= here + 1e-9


def test_how_losses_lie_together() -> None:
    assert burst_ratio(0, 0, 0) == 1.0
    assert burst_ratio(100, 0, 0) == 1.0
    assert burst_ratio(1000, 50, 50) == 1.0, "shorter runs than by chance are as by chance"
    assert burst_ratio(1000, 50, 10) == pytest.approx(5 * 0.95)


def test_the_score_of_what_was_received() -> None:
    clean = ReceptionSummary(packets=1000, expected=1000, jitter_mean_ns=1_000_000)
    assert mos_of_reception("PCMU", clean) == pytest.approx(4.41, abs=0.006)
    assert mos_of_reception("PCMU", ReceptionSummary()) == 0.0
    lossy = ReceptionSummary(packets=950, expected=1000, lost=50, bursts=48)
    together = ReceptionSummary(packets=950, expected=1000, lost=50, bursts=5)
    assert mos_of_reception("PCMU", together) < mos_of_reception("PCMU", lossy) == pytest.approx(3.9, abs=0.1)
    late = ReceptionSummary(packets=1000, expected=1000, late=50)
    assert mos_of_reception("PCMU", late) == mos_of_reception("PCMU", lossy), "what comes too late is not heard"
    far = mos_of_reception("PCMU", clean, round_trip_ns=600_000_000)
    assert far == pytest.approx(mos("PCMU", 0, delay_ms=322))
    assert far < 4.1 < mos_of_reception("PCMU", clean, round_trip_ns=40_000_000)
