# SPDX-License-Identifier: AGPL-3.0-or-later
"""Waiting until all shards of a run are ready, or one cannot be."""

from __future__ import annotations

from collections.abc import Sequence

import trio

from engine import errors
from engine.errors import GossipperError, ShardDied
from engine.run import patience
from engine.run.links import ShardLink
from engine.shard.protocol import Failed, Ready


async def wait_until_ready(links: Sequence[ShardLink]) -> list[Ready]:
    """The readiness of every shard. Raises the error of the first that cannot start, ShardDied for one that takes too long;
    the others are left to the caller."""
    end_s = trio.current_time() + patience.START_S
    ready = []
    for index, link in enumerate(links):
        try:
            with trio.fail_at(end_s):
                message = await link.receiver.receive()
        except trio.EndOfChannel:
            raise ShardDied(f"worker {index + 1} did not start: {await link.last_words()}") from None
        except trio.TooSlowError:
            raise ShardDied(f"worker {index + 1} did not start within {patience.START_S:g} s") from None
        if isinstance(message, Failed):
            raise _error_of(message)
        if isinstance(message, Ready):
            ready.append(message)
    return ready


def _error_of(failed: Failed) -> GossipperError:
    """The error that a shard had, as the same class where that takes nothing but its text."""
    kinds: dict[str, type[GossipperError]] = {
        kind.__name__: kind for kind in (errors.BindError, errors.TransportError, errors.CommandError)
    }
    return kinds.get(failed.kind, GossipperError)(failed.text)
