# SPDX-License-Identifier: AGPL-3.0-or-later
"""Starting shards, in this process or in a child, and the same two channels to either.

A link ends in one of three ways: its `Ended`, its `Failed`, or the end of its channel, which means that the child died;
`last_words` then says what it wrote before. Children are told to end by closing their pipe and are killed when the
nursery that they run in is left. Nothing here waits for a child that does not run, for longer than `LEAVE_S`: what it is
told waits in a queue, and it can be killed.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress

import trio
from trio.abc import ReceiveChannel, SendChannel

from engine.errors import ShardDied, in_one_line
from engine.pipe import PipeReceiver, PipeSender
from engine.run.child import end_child, last_words, open_child
from engine.shard import run_shard
from engine.shard.protocol import AnyFromShard, AnyToShard, ShardPlan

CHANNEL_CAPACITY = 100
MOST_UNREAD = 10_000
"""Messages that wait for a shard to read them; what comes then is lost, and so is a shard that reads none of them."""
LEAVE_S = 2.0
"""How long a child may take to end when its run is over or given up."""


class ShardLink:
    """One shard, from outside."""

    def __init__(
        self, plan: ShardPlan, sender: trio.MemorySendChannel[AnyToShard], receiver: ReceiveChannel[AnyFromShard]
    ) -> None:
        self.plan = plan
        self.receiver = receiver
        self._sender = sender
        self._gone = trio.Event()
        self._words = "it ended without a word"
        self._reason = ""
        self._end_it: Callable[[], None] = lambda: None

    def tell(self, message: AnyToShard) -> None:
        """Tell the shard something, without waiting for it; one that is gone does not hear it."""
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError, trio.WouldBlock):
            self._sender.send_nowait(message)

    async def kill(self, reason: str) -> None:
        """End a shard that hangs: its channel ends, soon or at least after `LEAVE_S`, and `last_words` are the reason."""
        if not self._reason:
            self._reason = reason
            self._end_it()
            await self.wait_gone()
            if isinstance(self.receiver, PipeReceiver):
                await trio.aclose_forcefully(self.receiver)

    async def last_words(self) -> str:
        """Why a shard whose channel ended is gone, in one line."""
        await self.wait_gone()
        return f"killed: {self._reason}" if self._reason else self._words

    async def wait_gone(self) -> None:
        """Return when a shard that has said its last is gone, or takes too long; then it is killed with its nursery."""
        with trio.move_on_after(LEAVE_S):
            await self._gone.wait()

    async def run(self, inbox: ReceiveChannel[AnyToShard], outbox: SendChannel[AnyFromShard]) -> None:
        """Run the shard here. A mistake of ours ends it as it would end a child."""
        async with inbox, outbox:
            with trio.CancelScope() as scope:
                self._end_it = scope.cancel
                try:
                    await run_shard(self.plan, inbox, outbox)
                except Exception as error:
                    self._words = in_one_line(error)
            self._gone.set()

    async def carry(self, queue: ReceiveChannel[AnyToShard], pipe: SendChannel[AnyToShard]) -> None:
        """Bring what is told to a child, as fast as it reads, until its pipe is closed."""
        async with queue:
            with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
                async for message in queue:
                    await pipe.send(message)

    async def watch(self, process: trio.Process) -> None:
        """Keep what the child writes until it ends, and its pipe, which may hold what it said last, until cancelled."""
        self._end_it = process.kill
        try:
            self._words = await last_words(process)
            self._gone.set()
            await trio.sleep_forever()
        finally:
            # A child that still runs takes leave of its peers when its pipe closes.
            with trio.CancelScope(shield=True):
                await trio.aclose_forcefully(self.receiver)
                await end_child(process, LEAVE_S)


async def wait_until_gone(links: Sequence[ShardLink]) -> None:
    """Return when all shards are gone, or have had their time for it; those that are left are killed with their nursery."""
    async with trio.open_nursery() as nursery:
        for link in links:
            nursery.start_soon(link.wait_gone)


async def start_in_process(plan: ShardPlan, nursery: trio.Nursery) -> ShardLink:
    """A shard in this trio loop."""
    to_shard, inbox = trio.open_memory_channel[AnyToShard](MOST_UNREAD)
    outbox, from_shard = trio.open_memory_channel[AnyFromShard](CHANNEL_CAPACITY)

    link = ShardLink(plan, to_shard, from_shard)
    nursery.start_soon(link.run, inbox, outbox)
    return link


async def start_child(plan: ShardPlan, nursery: trio.Nursery) -> ShardLink:
    """A shard in a child process, in a process group of its own: Ctrl-C is for the run, which tells its shards.

    Raises ShardDied when there is no descriptor or no process left for it.
    """
    with ExitStack() as opened:
        try:
            ours, theirs = map(opened.enter_context, socket.socketpair())
            files = [file.descriptor for file in plan.data_files]
            records = [] if plan.records_fd is None else [plan.records_fd]
            process = await open_child("engine.shard", [theirs.fileno()], [*files, *records])
        except OSError as error:
            raise ShardDied(
                f"worker {plan.index + 1} cannot be started: {error.strerror}; "
                "see the limits of open files and of processes (ulimit -n, ulimit -u), or use fewer -workers"
            ) from None
        theirs.close()
        opened.pop_all()
    stream = trio.SocketStream(trio.socket.from_stdlib_socket(ours))
    to_shard, queue = trio.open_memory_channel[AnyToShard](MOST_UNREAD)
    link = ShardLink(plan, to_shard, PipeReceiver(stream, AnyFromShard))
    pipe: PipeSender[AnyToShard] = PipeSender(stream)
    nursery.start_soon(link.carry, queue, pipe)
    nursery.start_soon(link.watch, process)
    link.tell(plan)
    return link
