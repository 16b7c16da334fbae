# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a `recv` of digits waits for, and how it is written."""

from __future__ import annotations

import pytest

from engine.scenario.describe import describe
from engine.scenario.digits import DigitPattern
from tests.engine.scenario.helpers import OPTIONS, problems_of, scenario_bytes


@pytest.mark.parametrize(
    ("pattern", "digits", "length"),
    [
        ("1", b"1", 1),
        ("1", b"12", 1),
        ("1", b"21", 0),
        ("[0-9]{4}", b"123", 0),
        ("[0-9]{4}", b"12345", 4),
        ("[0-9]+#", b"12#34#", 3),
        ("1|123", b"1234", 3),
        (r"[*][*]|##", b"##", 2),
        ("[0-9]*", b"", 0),
        ("A", b"", 0),
    ],
)
def test_digits_begin_with_what_a_pattern_says(pattern: str, digits: bytes, length: int) -> None:
    assert DigitPattern(pattern).length_in(digits) == length


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('<recv dtmf=""/>', "dtmf= is empty — say which digits are waited for"),
        ('<recv dtmf="[0-9"/>', "[0-9"),
        ('<recv dtmf="1" request="INFO"/>', "<recv> has both dtmf and request — a <recv> of digits takes no message"),
        ('<recv dtmf="1" optional="true"/>', "<recv> has both dtmf and optional"),
        ('<recv response="180" optional="true"/><recv dtmf="1"/>', "an optional <recv> stands before <recv> in line 8"),
        ('<recv dtmf="1" ontimeout="nowhere"/>', "there is no such label"),
    ],
)
def test_what_is_refused(body: str, expected: str) -> None:
    (problem,) = problems_of(OPTIONS + body)
    assert expected in problem


def test_what_screens_show_of_it() -> None:
    description = describe("s.xml", scenario_bytes(OPTIONS + '<recv dtmf="[0-9]+#" timeout="5000"/>'))
    step = description.steps[1]
    assert (step.kind, step.label, step.notes) == ("recv", "dtmf [0-9]+#", ("timeout 5000 ms",))
    assert description.runnable
