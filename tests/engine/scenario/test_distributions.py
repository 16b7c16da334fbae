# SPDX-License-Identifier: AGPL-3.0-or-later
"""Each distribution draws what its name says: its draws against its distribution function, its mean and its 99th percentile.

The test of a distribution is that of Kolmogorov and Smirnov: how far the share of the draws up to *x* is from what it
should be, at most. With a fixed seed it holds or does not; a correct one would fail with one seed in a thousand.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from random import Random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.scenario.distributions import DISTRIBUTIONS, Distribution, read_distribution, short_form
from engine.scenario.problems import Misuse

DRAWS = 20_000
FARTHEST = 1.95 / math.sqrt(DRAWS)

Cdf = Callable[[float], float]


def distribution(name: str, **parameters: str) -> Distribution:
    """A distribution with these parameters; `lambda_` is `lambda`, a word of Python's."""
    return read_distribution(name, {key.rstrip("_"): value for key, value in parameters.items()})


def draws(of: Distribution, seed: int = 20_260_101) -> list[float]:
    """Its draws, sorted."""
    sample = of.sampler(Random(seed))
    return sorted(sample() for _ in range(DRAWS))


def farthest(drawn: list[float], cdf: Cdf) -> float:
    """How far the draws are from the distribution function, at most."""
    steps = ((index, cdf(value)) for index, value in enumerate(drawn))
    return max(max(abs(share - index / DRAWS), abs((index + 1) / DRAWS - share)) for index, share in steps)


def normal(x: float, mean: float = 0.0, stdev: float = 1.0) -> float:
    return (1 + math.erf((x - mean) / stdev / math.sqrt(2))) / 2


def erlang(x: float, shape: int, scale: float) -> float:
    """The gamma distribution with a whole number for its shape."""
    return 1 - sum(math.exp(-x / scale) * (x / scale) ** each / math.factorial(each) for each in range(shape))


CONTINUOUS: dict[str, tuple[Distribution, Cdf]] = {
    "uniform": (distribution("uniform", min="2", max="5"), lambda x: (x - 2) / 3),
    "uniform backwards": (distribution("uniform", min="5", max="2"), lambda x: (x - 2) / 3),
    "normal": (distribution("normal", mean="60", stdev="15"), lambda x: normal(x, 60, 15)),
    "lognormal": (distribution("lognormal", mean="1.5", stdev="0.5"), lambda x: normal(math.log(x), 1.5, 0.5)),
    "exponential": (distribution("exponential", mean="90"), lambda x: 1 - math.exp(-x / 90)),
    "weibull": (distribution("weibull", lambda_="3", k="4"), lambda x: 1 - math.exp(-((x / 3) ** 4))),
    "weibull of small shape": (distribution("weibull", lambda_="3", k="0.5"), lambda x: 1 - math.exp(-((x / 3) ** 0.5))),
    "pareto": (distribution("pareto", k="2.5", x_m="2"), lambda x: 1 - (2 / x) ** 2.5),
    "gpareto": (
        distribution("gpareto", shape="0.3", scale="2", location="5"),
        lambda x: 1 - (1 + 0.3 * (x - 5) / 2) ** (-1 / 0.3),
    ),
    "gpareto of shape 0": (
        distribution("gpareto", shape="0", scale="2", location="5"),
        lambda x: 1 - math.exp(-(x - 5) / 2),
    ),
    "gpareto with an end": (
        distribution("gpareto", shape="-0.5", scale="2", location="5"),
        lambda x: 1 - max(0.0, 1 - 0.5 * (x - 5) / 2) ** 2,
    ),
    "gamma": (distribution("gamma", k="3", theta="2"), lambda x: erlang(x, 3, 2)),
    "gamma of shape 1": (distribution("gamma", k="1", theta="2"), lambda x: erlang(x, 1, 2)),
    "gamma of small shape": (distribution("gamma", k="0.5", theta="2"), lambda x: math.erf(math.sqrt(x / 2))),
}


@pytest.mark.parametrize("name", CONTINUOUS)
def test_draws_follow_the_distribution(name: str) -> None:
    of, cdf = CONTINUOUS[name]
    assert farthest(draws(of), cdf) < FARTHEST


@pytest.mark.parametrize("name", CONTINUOUS)
def test_the_distance_would_tell_another_distribution(name: str) -> None:
    of, cdf = CONTINUOUS[name]
    assert farthest([value * 1.2 for value in draws(of)], cdf) > FARTHEST


@pytest.mark.parametrize(("p", "n"), [(0.5, 3.0), (0.1, 2.0), (0.05, 40.0), (0.9, 0.7), (0.3, 2.5), (0.002, 60.0)])
def test_negative_binomial_draws_are_failures_before_successes(p: float, n: float) -> None:
    """By classes, for its draws are whole numbers. A mean of 60 / 0.002 takes the way of large Poisson draws."""
    drawn = draws(distribution("negbin", p=str(p), n=str(n)))
    share, seen = 0.0, 0
    counts = {value: drawn.count(value) for value in set(drawn)} if len(set(drawn)) < 500 else {}
    for k in range(math.ceil(drawn[-1]) + 1):
        share += math.exp(math.lgamma(n + k) - math.lgamma(n) - math.lgamma(k + 1) + n * math.log(p) + k * math.log1p(-p))
        if counts or k % 500 == 0:
            seen = seen + counts.get(k, 0) if counts else sum(value <= k for value in drawn)
            assert abs(seen / DRAWS - share) < FARTHEST
    assert all(value == math.floor(value) >= 0 for value in drawn)


