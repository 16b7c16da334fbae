# SPDX-License-Identifier: AGPL-3.0-or-later
"""Distributions as a summary tells them."""

from __future__ import annotations

import msgspec


class Percentiles(msgspec.Struct, frozen=True, kw_only=True):
    """A distribution in a summary. Durations in ms; `repartition` pairs SIPp's upper bounds (null: the rest) with counts."""

    count: int
    mean_ms: float
    stdev_ms: float
    min_ms: float
    p50_ms: float
    p90_ms: float
    p95_ms: float
    p99_ms: float
    p99_9_ms: float
    max_ms: float
    repartition: tuple[tuple[int | None, int], ...] = ()


class Distribution(msgspec.Struct, frozen=True, kw_only=True):
    """The distribution of what is no duration, in the unit that its name in the summary says; both tails, for of some the low
    end is the bad one."""

    count: int
    mean: float
    min: float
    p1: float
    p5: float
    p50: float
    p95: float
    p99: float
    max: float
