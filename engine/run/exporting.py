# SPDX-License-Identifier: AGPL-3.0-or-later
"""The exporter of a run, from outside: started, fed with events, heard, brought to its end.

It may hang, die or be killed: the run goes on untouched, says so once, and never waits for it longer than `COMPLETE_S` and
`LAST_WORD_S`. What was offered and is not known to be written is dropped then.
"""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress

import msgspec
import trio

from engine.bus import Bus
from engine.errors import ExportError
from engine.export.protocol import (
    AnyFromExporter,
    AnyToExporter,
    Cautioned,
    Complete,
    Completed,
    Counted,
    Counts,
    ExportPlan,
    NotOpened,
    Opened,
)
from engine.export.sinks import asked_for, recorded
from engine.messages import QueueCounts, RunFinished, RunStarted, Snapshot
from engine.options import RunConfig
from engine.pipe import PipeReceiver, PipeSender
from engine.run import patience
from engine.run.child import end_child, last_words, open_child
from engine.run.event_pump import EventPump
from engine.run.feed import Feed
from engine.run.patience import Patience

OPEN_S = 20.0
"""How long an exporter may take to start and to open all its sinks."""
COMPLETE_S = 3.0
"""How long it may take to bring out what waits when the run has ended."""
LAST_WORD_S = 1.5
"""And then to tell what became of it, and to leave."""
RECORDS_BUFFER_BYTES = 4 << 20
"""What a shard may have written that the exporter has not read."""
_SO_SNDBUFFORCE = 32
"""Linux's number; the socket module does not name it."""
RECORDS = "records"
"""The name of the shards' queues of records. A record is written when the exporter has read it."""
EVENTS = "events"
"""The name of the run's own queue, in which events wait for the exporter; snapshots, of which only the newest counts, wait
beside it."""


class Exporting:
    """One exporter, whose pipe's other end is `pipe`. `shard_ends` are where the shards write what they record."""

    def __init__(
        self,
        names: tuple[str, ...],
        process: trio.Process,
        pipe: socket.socket,
        shard_ends: list[socket.socket],
        nursery: trio.Nursery,
    ) -> None:
        self.recorded = names
        """The names of the types of records that shards have to make."""
        self._process = process
        self._shard_ends = shard_ends
        self._nursery = nursery
        stream = trio.SocketStream(trio.socket.from_stdlib_socket(pipe))
        self._sender: PipeSender[AnyToExporter] = PipeSender(stream)
        self._receiver: PipeReceiver[AnyFromExporter] = PipeReceiver(stream, AnyFromExporter)
        self._feed = Feed()
        self._pump: EventPump | None = None
        self._wanted: tuple[str, ...] = ()
        self._warn: Callable[[str], None] = lambda text: None
        self._patience = Patience()
        self._is_reported = False
        self._told = Counts()
        self._words = "it ended without a word"
        self._said_all = trio.Event()
        self._gone = trio.Event()
        self._is_over = False

    # --- starting ------------------------------------------------------------------------------------------------------

    def records_fd(self, index: int) -> int | None:
        """Where a shard writes what it records: a descriptor that is open until `let_go`."""
        return self._shard_ends[index].fileno() if self._shard_ends else None

    def let_go(self) -> None:
        """The shards have what they need, or never will."""
        for each in self._shard_ends:
            each.close()
        self._shard_ends = []

    async def open(self, started: RunStarted) -> None:
        """Have all sinks opened. Raises ExportError."""
        self._feed.begin(ExportPlan(started=started))
        try:
            with trio.fail_after(OPEN_S):
                message = await self._receiver.receive()
        except trio.EndOfChannel:
            await self._wait_gone()
            raise ExportError(f"the exporter did not start: {self._words}") from None
        except trio.TooSlowError:
            raise ExportError(f"the exporter did not start within {OPEN_S:g} s") from None
        if isinstance(message, NotOpened):
            raise ExportError(message.text)
        if isinstance(message, Opened):
            self._wanted = message.events

    def follow(self, bus: Bus, run: str, warn: Callable[[str], None]) -> None:
        """From now on hand on the run's events, and tell people what they should know of the exporter."""
        self._warn = warn
        if self._wanted:
            self._pump = EventPump(bus, run, self._wanted, self._feed)
            self._nursery.start_soon(self._pump.run)
        self._nursery.start_soon(self._hear)
        self._nursery.start_soon(self._watch_over)

    # --- the time of the run -------------------------------------------------------------------------------------------

    def queues(self, of_shards: Mapping[str, QueueCounts]) -> dict[str, QueueCounts]:
        """All queues, from what the shards say of theirs and what the exporter last told."""
        ours = dict(self._told.queues)
        if RECORDS in of_shards:
            records = of_shards[RECORDS]
            read = min(self._told.records, records.offered - records.dropped)
            ours[RECORDS] = msgspec.structs.replace(records, written=read)
        events = self._feed.counts(self._told.events)
        if events.offered:
            ours[EVENTS] = events
        if self._is_over:
            ours = {name: _settled(counts) for name, counts in ours.items()}
        return {**of_shards, **ours}

    async def carry(self) -> None:
        """Bring what waits to the exporter, as fast as it reads."""
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            while True:
                await self._sender.send(await self._feed.next())

    async def watch(self) -> None:
        """Keep what the exporter writes until it ends, and its pipe until cancelled; then it has to leave."""
        try:
            self._words = await last_words(self._process)
            self._gone.set()
            await trio.sleep_forever()
        finally:
            self.let_go()
            with trio.CancelScope(shield=True):
                await trio.aclose_forcefully(self._receiver)
                await end_child(self._process, LAST_WORD_S)

    async def _hear(self) -> None:
        """Hear the exporter to its end."""
        is_complete = False
        async for message in self._receiver:
            self._patience.heard()
            if isinstance(message, Counted | Completed):
                self._told = message.counts
                is_complete = isinstance(message, Completed)
            elif isinstance(message, Cautioned):
                self._warn(message.text)
        if not is_complete and not self._is_over:
            await self._wait_gone()
            self._trouble(f"the exporter has ended: {self._words}; what it has not written is dropped")
        self._feed.close()
        self._said_all.set()

    async def _watch_over(self) -> None:
        """Tell when it says nothing for long, the first time; that costs nobody anything but what it was to write."""
        looked_s = trio.current_time()
        while not self._said_all.is_set():
            await trio.sleep(patience.LOOK_EVERY_S)
            now_s = trio.current_time()
            self._patience.pass_time(now_s - looked_s)
            looked_s = now_s
            if (text := self._patience.report()) and not self._is_reported:
                self._is_reported = True
                self._warn(f"the exporter {text}; what it does not take is dropped")

    def _trouble(self, text: str) -> None:
        """Tell of it, unless it comes of what was told: that it says nothing."""
        if not (self._is_reported and self._patience.is_silent):
            self._warn(text)

    async def _wait_gone(self) -> None:
        with trio.move_on_after(LAST_WORD_S):
            await self._gone.wait()

    # --- the end -------------------------------------------------------------------------------------------------------

    async def complete(self, last: Snapshot, finished: RunFinished) -> None:
        """Have everything written that waits, within its time; what is not is dropped. Then the exporter is gone."""
        if self._pump is not None:
            await self._pump.finish()
        self._feed.complete(Complete(last=last, finished=finished, within_s=COMPLETE_S))
        with trio.move_on_after(COMPLETE_S + LAST_WORD_S):
            await self._said_all.wait()
            await self._gone.wait()
        self._is_over = True
        if not self._gone.is_set():
            self._trouble(f"the exporter did not end within {COMPLETE_S:g} s; what it has not written is dropped")
            self._process.kill()
            await self._wait_gone()


