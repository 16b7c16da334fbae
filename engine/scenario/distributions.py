# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a `sample` action and a pause draw from: SIPp's distributions, with the parameters that GSL gives them.

To add one: an entry in `DISTRIBUTIONS` with its parameters in the order of the functions beside them: how it is drawn, its
mean and its 99th percentile. A draw that is beyond all numbers is infinite, and so may a mean be.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random

from engine.scenario.problems import Misuse, nearest
from engine.scenario.values import parse_number

Draw = Callable[[Random], float]

_Z99 = 2.3263478740408408
"""The 99th percentile of the standard normal distribution."""
_REJECTION_FROM = 10.0
"""From this mean on a Poisson draw is by rejection; below, by multiplying."""
_LARGE = 1e12
"""From here on a gamma or a Poisson draw is a normal one: their methods lose themselves in rounding, some without end."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number that a distribution needs: at least `least`, or above it where it is `above`; at most `most`."""

    name: str
    least: float = -math.inf
    above: bool = False
    most: float = math.inf

    def parse(self, distribution: str, attributes: Mapping[str, str]) -> float:
        """Its value. Raises Misuse when it is missing, no finite number or out of bounds."""
        text = attributes.get(self.name)
        if text is None:
            raise Misuse(f'distribution="{distribution}" needs {self.name}=')
        value = parse_number(text)
        if value is None or not math.isfinite(value):
            raise Misuse(f'{self.name}="{text}" is no number')
        if value < self.least or (self.above and value == self.least):
            raise Misuse(f'{self.name}="{text}" of distribution="{distribution}" is not {self._bound()}')
        if value > self.most:
            raise Misuse(f'{self.name}="{text}" of distribution="{distribution}" is above {self.most:g}')
        return value

    def _bound(self) -> str:
        return f"above {self.least:g}" if self.above else f"{self.least:g} or more"


@dataclass(frozen=True, slots=True)
class Kind:
    """One entry of the table. `draw`, `mean` and `percentile_99` take the parameters in order; `short` is how it is shown."""

    parameters: tuple[Parameter, ...]
    draw: Callable[..., float]
    mean: Callable[..., float]
    percentile_99: Callable[..., float]
    short: str


@dataclass(frozen=True, slots=True)
class Distribution:
    """A distribution with its parameters, in the order of its kind."""

    name: str
    values: tuple[float, ...]

    @property
    def _kind(self) -> Kind:
        return DISTRIBUTIONS[self.name]

    def sampler(self, random: Random) -> Callable[[], float]:
        """What draws from it."""
        draw, values = self._kind.draw, self.values

        def sample() -> float:
            try:
                return draw(random, *values)
            except OverflowError:
                return math.inf

        return sample

    @property
    def mean(self) -> float:
        """Its mean, which may be infinite."""
        return _or_infinite(self._kind.mean, self.values)

    @property
    def percentile_99(self) -> float:
        """The value that 99 of 100 draws are below, for the gamma and the negative binomial distribution roughly."""
        return _or_infinite(self._kind.percentile_99, self.values)

    def __str__(self) -> str:
        """For people, in short: `N(60, 15)`."""
        return self._kind.short.format(*(f"{value:g}" for value in self.values))


def read_distribution(name: str, attributes: Mapping[str, str]) -> Distribution:
    """The distribution that an element's attributes describe. Raises Misuse."""
    kind = DISTRIBUTIONS.get(name)
    if kind is None:
        hint = nearest(name, DISTRIBUTIONS) or f"it is one of {', '.join(DISTRIBUTIONS)}"
        raise Misuse(f'distribution="{name}" is not known', hint)
    return Distribution(name, tuple(parameter.parse(name, attributes) for parameter in kind.parameters))


def _or_infinite(function: Callable[..., float], values: tuple[float, ...]) -> float:
    try:
        value = function(*values)
    except OverflowError:
        return math.inf
    return math.inf if math.isnan(value) else value


