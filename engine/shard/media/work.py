# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the reactor sees of the media of its shard."""

from __future__ import annotations

from abc import ABC, abstractmethod


class MediaWork(ABC):
    """Media that go and come by the clock."""

    __slots__ = ()

    @property
    @abstractmethod
    def events(self) -> int:
        """Packets so far, in both directions."""

    @abstractmethod
    def run(self, now_ns: int) -> int:
        """Send what is due, within limits; when there is more to do, which may be now."""

    @abstractmethod
    def fold(self) -> None:
        """Hand on what was measured; to be called once a tick."""
