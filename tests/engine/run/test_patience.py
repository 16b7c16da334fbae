# SPDX-License-Identifier: AGPL-3.0-or-later
"""How long a run waits for a shard that says nothing, on a clock of the test's own."""

from __future__ import annotations

from engine.run.patience import END_S, HUNG_S, LOOK_EVERY_S, SILENT_S, STOPPING_S, Patience


def wait(patience: Patience, seconds: float, *, speaking: bool = False) -> list[tuple[float, str]]:
    """What comes of so much time: when, and what was reported or is at an end."""
    told = []
    for step in range(1, round(seconds / LOOK_EVERY_S) + 1):
        if speaking:
            patience.heard()
        patience.pass_time(LOOK_EVERY_S)
        if report := patience.report():
            told.append((step * LOOK_EVERY_S, report))
        if end := patience.at_an_end():
            told.append((step * LOOK_EVERY_S, end))
            break
    return told


def test_a_silent_shard_is_reported_and_then_at_an_end() -> None:
    assert wait(Patience(), 100) == [(SILENT_S, "has said nothing for 3 s"), (HUNG_S, "it had said nothing for 15 s")]


def test_a_shard_that_speaks_is_waited_for() -> None:
    assert wait(Patience(), 100, speaking=True) == []


def test_a_second_silence_is_reported_again() -> None:
    patience = Patience()
    assert [at for at, _ in wait(patience, HUNG_S - 1)] == [SILENT_S]
    patience.heard()
    assert [at for at, _ in wait(patience, HUNG_S - 1)] == [SILENT_S]


def test_one_that_was_told_to_stop_has_less_time() -> None:
    patience = Patience()
    patience.told_to_stop()
    assert wait(patience, 100)[-1] == (STOPPING_S, "it was told to stop and said nothing for 5 s")


def test_its_time_begins_when_it_was_told() -> None:
    patience = Patience()
    wait(patience, SILENT_S + 1)
    patience.told_to_stop()
    assert wait(patience, 100)[-1] == (STOPPING_S, "it was told to stop and said nothing for 5 s")


def test_but_a_long_silence_is_not_forgotten() -> None:
    patience = Patience()
    wait(patience, HUNG_S - 1)
    patience.told_to_stop()
    assert wait(patience, 100)[-1] == (1, "it had said nothing for 15 s")


def test_one_that_goes_on_speaking_after_that_has_to_end_all_the_same() -> None:
    patience = Patience()
    patience.told_to_stop()
    assert wait(patience, 10, speaking=True) == []
    patience.told_to_stop()
    told = wait(patience, 100, speaking=True)
    assert told == [(END_S - 10, "it had not ended 30 s after it was told to stop")]


def test_time_in_which_the_run_itself_was_held_up_does_not_count() -> None:
    patience = Patience()
    patience.pass_time(3600)
    assert (patience.report(), patience.at_an_end()) == ("", "")
