# SPDX-License-Identifier: AGPL-3.0-or-later
"""How long a pause is: so many ms, as many as a variable holds, drawn from a distribution, or as long as -d says.

When several attributes say it, SIPp takes `variable` first, then `distribution`, then its old forms, then `milliseconds`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from random import Random
from typing import Any

from engine.scenario.distributions import DISTRIBUTIONS, PARAMETERS, Distribution, read_distribution, short_form
from engine.scenario.problems import Misuse
from engine.scenario.program import CallState
from engine.scenario.values import number_of
from engine.scenario.variables import Variable

LONGEST_MS = 2_147_483_647
"""SIPp's longest pause, some 25 days."""
_NS_A_MS = 1_000_000


def read_length(values: Mapping[str, Any]) -> dict[str, Any]:
    """What a pause's attributes say: `variable`, `distribution`, `duration_ms`, or nothing where -d does. Raises Misuse."""
    if "variable" in values:
        return {"variable": values["variable"]}
    name = _distribution(values)
    if name is None:
        return {"duration_ms": _sane(values["milliseconds"], values)} if "milliseconds" in values else {}
    distribution = read_distribution(name, values)
    _sane(distribution.percentile_99, values)
    return {"duration_ms": max(distribution.mean, 0.0)} if name == "fixed" else {"distribution": distribution}


def without_meaning(values: Mapping[str, Any]) -> Iterator[str]:
    """The parameters of distributions that stand in a pause and are not used."""
    kind = DISTRIBUTIONS.get("" if "variable" in values else _distribution(values) or "")
    used = {parameter.name for parameter in kind.parameters} if kind else set()
    return (name for name in values if name in PARAMETERS and name not in used)


def _distribution(values: Mapping[str, Any]) -> str | None:
    name: str | None = values.get("distribution", short_form(values))
    return name


def _sane(most_ms: float, values: Mapping[str, Any]) -> float:
    """What is nearly the longest that a pause may become, if SIPp would take it. Raises Misuse."""
    if most_ms > LONGEST_MS and values.get("sanity_check", True):
        raise Misuse(f"the pause may be longer than {LONGEST_MS} ms", 'shorten it, or allow it with sanity_check="false"')
    return most_ms


def in_ns(duration_ms: float) -> int:
    """A duration of ms as one of ns: none below 0, and none that is longer than any may be."""
    return round(min(duration_ms, LONGEST_MS) * _NS_A_MS) if duration_ms > 0.0 else 0


def drawn_from(distribution: Distribution, random: Random) -> Callable[[CallState], int]:
    """What draws the ns of a pause."""
    sample = distribution.sampler(random)
    return lambda call: in_ns(sample())


def held_by(variable: Variable) -> Callable[[CallState], int]:
    """What reads the ns of a pause from a variable that holds ms; what is no number is 0."""
    return lambda call: in_ns(number_of(variable.get(call)))
