# SPDX-License-Identifier: AGPL-3.0-or-later
"""What takes records and events and brings them somewhere: a file, a collector, a port that is scraped.

A sink takes without waiting, and writes in a task of its own. What it cannot write in time is dropped and counted under its
name, which stands in snapshots and summary. A sink that cannot be opened keeps the run from starting where that is the user's
mistake (a folder that is not there); a collector that is not there yet costs one warning, and is tried again.

The last that a sink is given, where it wants them, are the `Snapshot` whose state is `finished` and `RunFinished`; then it is
closed. Their numbers are those of the summary, but for the queues, which still have to be emptied.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from engine.messages import Event, QueueCounts, RunStarted
from engine.messages.records import Record

Item: TypeAlias = "Record | Event"
"""What sinks take: records of shards, and events of the run (`RunStarted`, `Warning`, `Logged`, `CallTrace`, `Snapshot`,
`RunFinished`)."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a sink knows of its run: how it is to start, and whom to tell what a person should know (one line, once).

    When it starts is known once all sinks are ready: `RunStarted`, for those who want it, has the time.
    """

    started: RunStarted
    warn: Callable[[str], None]


class Writer(ABC):
    """What writes in a task of its own what others hand to it without waiting: a sink, or an output of the event log.

    What it is given, and how it counts that, is said by what derives from it.
    """

    name: ClassVar[str]
    """What its counts stand under."""

    async def open(self) -> None:  # noqa: B027
        """Get ready, within a second or so. Raises GossipperError for what keeps the run from starting."""

    @abstractmethod
    async def write(self) -> None:
        """Bring what was taken where it belongs, until nothing waits after `close`; cancelled when that takes too long."""

    @abstractmethod
    def close(self) -> None:
        """The run is over and nothing more comes: `write` is to bring out what waits, and to return."""

    @abstractmethod
    def abandon(self) -> None:
        """`write` has ended, as it should or cancelled: what is left is dropped, and files and sockets are closed."""


class Sink(Writer):
    """One of them, for one run."""

    wants: ClassVar[frozenset[type[Record] | type[Event]]]
    """What it is given; nothing else costs it anything."""

    def __init__(self, surroundings: Surroundings) -> None:
        self.surroundings = surroundings

    @abstractmethod
    def take(self, item: Item) -> None:
        """Take one of what it wants, or drop and count it. Never waits."""

    @property
    @abstractmethod
    def counts(self) -> dict[str, QueueCounts]:
        """What became of what was offered so far, by the names of its queues; most sinks have one, of their own name."""
