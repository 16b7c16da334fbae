# SPDX-License-Identifier: AGPL-3.0-or-later
"""How long pauses are, and which are refused. The values are those that SIPp 3.6.1 has."""

from __future__ import annotations

import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.scenario.pauses import LONGEST_MS, in_ns
from engine.scenario.program import PauseStep
from engine.scenario.variables import Value
from tests.engine.scenario.helpers import OPTIONS, Call, problems_of, program_of

MS = 1_000_000
SETS = '<nop><action><assign assign_to="v" value="1"/></action></nop>'


def pause(attributes: str, element: str = "pause") -> PauseStep:
    """The pause with these attributes, in a run with `-d 321`."""
    uses = SETS if "variable=" in attributes else ""
    step = program_of(OPTIONS + uses + f"<{element} {attributes}/>", pause_ns=321 * MS, random=Random(7)).steps[-1]
    assert isinstance(step, PauseStep)
    return step


def drawn_ms(step: PauseStep, value: Value = None) -> list[float]:
    """Some hundred lengths of a pause, while the scenario's only variable holds this value."""
    call = Call(variables=[value])
    return [(step.duration_ns if step.draw is None else step.draw(call)) / MS for _ in range(100)]


@pytest.mark.parametrize("element", ["pause", "timewait"])
@pytest.mark.parametrize(
    ("attributes", "expected_ms"),
    [
        ("", 321),
        ('milliseconds="50"', 50),
        ('milliseconds="50.7"', 50.7),
        ('milliseconds="0x20"', 32),
        ('milliseconds="-50"', 0),
        ('milliseconds="nan"', 0),
        ('milliseconds=""', 0),
        ('distribution="fixed" value="60"', 60),
        ('distribution="fixed" value="-3000000000"', 0),
        ('distribution="fixed" value="60" milliseconds="150"', 60),
        ('value="60"', 321),
        ('mean="60" stdev="1"', 321),
        ('negbin="true" p="0.5" n="60"', 321),
        ('milliseconds="3000000000" sanity_check="false"', LONGEST_MS),
    ],
)
def test_pauses_that_are_always_as_long(attributes: str, expected_ms: float, element: str) -> None:
    step = pause(attributes, element)
    assert (step.duration_ns, step.draw, step.timewait) == (round(expected_ms * MS), None, element == "timewait")


@pytest.mark.parametrize("element", ["pause", "timewait"])
@pytest.mark.parametrize(
    ("attributes", "least", "most", "mean"),
    [
        ('distribution="uniform" min="60" max="70"', 60, 70, 65),
        ('min="60" max="70"', 60, 70, 65),
        ('uniform="true" min="60" max="70"', 60, 70, 65),
        ('min="60" max="70" milliseconds="150"', 60, 70, 65),
        ('distribution="normal" mean="60" stdev="1"', 55, 65, 60),
        ('normal="true" mean="60" stdev="1"', 55, 65, 60),
        ('normal="false" mean="60" stdev="1"', 55, 65, 60),
        ('normal="true" mean="60" stdev="1" min="100" max="101"', 55, 65, 60),
        ('normal="true" mean="60" stdev="1" exponential="true"', 55, 65, 60),
        ('distribution="uniform" min="100" max="101" normal="true" mean="60" stdev="1"', 100, 101, 100.5),
        ('distribution="normal" mean="-60" stdev="1"', 0, 0, 0),
        ('distribution="normal" mean="0" stdev="1"', 0, 5, 0),
        ('lognormal="true" mean="4" stdev="0"', 54.59, 54.6, 54.598),
        ('exponential="true" mean="0"', 0, 0, 0),
        ('weibull="1" lambda="60" k="90"', 50, 63, 59.62),
        ('pareto="" k="90" x_m="60"', 60, 66, 60.67),
        ('gamma="true" k="100" theta="1"', 65, 150, 100),
        ('distribution="gpareto" shape="0.1" scale="2" location="60"', 60, 90, 62.22),
        ('distribution="negbin" p="0.5" n="60"', 20, 110, 60),
        ('distribution="pareto" k="0.5" x_m="1"', 1, LONGEST_MS, LONGEST_MS),
    ],
)
def test_pauses_that_are_drawn(attributes: str, least: float, most: float, mean: float, element: str) -> None:
    step = pause(attributes, element)
    lengths = drawn_ms(step)
    assert least <= min(lengths) <= max(lengths) <= most
    assert len(set(lengths)) > 1 or least == most or "stdev" in attributes
    assert step.duration_ns / MS == pytest.approx(mean, rel=1e-3)


