# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who cannot be reached is told of once, and once more when he can be for a while."""

from __future__ import annotations

from engine.export.outage import LONGEST_PAUSE_S, STEADY_S, Outage


class Told:
    """An outage with a clock of the test's own."""

    def __init__(self) -> None:
        self.now = 100.0
        self.lines: list[str] = []
        self.outage = Outage("Homer", self.lines.append, lambda: self.now)


def test_it_is_told_once_however_often_it_fails() -> None:
    told = Told()
    for _ in range(100):
        told.outage.broken("Connection refused")
        told.now += 30
    assert told.lines == ["Homer: Connection refused; what is for it waits, and is dropped when too much does"]
    assert told.outage.is_down


def test_what_never_failed_is_not_told_of() -> None:
    told = Told()
    told.outage.went_well()
    assert told.lines == []


def test_it_is_back_when_it_goes_well_for_a_while() -> None:
    told = Told()
    told.outage.broken("Connection refused")
    told.now += 12
    told.outage.went_well()
    assert len(told.lines) == 1
    told.now += STEADY_S
    told.outage.went_well()
    assert told.lines[1:] == ["Homer: takes what is for it again, after 12 s"]
    told.now += 100
    told.outage.went_well()
    told.outage.broken("Broken pipe")
    assert len(told.lines) == 3


def test_who_takes_a_little_and_hangs_again_and_again_is_told_of_once() -> None:
    told = Told()
    for _ in range(50):
        told.outage.broken("it has taken nothing for 10 s")
        told.outage.went_well()
        told.now += STEADY_S / 2
        told.outage.went_well()
        told.now += 10
    assert len(told.lines) == 1


def test_pauses_double_up_to_a_limit_until_it_has_gone_well() -> None:
    told = Told()
    told.outage.broken("Connection refused")
    pauses = [told.outage.next_pause_s() for _ in range(8)]
    assert pauses == [0.5, 1, 2, 4, 8, 16, LONGEST_PAUSE_S, LONGEST_PAUSE_S]
    for _ in range(2):
        told.outage.went_well()
        told.now += STEADY_S
    told.outage.broken("Broken pipe")
    assert told.outage.next_pause_s() == 0.5
