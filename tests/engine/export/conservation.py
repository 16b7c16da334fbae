# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is offered to a queue is written or dropped, and nothing else becomes of it."""

from __future__ import annotations

from collections.abc import Mapping

from engine.messages import QueueCounts


def conserved(counts: QueueCounts | Mapping[str, QueueCounts], *, waiting: int = 0) -> None:
    """The counts of one queue, or of each of several, account for all that was offered; at the end nothing waits."""
    for each in (counts,) if isinstance(counts, QueueCounts) else counts.values():
        assert each.offered == each.written + each.dropped + waiting
        assert min(each.offered, each.written, each.dropped) >= 0