@pytest.mark.parametrize(
    "of",
    [
        *(of for of, _ in CONTINUOUS.values() if of.name != "weibull" or of.values[1] > 1),
        distribution("fixed", value="-7.5"),
        distribution("negbin", p="0.1", n="20"),
        distribution("negbin", p="1", n="20"),
        distribution("gamma", k="2e12", theta="2"),
        distribution("negbin", p="0.5", n="2e12"),
    ],
    ids=str,
)
def test_mean_and_percentile(of: Distribution) -> None:
    drawn = draws(of)
    spread = drawn[int(DRAWS * 0.84)] - drawn[int(DRAWS * 0.16)]
    assert abs(math.fsum(drawn) / DRAWS - of.mean) <= 0.03 * spread
    assert abs(drawn[int(DRAWS * 0.99)] - of.percentile_99) <= 0.12 * spread


def test_a_mean_that_there_is_none_of_is_infinite() -> None:
    assert distribution("pareto", k="1", x_m="2").mean == math.inf
    assert distribution("gpareto", shape="1", scale="2", location="0").mean == math.inf
    assert distribution("lognormal", mean="1000", stdev="1").mean == math.inf


def test_what_is_beyond_all_numbers_is_infinite() -> None:
    assert draws(distribution("lognormal", mean="1000", stdev="0"))[-1] == math.inf
    assert draws(distribution("pareto", k="0.001", x_m="1"))[-1] == math.inf


@pytest.mark.parametrize(
    ("of", "value"),
    [
        (distribution("normal", mean="5", stdev="0"), 5.0),
        (distribution("uniform", min="5", max="5"), 5.0),
        (distribution("exponential", mean="0"), 0.0),
        (distribution("weibull", lambda_="0", k="2"), 0.0),
        (distribution("gamma", k="2", theta="0"), 0.0),
        (distribution("negbin", p="1", n="2"), 0.0),
        (distribution("fixed", value="1.5"), 1.5),
    ],
    ids=str,
)
def test_where_nothing_is_left_to_chance(of: Distribution, value: float) -> None:
    assert set(draws(of)) == {value}


def test_the_same_chance_draws_the_same() -> None:
    for of, _ in CONTINUOUS.values():
        assert draws(of, seed=5) == draws(of, seed=5) != draws(of, seed=6)


@example("gamma", [1e308, 1.0, 0.0], 0)
@example("gamma", [1e-308, 1.0, 0.0], 0)
@example("negbin", [0.5, 1e308, 0.0], 0)
@example("negbin", [1e-308, 1e308, 0.0], 0)
@example("negbin", [0.5, 1e13, 0.0], 0)
@given(
    st.sampled_from(sorted(DISTRIBUTIONS)),
    st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=3, max_size=3),
    st.integers(0, 9),
)
def test_whatever_the_parameters_they_are_refused_or_draw_a_number(name: str, values: list[float], seed: int) -> None:
    parameters = DISTRIBUTIONS[name].parameters
    attributes = {parameter.name: repr(value) for parameter, value in zip(parameters, values, strict=False)}
    try:
        of = read_distribution(name, attributes)
    except Misuse:
        return
    assert not math.isnan(of.mean)
    assert not math.isnan(of.percentile_99)
    sample = of.sampler(Random(seed))
    assert not any(math.isnan(sample()) for _ in range(5))


@pytest.mark.parametrize(
    ("name", "attributes", "expected"),
    [
        ("normal", {"mean": "1"}, 'distribution="normal" needs stdev='),
        ("normal", {"mean": "x", "stdev": "1"}, 'mean="x" is no number'),
        ("normal", {"mean": "inf", "stdev": "1"}, 'mean="inf" is no number'),
        ("normal", {"mean": "nan", "stdev": "1"}, 'mean="nan" is no number'),
        ("normal", {"mean": "1", "stdev": "-1"}, 'stdev="-1" of distribution="normal" is not 0 or more'),
        ("weibull", {"lambda": "1", "k": "0"}, 'k="0" of distribution="weibull" is not above 0'),
        ("negbin", {"p": "0", "n": "1"}, 'p="0" of distribution="negbin" is not above 0'),
        ("negbin", {"p": "1.5", "n": "1"}, 'p="1.5" of distribution="negbin" is above 1'),
        ("exponential", {"mean": "-1"}, 'mean="-1" of distribution="exponential" is not 0 or more'),
        ("Normal", {"mean": "1", "stdev": "1"}, 'distribution="Normal" is not known'),
        ("", {}, 'distribution="" is not known'),
    ],
)
def test_what_is_no_distribution(name: str, attributes: dict[str, str], expected: str) -> None:
    with pytest.raises(Misuse) as refused:
        read_distribution(name, attributes)
    assert refused.value.message == expected


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"min": "1", "max": "2"}, "uniform"),
        ({"max": "2"}, "uniform"),
        ({"normal": "false"}, "normal"),
        ({"exponential": "true", "normal": "true", "min": "1"}, "normal"),
        ({"gamma": ""}, "gamma"),
        ({"negbin": "true", "p": "1"}, None),
        ({"mean": "1", "stdev": "1"}, None),
    ],
)
def test_old_forms_of_pauses(attributes: dict[str, str], expected: str | None) -> None:
    assert short_form(attributes) == expected