# --- draws -------------------------------------------------------------------------------------------------------------
# Each takes the source of chance and the parameters. `1 - random()` is above 0, so it has a logarithm.


def _fixed(random: Random, value: float) -> float:
    return value


def _uniform(random: Random, least: float, most: float) -> float:
    return least + (most - least) * random.random()


def _normal(random: Random, mean: float, stdev: float) -> float:
    return random.normalvariate(mean, stdev)


def _lognormal(random: Random, mean: float, stdev: float) -> float:
    return math.exp(random.normalvariate(mean, stdev))


def _exponential(random: Random, mean: float) -> float:
    return -mean * math.log(1.0 - random.random())


def _weibull(random: Random, scale: float, shape: float) -> float:
    return scale * math.pow(-math.log(1.0 - random.random()), 1.0 / shape)


def _pareto(random: Random, shape: float, least: float) -> float:
    return least * math.pow(1.0 - random.random(), -1.0 / shape)


def _generalised_pareto(random: Random, shape: float, scale: float, location: float) -> float:
    return location + scale * _pareto_quantile(1.0 - random.random(), shape)


def _gamma(random: Random, shape: float, scale: float) -> float:
    return scale * _gamma_of_scale_1(random, shape)


def _gamma_of_scale_1(random: Random, shape: float) -> float:
    return random.gammavariate(shape, 1.0) if shape < _LARGE else random.normalvariate(shape, math.sqrt(shape))


def _negative_binomial(random: Random, probability: float, successes: float) -> float:
    """Failures before so many successes: a Poisson draw whose mean is itself drawn, from a gamma distribution."""
    return _poisson(random, _gamma_of_scale_1(random, successes) * (1.0 - probability) / probability)


def _poisson(random: Random, mean: float) -> float:
    """A Poisson draw in a time that does not grow with the mean (W. Hörmann, 1993, algorithm PTRS)."""
    if mean < _REJECTION_FROM:
        return _poisson_of_few(random, mean)
    if mean > _LARGE:
        return random.normalvariate(mean, math.sqrt(mean)) if math.isfinite(mean) else mean
    log_mean = math.log(mean)
    b = 0.931 + 2.53 * math.sqrt(mean)
    a = -0.059 + 0.02483 * b
    inverse_alpha = 1.1239 + 1.1328 / (b - 3.4)
    accepted_at_once = 0.9277 - 3.6224 / (b - 2.0)
    while True:
        u = random.random() - 0.5
        v = 1.0 - random.random()
        us = 0.5 - abs(u)
        k = math.floor((2.0 * a / us + b) * u + mean + 0.43) if us else -1
        if us >= 0.07 and v <= accepted_at_once:
            return float(k)
        if k < 0 or (us < 0.013 and v > us):
            continue
        if math.log(v * inverse_alpha / (a / (us * us) + b)) <= k * log_mean - mean - math.lgamma(k + 1.0):
            return float(k)


def _poisson_of_few(random: Random, mean: float) -> float:
    limit, product, count = math.exp(-mean), random.random(), 0
    while product > limit:
        product *= random.random()
        count += 1
    return float(count)


# --- means and percentiles ---------------------------------------------------------------------------------------------


def _pareto_quantile(survival: float, shape: float) -> float:
    """Where so much of a generalised Pareto distribution of location 0 and scale 1 is above; shape 0 is the exponential one."""
    return -math.log(survival) if shape == 0.0 else (math.pow(survival, -shape) - 1.0) / shape


def _gamma_99(shape: float, scale: float) -> float:
    """By the cube of a normal distribution (E. B. Wilson, M. M. Hilferty, 1931)."""
    if not shape:
        return 0.0
    return scale * shape * max(0.0, 1.0 - 1.0 / (9.0 * shape) + _Z99 / (3.0 * math.sqrt(shape))) ** 3