def test_what_is_drawn_repeats_with_the_chance_of_the_run() -> None:
    attributes = 'distribution="exponential" mean="60"'
    assert drawn_ms(pause(attributes)) == drawn_ms(pause(attributes))


@pytest.mark.parametrize(
    ("value", "expected_ms"),
    [(80.0, 80), (80.9, 80.9), (-80.0, 0), (b"80", 0), (True, 0), (None, 0), (math.nan, 0), (math.inf, LONGEST_MS)],
)
@pytest.mark.parametrize("others", ["", 'milliseconds="10"', 'distribution="fixed" value="60"', 'min="1" max="2"'])
def test_pauses_as_long_as_a_variable_says(value: Value, expected_ms: float, others: str) -> None:
    step = pause(f'variable="v" {others}')
    assert set(drawn_ms(step, value)) == {expected_ms}
    assert step.duration_ns == 0


@given(st.floats())
def test_no_length_is_below_0_or_beyond_the_longest(duration_ms: float) -> None:
    assert 0 <= in_ns(duration_ms) <= LONGEST_MS * MS


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ('milliseconds="5x"', 'milliseconds="5x" is no number'),
        ('variable=""', 'variable="" is not the name of one variable'),
        ('variable="$v"', 'variable="$v" is not the name of one variable'),
        ('variable="v"', "variable $v is used only here"),
        ('distribution=""', 'distribution="" is not known'),
        ('distribution="poisson" mean="1"', 'distribution="poisson" is not known'),
        ('distribution="nromal" mean="1" stdev="1"', "did you mean normal?"),
        ('min="60"', 'distribution="uniform" needs max='),
        ('max="60"', 'distribution="uniform" needs min='),
        ('normal="60" stdev="1"', 'distribution="normal" needs mean='),
        ('distribution="normal" mean="1" stdev="-1"', 'stdev="-1" of distribution="normal" is not 0 or more'),
        ('distribution="normal" mean="x" stdev="1"', 'mean="x" is no number'),
        ('distribution="fixed" value="60" sanity_check="x"', 'sanity_check="x" is neither true nor false'),
        ('milliseconds="3000000000"', "longer than 2147483647 ms"),
        ('milliseconds="inf"', 'milliseconds="inf" is too large'),
        ('distribution="fixed" value="3000000000"', "longer than 2147483647 ms"),
        ('min="1" max="3000000000"', "longer than 2147483647 ms"),
        ('distribution="lognormal" mean="20" stdev="10"', "longer than 2147483647 ms"),
        ('distribution="exponential" mean="900000000"', "longer than 2147483647 ms"),
        ('distribution="pareto" k="0.1" x_m="1"', "longer than 2147483647 ms"),
        ('distribution="gamma" k="1000000" theta="3000"', "longer than 2147483647 ms"),
        ('distribution="negbin" p="0.0001" n="1000000"', "longer than 2147483647 ms"),
    ],
)
def test_pauses_that_are_refused(attributes: str, expected: str) -> None:
    for element in ("pause", "timewait"):
        found = problems_of(f"{OPTIONS}<{element} {attributes}/>")
        assert len(found) == 1
        assert expected in found[0]
        assert found[0].startswith("s.xml:8: ")


def test_what_is_not_sane_may_be_allowed() -> None:
    assert problems_of(OPTIONS + '<pause distribution="lognormal" mean="20" stdev="10" sanity_check="false"/>') == []


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ('mean="60"', "mean= means nothing in this <pause>; it is ignored"),
        ('distribution="fixed" value="60" mean="abc"', "mean= means nothing in this <pause>; it is ignored"),
        ('poisson="true"', "<pause> has no attribute poisson; it is ignored"),
    ],
)
def test_what_is_ignored_is_warned_of(attributes: str, expected: str) -> None:
    found = problems_of(OPTIONS + f"<pause {attributes}/>")
    assert len(found) == 1
    assert expected in found[0]
