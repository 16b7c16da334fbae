# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whether a transport fits the scenario and its other options."""

from __future__ import annotations

import pytest

from engine.options import RunConfig
from engine.options.transports import ALIASES
from engine.run.validation import check_options, problems_of
from engine.scenario.describe import describe_scenario

SCENARIOS = {"uac": describe_scenario("uac", ()), "uas": describe_scenario("uas", ())}
OTHER = {"uac": "uas", "uas": "uac"}


def problems(role: str, **given: object) -> list[str]:
    config = RunConfig(scenario_name=role, remote="127.0.0.1" if role == "uac" else "", **given)  # type: ignore[arg-type]
    return [str(problem) for problem in problems_of(config, SCENARIOS[role])]


@pytest.mark.parametrize("name", ALIASES)
def test_an_alias_fits_its_own_side(name: str) -> None:
    assert problems(ALIASES[name].role, transport=name) == []


@pytest.mark.parametrize("name", ALIASES)
def test_an_alias_for_the_other_side_is_refused_and_says_what_it_stands_for(name: str) -> None:
    (problem,) = problems(OTHER[ALIASES[name].role], transport=name)
    assert problem.startswith(f"-t: {name} is {ALIASES[name].kind} for a ")
    assert f"; use {ALIASES[name].kind}" in problem


def test_the_error_of_an_alias_says_what_sipp_means_by_it() -> None:
    assert problems("uac", transport="s1") == [
        "-t: s1 is u1 for a server, and the scenario makes calls; use u1 (SIPp's s1 is SCTP, which is not built)"
    ]


def test_an_interface_shows_it_at_the_option() -> None:
    (problem,) = check_options(RunConfig(remote="127.0.0.1", transport="sn"))
    assert problem.option == "transport"
