# SPDX-License-Identifier: AGPL-3.0-or-later
"""SIPp's keys as commands, and the target that is asked for before it is seen."""

from __future__ import annotations

import msgspec
import pytest

from engine.messages import PauseTraffic, ResumeTraffic, RunState, SetRate, SetUsers, StopRun
from gossipper_tui.screens.steering import Steering
from gossipper_tui.views.history import RunHistory
from tests.gossipper_tui import samples


@pytest.fixture
def run() -> RunHistory:
    history = RunHistory(samples.started())
    history.apply(samples.snapshots()[-1])
    return history


def test_each_press_builds_on_what_was_asked_and_not_on_what_was_seen(run):
    steering = Steering()
    assert steering.change(run, 1) == SetRate(run=samples.RUN, rate=510)
    assert steering.change(run, 10) == SetRate(run=samples.RUN, rate=610)
    assert steering.change(run, -1) == SetRate(run=samples.RUN, rate=600)
    assert steering.target(run) == 600


def test_the_target_is_forgotten_when_it_is_seen(run):
    steering = Steering()
    steering.change(run, 1)
    run.apply(msgspec.structs.replace(run.snapshot, target_rate=510.0))
    assert steering.target(run) is None
    run.apply(msgspec.structs.replace(run.snapshot, target_rate=300.0))
    assert steering.change(run, 1) == SetRate(run=samples.RUN, rate=310)


def test_a_refused_target_is_forgotten(run):
    steering = Steering()
    steering.change(run, 1)
    steering.forget(run)
    assert steering.target(run) is None


def test_a_rate_is_in_calls_a_period_and_its_target_in_calls_a_second(run):
    run.started = msgspec.structs.replace(
        run.started, config=msgspec.structs.replace(run.started.config, rate_period_ms=2000, rate_scale=1)
    )
    steering = Steering()
    assert steering.change(run, 1) == SetRate(run=samples.RUN, rate=1001)
    assert steering.target(run) == 500.5


def test_a_rate_does_not_fall_below_nothing(run):
    assert Steering().change(run, -1000) == SetRate(run=samples.RUN, rate=0)


def test_users_are_steered_where_there_are_users(run):
    run.started = msgspec.structs.replace(run.started, config=msgspec.structs.replace(run.started.config, users=7))
    run.snapshot = msgspec.structs.replace(run.snapshot, users=7)
    steering = Steering()
    assert steering.change(run, 10) == SetUsers(run=samples.RUN, users=17)
    assert steering.change(run, -100) == SetUsers(run=samples.RUN, users=1)
    assert steering.target(run) is None


def test_a_pause_ends_with_the_same_key(run):
    assert Steering().pause(run) == PauseTraffic(run=samples.RUN)
    run.snapshot = msgspec.structs.replace(run.snapshot, state=RunState.PAUSED)
    assert Steering().pause(run) == ResumeTraffic(run=samples.RUN)


def test_the_second_q_means_now(run):
    steering = Steering()
    assert steering.stop(run, now=False) == StopRun(run=samples.RUN, now=False)
    assert steering.stop(run, now=False) == StopRun(run=samples.RUN, now=True)
    assert Steering().stop(run, now=True) == StopRun(run=samples.RUN, now=True)
