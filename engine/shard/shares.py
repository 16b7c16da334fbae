# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the run's figures mean for one of its shards."""

from __future__ import annotations

import typing
from random import Random

import msgspec

from engine.options import RunConfig
from engine.scenario.program import PauseStep, Program

LEAST_DURATION_MS = 1000


def calls_per_second(rate: float, config: RunConfig) -> float:
    """A rate in calls a rate period (`-r`, `-rp`) as calls a second."""
    return rate * 1000 / config.rate_period_ms


def call_limit(config: RunConfig, program: Program, rate: float) -> int:
    """The most open calls of the run at `rate` calls a second: `-l`, else one a user, else as in SIPp 3 × duration × rate.

    The duration is that of the scenario's pauses, or `-d`, and at least 1 s.
    """
    if config.call_limit is not None:
        return config.call_limit
    if config.users is not None:
        return config.users
    pauses_ns = sum(step.duration_ns for step in program.steps if isinstance(step, PauseStep))
    duration_ms = max(config.pause_ms, pauses_ns // 1_000_000, LEAST_DURATION_MS)
    return max(1, int(3 * rate * duration_ms / 1000))


@typing.overload
def share_of(total: int, index: int, count: int) -> int: ...
@typing.overload
def share_of(total: None, index: int, count: int) -> None: ...
@typing.overload
def share_of(total: int | None, index: int, count: int) -> int | None: ...
def share_of(total: int | None, index: int, count: int) -> int | None:
    """Shard `index`'s part of a number that `count` shards divide; the shares add up to it. None stays None."""
    return None if total is None else total // count + (index < total % count)


def with_own_sockets(config: RunConfig, index: int, count: int) -> RunConfig:
    """The configuration with shard `index`'s part of the sockets that calls may have open at once, at least one."""
    return msgspec.structs.replace(config, max_socket=max(1, share_of(config.max_socket, index, count)))


def random_of(seed: int | None, index: int) -> Random:
    """Shard `index`'s random numbers in a run with this seed (`-seed`): others than those of the other shards.

    Without a seed they are different each time.
    """
    return Random() if seed is None else Random(f"{seed}/{index}")
