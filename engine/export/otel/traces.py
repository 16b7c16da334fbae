# SPDX-License-Identifier: AGPL-3.0-or-later
"""Followed calls to an OpenTelemetry collector: each a trace, sent when the call is over. What is counted are calls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from opentelemetry.sdk.trace import ReadableSpan

from engine.export.otel.delivered import Delivered
from engine.export.otel.delivery import Delivery
from engine.export.otel.identity import identity_of
from engine.export.otel.settings import Signal, target_of
from engine.export.otel.spans import spans_of
from engine.export.sink import Item, Sink, Surroundings
from engine.messages import CallTrace, FollowedCall, QueueCounts

MOST_WAITING: Final = 10_000
MOST_AT_ONCE: Final = 50
CALL_BYTES: Final = 1000
ENTRY_BYTES: Final = 400


class OtelTraces(Delivered, Sink):
    """The sink."""

    name = "otel traces"
    wants = frozenset({CallTrace})

    def __init__(self, surroundings: Surroundings) -> None:
        super().__init__(surroundings)
        self._identity = identity_of(surroundings.started)
        target = target_of(Signal.TRACES, surroundings.started.config)
        self._delivery: Delivery[FollowedCall] = Delivery(
            Signal.TRACES, target, surroundings.warn, self._spans_of, most=MOST_WAITING, at_once=MOST_AT_ONCE
        )

    def take(self, item: Item) -> None:
        """See `Sink`."""
        if isinstance(item, CallTrace):
            size = sum(ENTRY_BYTES + len(entry.data) + len(entry.text) for entry in item.call.entries)
            self._delivery.offer(item.call, CALL_BYTES + size)

    @property
    def counts(self) -> dict[str, QueueCounts]:
        """See `Sink`."""
        return {self.name: self._delivery.counts}

    def _spans_of(self, calls: Sequence[FollowedCall]) -> list[ReadableSpan]:
        return spans_of(calls, self._identity)
