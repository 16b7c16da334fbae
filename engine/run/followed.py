# SPDX-License-Identifier: AGPL-3.0-or-later
"""The calls that shards were to follow, on their way to the bus: of failed calls so many of each class, over all shards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec

from engine.messages import Failure, FollowedCall, QueueCounts

FOLLOWED_CALLS: Final = "followed calls"
"""The name of the shards' queue of them."""
_FAILED: Final = "failed"


class FollowedCalls:
    """What a run tells of followed calls. Each shard tells so many failed calls of a class; all together are too many."""

    def __init__(self, most_failed: int) -> None:
        self._most_failed = most_failed
        self._failed: Counter[Failure] = Counter()
        self._left_out = 0

    def told(self, calls: Iterable[FollowedCall]) -> Iterator[FollowedCall]:
        """Of these calls those that are to be told."""
        for call in calls:
            if call.why == _FAILED and call.failure is not None:
                self._failed[call.failure] += 1
                if self._failed[call.failure] > self._most_failed:
                    self._left_out += 1
                    continue
            yield call

    def corrected(self, queues: Mapping[str, QueueCounts]) -> dict[str, QueueCounts]:
        """The counts of the shards, without what was left out here, for nobody had asked for so many."""
        counts = queues.get(FOLLOWED_CALLS)
        if counts is None or not self._left_out:
            return dict(queues)
        # What a shard tells of its queue may be older than the calls that it has told.
        left_out = min(self._left_out, counts.written)
        asked_for = {"written": counts.written - left_out, "offered": counts.offered - left_out}
        return {**queues, FOLLOWED_CALLS: msgspec.structs.replace(counts, **asked_for)}
