# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whether a shard has media, and how they are opened."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random
from typing import TYPE_CHECKING

import trio

from engine.options import RunConfig
from engine.scenario.media_uses import speaks_of_dtls, uses_media
from engine.scenario.model import Scenario
from engine.shard.notes import Notes
from engine.shard.protocol import ShardPlan
from engine.transport.poller import Poller

if TYPE_CHECKING:
    from engine.media.srtp.identity import Identity
    from engine.shard.media.desk import MediaDesk


async def open_media(
    plan: ShardPlan, scenarios: Iterable[Scenario], poller: Poller, notes: Notes, random: Random
) -> MediaDesk | None:
    """The media of a shard; None when neither a scenario nor an option speaks of any. Raises BindError, TransportError."""
    scenarios = tuple(scenarios)
    if not asks_for_media(plan.config) and not any(map(uses_media, scenarios)):
        return None
    # What belongs to media takes a twentieth of a second to import, which runs without any do not pay.
    from engine.shard.media.desk import MediaDesk

    desk = MediaDesk(plan.config, plan.addresses, poller, notes, random, index=plan.index, count=plan.count)
    desk.open(plan.index)
    if any(map(speaks_of_dtls, scenarios)):
        desk.identity = await trio.to_thread.run_sync(_identity)
    return desk


def asks_for_media(config: RunConfig) -> bool:
    """Whether an option asks for media whatever the scenario says."""
    return bool(config.rtp_echo or config.measure_audio or config.record_wav_dir or config.expect_audio != "none")


def _identity() -> Identity:
    """A certificate. The libraries of DTLS take a tenth of a second to import: nobody else pays for them."""
    from engine.media.srtp.identity import Identity

    return Identity()
