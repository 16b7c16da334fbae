# SPDX-License-Identifier: AGPL-3.0-or-later
"""A shard in a process of its own: `python -m engine.shard DESCRIPTOR`.

The descriptor is one end of a socket pair; the first message on it is the `ShardPlan`. The process ends with its run,
and when the other end is gone.
"""

from __future__ import annotations

import socket
import sys

import trio

from engine.errors import in_one_line
from engine.pipe import PipeReceiver, PipeSender
from engine.shard.protocol import AnyFromShard, AnyToShard, ShardPlan
from engine.shard.shard import run_shard


async def serve(descriptor: int) -> None:
    """Read the plan and run it."""
    stream = trio.SocketStream(trio.socket.from_stdlib_socket(socket.socket(fileno=descriptor)))
    inbox: PipeReceiver[AnyToShard] = PipeReceiver(stream, AnyToShard)
    outbox: PipeSender[AnyFromShard] = PipeSender(stream)
    plan = await inbox.receive()
    if isinstance(plan, ShardPlan):
        await run_shard(plan, inbox, outbox)
    await stream.aclose()


if __name__ == "__main__":
    try:
        trio.run(serve, int(sys.argv[1]))
    except (trio.EndOfChannel, trio.BrokenResourceError):
        sys.exit("the run that this shard belonged to is gone")
    except Exception as error:
        sys.exit(in_one_line(error))
