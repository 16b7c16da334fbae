# SPDX-License-Identifier: AGPL-3.0-or-later
"""The unit of load: one loop that runs calls, with its own sockets, call table and timers.

`run_shard(plan, inbox, outbox)` is the same in the process of the run, in a child process (`python -m engine.shard`)
and, one day, on another machine. `reactor` is the loop, `pacing` says when calls are due, `calls` is their table.
"""

from __future__ import annotations

from engine.shard.shard import run_shard

__all__ = ["run_shard"]