async def start_exporter(config: RunConfig, nursery: trio.Nursery, *, has_stderr: bool) -> Exporting | None:
    """Start the exporter that this configuration wants, if any; it lives in the nursery. `has_stderr`: standard error is not
    a screen's. Raises ExportError."""
    kinds = asked_for(config)
    if not kinds:
        return None
    names = recorded(kinds, config)
    stderr = None if has_stderr and any(kind.to_stderr(config) for kind in kinds) else subprocess.PIPE
    with ExitStack() as theirs, ExitStack() as ours:
        try:
            pairs = [_pair(theirs, ours) for _ in range(1 + (config.workers if names else 0))]
            process = await open_child("engine.export", [end.fileno() for end, _ in pairs], stderr=stderr)
        except OSError as error:
            raise ExportError(f"the exporter cannot be started: {error.strerror}; see ulimit -n and ulimit -u") from None
        ours.pop_all()
    pipe, *shard_ends = (end for _, end in pairs)
    for end in shard_ends:
        _widen(end)
    exporting = Exporting(names, process, pipe, shard_ends, nursery)
    nursery.start_soon(exporting.watch)
    nursery.start_soon(exporting.carry)
    return exporting


def _pair(theirs: ExitStack, ours: ExitStack) -> tuple[socket.socket, socket.socket]:
    """The exporter's end and ours."""
    one, other = socket.socketpair()
    return theirs.enter_context(one), ours.enter_context(other)


def _widen(end: socket.socket) -> None:
    """Have a shard's end hold as much as it may: where that is not ours to say, no more than net.core.wmem_max."""
    try:
        end.setsockopt(socket.SOL_SOCKET, _SO_SNDBUFFORCE, RECORDS_BUFFER_BYTES)
    except PermissionError:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, RECORDS_BUFFER_BYTES)


def _settled(counts: QueueCounts) -> QueueCounts:
    """Of what nobody writes any more: what is not known to be written is dropped."""
    return msgspec.structs.replace(counts, dropped=counts.offered - counts.written)
