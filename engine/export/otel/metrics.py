# SPDX-License-Identifier: AGPL-3.0-or-later
"""The figures of a run to an OpenTelemetry collector, every 5 s and at the end. What is sent last is what the summary says.

In the queue is one item for each time that they are to be sent. Each tells all since the start of the run; those that a
collector could not be told while it was away follow, with their own times, so a curve has no gap.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from opentelemetry.sdk.metrics.export import MetricsData

from engine.export.figures import Told
from engine.export.otel.delivered import Delivered
from engine.export.otel.delivery import Delivery
from engine.export.otel.identity import identity_of
from engine.export.otel.points import metrics_of
from engine.export.otel.settings import Signal, interval_s, target_of
from engine.export.sink import Item, Sink, Surroundings
from engine.messages import QueueCounts, RunState, Snapshot

MOST_WAITING: Final = 120
"""Ten minutes."""
_NS_PER_SECOND: Final = 1_000_000_000


class OtelMetrics(Delivered, Sink):
    """The sink."""

    name = "otel metrics"
    wants = frozenset({Snapshot})

    def __init__(self, surroundings: Surroundings) -> None:
        super().__init__(surroundings)
        started = surroundings.started
        self._resource = identity_of(started).resource
        target = target_of(Signal.METRICS, started.config)
        self._delivery: Delivery[MetricsData] = Delivery(
            Signal.METRICS, target, surroundings.warn, _first, most=MOST_WAITING, at_once=1
        )
        self._interval_ns = round(interval_s() * _NS_PER_SECOND)
        self._due_ns = self._interval_ns

    def take(self, item: Item) -> None:
        """See `Sink`. Of snapshots between two times that are due nothing is told: the next has all that they have."""
        if not isinstance(item, Snapshot) or (item.elapsed_ns < self._due_ns and item.state is not RunState.FINISHED):
            return
        self._due_ns = (item.elapsed_ns // self._interval_ns + 1) * self._interval_ns
        self._delivery.offer(metrics_of(Told(self.surroundings.started, item), self._resource))

    @property
    def counts(self) -> dict[str, QueueCounts]:
        """See `Sink`."""
        return {self.name: self._delivery.counts}


def _first(waiting: Sequence[MetricsData]) -> MetricsData:
    """A request has figures of one time: of several with one resource the SDK encodes the last."""
    return waiting[0]
