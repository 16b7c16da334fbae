# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is written down and sent on beside the calls: how much of it was, and what was dropped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from engine.messages import QueueCounts, Snapshot
from gossipper_tui.views.numbers import count
from gossipper_tui.views.spans import Tone
from gossipper_tui.views.two_columns import Row

_Period: TypeAlias = "tuple[Snapshot | None, Snapshot | None]"


def phrase(snapshot: Snapshot) -> str:
    """What was dropped, for a status line; "" while nothing was."""
    dropped = {name: counts.dropped for name, counts in snapshot.queues.items() if counts.dropped}
    return f"{count(sum(dropped.values()))} dropped ({', '.join(dropped)})" if dropped else ""


def texts(queues: Mapping[str, QueueCounts]) -> list[str]:
    """A line for each queue that was used."""
    return [_text(name, counts) for name, counts in queues.items() if counts.offered]


def _text(name: str, counts: QueueCounts) -> str:
    if not counts.dropped:
        return f"{name} · {count(counts.written)} written"
    return f"{name} · {count(counts.written)} of {count(counts.offered)} written · {count(counts.dropped)} dropped"


def rows(snapshot: Snapshot, period: _Period) -> list[Row]:
    """Of each queue that was used what was written in the last period and since the start, and below it what was dropped."""
    earlier, later = period
    before, after = (earlier.queues, later.queues) if earlier and later else ({}, {})
    found = []
    for name, counts in snapshot.queues.items():
        recent = after[name].minus(before.get(name, QueueCounts())) if name in after else None
        if counts.offered:
            periodic = count(recent.written) if recent else ""
            found.append(Row(f"Written: {name}", periodic, count(counts.written), Tone.NORMAL if counts.written else Tone.DIM))
        if counts.dropped:
            found.append(Row(f"Dropped: {name}", count(recent.dropped) if recent else "", count(counts.dropped), Tone.BAD))
    return found
