# SPDX-License-Identifier: AGPL-3.0-or-later
"""What all that goes to a collector has in common: it waits in, and is written by, a `Delivery`."""

from __future__ import annotations

from typing import Any

from engine.export.otel.delivery import Delivery
from engine.export.sink import Writer


class Delivered(Writer):
    """A writer whose `_delivery` does the work; what derives from it makes that and offers to it."""

    _delivery: Delivery[Any]

    async def open(self) -> None:
        """See `Writer`."""
        await self._delivery.open()

    async def write(self) -> None:
        """See `Writer`."""
        await self._delivery.write()

    def close(self) -> None:
        """See `Writer`."""
        self._delivery.close()

    def abandon(self) -> None:
        """See `Writer`."""
        self._delivery.abandon()
