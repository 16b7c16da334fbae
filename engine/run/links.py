# SPDX-License-Identifier: AGPL-3.0-or-later
"""Starting shards, in this process or in a child, and the same two channels to either.

A link ends in one of three ways: its `Ended`, its `Failed`, or the end of its channel, which means that the child died;
`last_words` then says what it wrote before. Children are told to end by closing their pipe and are killed when the
nursery that they run in is left.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import trio
from trio.abc import ReceiveChannel, SendChannel

import engine
from engine.shard import run_shard
from engine.shard.mishap import in_one_line
from engine.shard.protocol import AnyFromShard, AnyToShard, ShardPlan
from engine.shard.wire import PipeReceiver, PipeSender

CHANNEL_CAPACITY = 100
LAST_WORDS_BYTES = 4096
LEAVE_S = 2.0
"""How long a child may take to end when its run is over or given up."""


class ShardLink:
    """One shard, from outside."""

    def __init__(self, plan: ShardPlan, sender: SendChannel[AnyToShard], receiver: ReceiveChannel[AnyFromShard]) -> None:
        self.plan = plan
        self.receiver = receiver
        self._sender = sender
        self._gone = trio.Event()
        self._words = "it ended without a word"

    async def send(self, message: AnyToShard) -> None:
        """Tell the shard something; one that is gone does not hear it."""
        try:
            await self._sender.send(message)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            return

    async def last_words(self) -> str:
        """Why a shard whose channel ended is gone, in one line."""
        await self.wait_gone()
        return self._words

    async def wait_gone(self) -> None:
        """Return when a shard that has said its last is gone, or takes too long; then it is killed with its nursery."""
        with trio.move_on_after(LEAVE_S):
            await self._gone.wait()

    async def run(self, inbox: ReceiveChannel[AnyToShard], outbox: SendChannel[AnyFromShard]) -> None:
        """Run the shard here. A mistake of ours ends it as it would end a child."""
        async with inbox, outbox:
            try:
                await run_shard(self.plan, inbox, outbox)
            except Exception as error:
                self._words = in_one_line(error)
            self._gone.set()

    async def watch(self, process: trio.Process) -> None:
        """Keep what the child writes until it ends, and its pipe, which may hold what it said last, until cancelled."""
        said = b""
        try:
            while process.stderr is not None and (data := await process.stderr.receive_some(LAST_WORDS_BYTES)):
                said = (said + data)[-LAST_WORDS_BYTES:]
            self._words = _why(await process.wait(), said)
            self._gone.set()
            await trio.sleep_forever()
        finally:
            await self._end(process)

    async def _end(self, process: trio.Process) -> None:
        """Let a child that still runs take leave of its peers: its pipe closes, and after a while it is killed."""
        with trio.CancelScope(shield=True):
            await trio.aclose_forcefully(self._sender)
            if process.stderr is not None:
                await trio.aclose_forcefully(process.stderr)
            with trio.move_on_after(LEAVE_S):
                await process.wait()
            if process.returncode is None:
                process.kill()
                await process.wait()


async def start_in_process(plan: ShardPlan, nursery: trio.Nursery) -> ShardLink:
    """A shard in this trio loop."""
    to_shard, inbox = trio.open_memory_channel[AnyToShard](CHANNEL_CAPACITY)
    outbox, from_shard = trio.open_memory_channel[AnyFromShard](CHANNEL_CAPACITY)

    link = ShardLink(plan, to_shard, from_shard)
    nursery.start_soon(link.run, inbox, outbox)
    return link


async def start_child(plan: ShardPlan, nursery: trio.Nursery) -> ShardLink:
    """A shard in a child process, in a process group of its own: Ctrl-C is for the run, which tells its shards."""
    ours, theirs = socket.socketpair()
    # -P: a file in the user's working directory must not be taken for one of our modules.
    command = [sys.executable, "-P", "-m", "engine.shard", str(theirs.fileno())]
    environment = {**os.environ, "PYTHONPATH": _module_path()}
    with theirs:
        process = await trio.lowlevel.open_process(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            pass_fds=[theirs.fileno()],
            env=environment,
            process_group=0,
        )
    stream = trio.SocketStream(trio.socket.from_stdlib_socket(ours))
    link = ShardLink(plan, PipeSender(stream), PipeReceiver(stream, AnyFromShard))
    nursery.start_soon(link.watch, process)
    await link.send(plan)
    return link


def _why(status: int, said: bytes) -> str:
    """How a child ended, by its exit status and the last line that it wrote."""
    lines = said.decode("utf-8", "replace").strip().splitlines()
    if status < 0:
        return f"killed by {signal.Signals(-status).name}"
    return lines[-1] if lines else f"exit code {status}"


def _module_path() -> str:
    """Where a child finds this very engine, before what the user's PYTHONPATH adds."""
    here = str(Path(engine.__file__).parent.parent)
    return os.pathsep.join([here, *filter(None, [os.environ.get("PYTHONPATH")])])
