# SPDX-License-Identifier: AGPL-3.0-or-later
"""What writes in a task of its own what others hand to it without waiting: a sink, or an output of the event log."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar


class Writer(ABC):
    """One of them, for one run. What it is given, and how it counts that, is said by what derives from it."""

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
