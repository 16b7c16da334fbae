# SPDX-License-Identifier: AGPL-3.0-or-later
"""The bus between interfaces and the engine: commands with answers one way, events the other.

It works from the engine's own trio loop, from asyncio and from plain threads, and knows nothing but how to deliver.
"""

from __future__ import annotations

from engine.bus.bus import Bus, Handler, open_bus
from engine.bus.recording import record, replay
from engine.bus.subscription import EndOfEvents, Subscription

__all__ = ["Bus", "EndOfEvents", "Handler", "Subscription", "open_bus", "record", "replay"]
