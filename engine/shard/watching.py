# SPDX-License-Identifier: AGPL-3.0-or-later
"""The tap of a shard, opened when somebody asks for what it tells: before the first call, or in the middle of a run."""

from __future__ import annotations

from collections.abc import Mapping

from engine.call import CallContext
from engine.shard.calls import CallTable
from engine.shard.following.asked import most_failed
from engine.shard.following.histories import Histories
from engine.shard.following.records import RecordLink
from engine.shard.following.tap import Tap
from engine.shard.protocol import ShardPlan


def open_tap(plan: ShardPlan, table: CallTable, contexts: Mapping[str, CallContext]) -> Tap:
    """Have the calls of a shard watched that begin from now on. `contexts` are those of its scenarios, by their names."""
    config = plan.config
    send = table.send if table.traces else table.transport.send
    histories = Histories(config.follow_memory_mb << 20, most_failed(config))
    records = RecordLink(plan.records_fd, plan.recorded) if plan.records_fd is not None else None
    tap = Tap(table.transport, send, contexts, histories, records)
    for each in contexts.values():
        each.send = tap.send
    table.tap = tap
    return tap
