# SPDX-License-Identifier: AGPL-3.0-or-later
"""Steering a run with SIPp's keys: which command each key is, and the target that was asked for but is not seen yet.

Keys come faster than snapshots, so each press builds on what was last *asked*, not on what was last seen. What was
asked is shown as the target at once and forgotten when a snapshot has it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.messages import (
    Command,
    Done,
    PauseTraffic,
    ResumeTraffic,
    RunState,
    SetRate,
    SetUsers,
    Snapshot,
    StopRun,
)
from gossipper_tui.views.history import RunHistory

Steered = Command[Done]


@dataclass(slots=True)
class Steering:
    """What was asked of each run, by its name: a rate in calls a rate period, or a number of users."""

    asked: dict[str, float] = field(default_factory=dict)
    stopping: set[str] = field(default_factory=set)

    def change(self, run: RunHistory, steps: float) -> Steered:
        """So many steps of `-rate_scale` more, or so many users, for a run of a client."""
        config, name = run.started.config, run.started.run
        if config.users is not None:
            users = max(1, round(self.asked.get(name, _users(run)) + steps))
            self.asked[name] = users
            return SetUsers(run=name, users=users)
        rate = max(0.0, round(self.asked.get(name, _rate(run)) + steps * config.rate_scale, 6))
        self.asked[name] = rate
        return SetRate(run=name, rate=rate)

    def pause(self, run: RunHistory) -> Steered:
        """Pause a running run, go on with a paused one."""
        name = run.started.run
        if run.snapshot is not None and run.snapshot.state is RunState.PAUSED:
            return ResumeTraffic(run=name)
        return PauseTraffic(run=name)

    def stop(self, run: RunHistory, now: bool) -> Steered:
        """Finish the open calls; at once when `now`, or when asked a second time."""
        name = run.started.run
        again = name in self.stopping
        self.stopping.add(name)
        return StopRun(run=name, now=now or again)

    def forget(self, run: RunHistory) -> None:
        """What was asked was refused."""
        self.asked.pop(run.started.run, None)

    def target(self, run: RunHistory) -> float | None:
        """The calls a second that were asked for, while no snapshot has them; None otherwise."""
        name = run.started.run
        asked = self.asked.get(name)
        if asked is None or run.started.config.users is not None:
            return None
        target = asked * 1000 / run.started.config.rate_period_ms
        if run.snapshot is not None and abs(run.snapshot.target_rate - target) < 1e-6:
            del self.asked[name]
            return None
        return target


def _rate(run: RunHistory) -> float:
    """The rate of the newest snapshot, in calls a rate period."""
    config = run.started.config
    return config.rate if run.snapshot is None else run.snapshot.target_rate * config.rate_period_ms / 1000


def _users(run: RunHistory) -> float:
    snapshot: Snapshot | None = run.snapshot
    return float((snapshot.users if snapshot else None) or run.started.config.users or 1)
