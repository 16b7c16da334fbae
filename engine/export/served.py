# SPDX-License-Identifier: AGPL-3.0-or-later
"""One sink at work: whatever it raises ends it, and neither the other sinks nor the exporter."""

from __future__ import annotations

from collections.abc import Callable

import trio

from engine.errors import GossipperError, in_one_line
from engine.export.sink import Item, Sink
from engine.messages import QueueCounts


class Served:
    """A sink that is open. What comes once it is broken is counted as dropped under its name."""

    def __init__(self, sink: Sink, warn: Callable[[str], None]) -> None:
        self.sink = sink
        self._warn = warn
        self._scope = trio.CancelScope()
        self._is_abandoned = False
        self._is_broken = False
        self._refused = 0

    @property
    def counts(self) -> dict[str, QueueCounts]:
        """Those of the sink, and what it was not given any more."""
        counts = self.sink.counts
        if not self._refused:
            return counts
        name = self.sink.name
        refused = QueueCounts(offered=self._refused, dropped=self._refused)
        return {**counts, name: counts[name].plus(refused) if name in counts else refused}

    def take(self, item: Item) -> None:
        """Hand over one of what the sink wants."""
        if self._is_broken:
            self._refused += 1
            return
        try:
            self.sink.take(item)
        except Exception as error:
            self._break(error)

    async def write(self) -> None:
        """Have the sink write to its end, or until it is cut off."""
        try:
            with self._scope:
                await self.sink.write()
        except Exception as error:
            self._break(error)
        finally:
            self.abandon()

    def close(self) -> None:
        """Nothing more comes."""
        try:
            self.sink.close()
        except Exception as error:
            self._break(error)

    def abandon(self) -> None:
        """Have it drop what is left; once."""
        if self._is_abandoned:
            return
        self._is_abandoned = True
        try:
            self.sink.abandon()
        except Exception as error:
            self._break(error)

    def _break(self, error: Exception) -> None:
        """The sink has raised what it should not have."""
        if not self._is_broken:
            self._is_broken = True
            what = str(error) if isinstance(error, GossipperError) else in_one_line(error)
            self._warn(f"{self.sink.name} has ended: {what}")
            self._scope.cancel()