DISTRIBUTIONS: Mapping[str, Kind] = {
    "fixed": Kind((Parameter("value"),), _fixed, lambda value: value, lambda value: value, "{0}"),
    "uniform": Kind(
        (Parameter("min"), Parameter("max")),
        _uniform,
        lambda least, most: (least + most) / 2.0,
        lambda least, most: max(least, most) - 0.01 * abs(most - least),
        "{0}–{1}",
    ),
    "normal": Kind(
        (Parameter("mean"), Parameter("stdev", 0.0)),
        _normal,
        lambda mean, stdev: mean,
        lambda mean, stdev: mean + _Z99 * stdev,
        "N({0}, {1})",
    ),
    "lognormal": Kind(
        (Parameter("mean"), Parameter("stdev", 0.0)),
        _lognormal,
        lambda mean, stdev: math.exp(mean + stdev * stdev / 2.0),
        lambda mean, stdev: math.exp(mean + _Z99 * stdev),
        "LN({0}, {1})",
    ),
    "exponential": Kind(
        (Parameter("mean", 0.0),), _exponential, lambda mean: mean, lambda mean: -mean * math.log(0.01), "Exp({0})"
    ),
    "weibull": Kind(
        (Parameter("lambda", 0.0), Parameter("k", 0.0, above=True)),
        _weibull,
        lambda scale, shape: scale * math.gamma(1.0 + 1.0 / shape),
        lambda scale, shape: scale * math.pow(-math.log(0.01), 1.0 / shape),
        "Wb({0}, {1})",
    ),
    "pareto": Kind(
        (Parameter("k", 0.0, above=True), Parameter("x_m", 0.0)),
        _pareto,
        lambda shape, least: shape * least / (shape - 1.0) if shape > 1.0 else math.inf,
        lambda shape, least: least * math.pow(0.01, -1.0 / shape),
        "P({0}, {1})",
    ),
    "gpareto": Kind(
        (Parameter("shape"), Parameter("scale", 0.0), Parameter("location")),
        _generalised_pareto,
        lambda shape, scale, location: location + scale / (1.0 - shape) if shape < 1.0 else math.inf,
        lambda shape, scale, location: location + scale * _pareto_quantile(0.01, shape),
        "GP({0}, {1}, {2})",
    ),
    "gamma": Kind(
        (Parameter("k", 0.0, above=True), Parameter("theta", 0.0)),
        _gamma,
        lambda shape, scale: shape * scale,
        _gamma_99,
        "G({0}, {1})",
    ),
    "negbin": Kind(
        (Parameter("p", 0.0, above=True, most=1.0), Parameter("n", 0.0, above=True)),
        _negative_binomial,
        lambda probability, successes: successes * (1.0 - probability) / probability,
        lambda probability, successes: _gamma_99(successes * (1.0 - probability), 1.0 / probability),
        "NB({0}, {1})",
    ),
}
"""By the names that `distribution=` has."""

PARAMETERS = frozenset(parameter.name for kind in DISTRIBUTIONS.values() for parameter in kind.parameters)
"""The attributes that hold a parameter of some distribution."""

_SHORT_FORMS = (
    ("normal", "normal"),
    ("lognormal", "lognormal"),
    ("exponential", "exponential"),
    ("weibull", "weibull"),
    ("pareto", "pareto"),
    ("gamma", "gamma"),
    ("min", "uniform"),
    ("max", "uniform"),
)
"""SIPp's old forms of pauses: the attribute, whatever its value, and the distribution that it stands for; the first counts."""

SHORT_FORMS = frozenset(attribute for attribute, _ in _SHORT_FORMS)
"""The attributes of a pause that make it one with a distribution."""


def short_form(attributes: Mapping[str, str]) -> str | None:
    """The distribution that a pause in an old form names; None: it names none."""
    return next((name for attribute, name in _SHORT_FORMS if attribute in attributes), None)
