# SPDX-License-Identifier: AGPL-3.0-or-later
"""Actions that read the clock."""

from __future__ import annotations

import pytest

from tests.engine.scenario.actions.running import problems_of_action, run


@pytest.mark.parametrize(
    ("now", "seconds", "microseconds"),
    [(1_795_569_023.539248, 1_795_569_023.0, 539_248.0), (2.9999999, 3.0, 0.0), (5.0, 5.0, 0.0)],
)
def test_gettimeofday(now: float, seconds: float, microseconds: float) -> None:
    values, _ = run('<gettimeofday assign_to="s,u"/>', "s", "u", wall_clock=lambda: now)
    assert values == {"s": seconds, "u": microseconds}


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("<gettimeofday/>", "gettimeofday needs assign_to="),
        ('<gettimeofday assign_to="s"/>', "gettimeofday needs two variables"),
        ('<gettimeofday assign_to="s,u,v"/>', "gettimeofday needs two variables"),
    ],
)
def test_what_is_no_action(action: str, expected: str) -> None:
    found = problems_of_action(action)
    assert any(expected in problem and problem.startswith("s.xml:9: ") for problem in found)
