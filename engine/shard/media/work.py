# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the reactor sees of the media of its shard."""

from __future__ import annotations

from typing import Protocol


class MediaWork(Protocol):
    """Media that go and come by the clock."""

    @property
    def events(self) -> int:
        """Packets so far, in both directions."""

    def run(self, now_ns: int) -> int:
        """Send what is due, within limits; when there is more to do, which may be now."""

    def fold(self) -> None:
        """Hand on what was measured; to be called once a tick."""
