# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whether the numbers of a run can be believed, and if not, why not.

A load generator that is late, or loses what it was sent, measures itself. Each rule below looks at one such cause and
says it in words with its figure; a run that breaks none of them is trustworthy.
"""

from __future__ import annotations

from collections.abc import Callable

from engine.messages import Verdict
from engine.stats.measurements import Measurements
from engine.stats.meter import LATE_START_NS

LATE_SHARE = 0.01
BUSY_SHARE = 0.95
BUSY_AFTER_NS = 2_000_000_000


def _late_starts(measured: Measurements, elapsed_ns: int, workers: int) -> str:
    late, started = measured.counters.late_starts, measured.counters.outgoing
    if late <= LATE_SHARE * started:
        return ""
    p99_ns = measured.lateness.percentiles_ns(99)[0]
    return f"{late / started:.1%} of the calls started over {LATE_START_NS // 1_000_000} ms late (p99 {p99_ns / 1e6:.0f} ms)"


def _kernel_drops(measured: Measurements, elapsed_ns: int, workers: int) -> str:
    drops = measured.counters.kernel_drops
    return f"the kernel dropped {drops} datagrams that we did not read in time" if drops else ""


def _no_sockets(measured: Measurements, elapsed_ns: int, workers: int) -> str:
    without = measured.counters.without_socket
    return f"{without} calls or connections got no socket, or waited for one (see the limit of open files)" if without else ""


def _trace_drops(measured: Measurements, elapsed_ns: int, workers: int) -> str:
    drops = measured.counters.trace_drops
    return f"a full queue dropped {drops} messages from the trace" if drops else ""


def _busy(measured: Measurements, elapsed_ns: int, workers: int) -> str:
    if elapsed_ns < BUSY_AFTER_NS:
        return ""
    share = measured.counters.cpu_ns / (elapsed_ns * workers)
    return f"the generator used {share:.0%} of its CPU" if share > BUSY_SHARE else ""


def _lost_calls(measured: Measurements, elapsed_ns: int, workers: int) -> str:
    lost = measured.counters.lost_with_shard
    return f"{lost} calls ended unseen with a worker process" if lost else ""


RULES: tuple[Callable[[Measurements, int, int], str], ...] = (
    _late_starts,
    _kernel_drops,
    _no_sockets,
    _trace_drops,
    _busy,
    _lost_calls,
)


def judge(measured: Measurements, elapsed_ns: int, workers: int) -> Verdict:
    """The verdict on what `workers` shards measured in `elapsed_ns`."""
    reasons = (rule(measured, elapsed_ns, workers) for rule in RULES)
    return Verdict(reasons=tuple(reason for reason in reasons if reason))
