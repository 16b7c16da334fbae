# SPDX-License-Identifier: AGPL-3.0-or-later
"""A shard's life: load, open, say that it is ready, run, tell what it measured."""

from __future__ import annotations

import contextlib
import gc
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import trio
from trio.abc import ReceiveChannel, SendChannel

from engine.call import CallContext
from engine.errors import BindError, GossipperError
from engine.messages import Role
from engine.options import RunConfig
from engine.scenario.actions.commands import runs_commands
from engine.scenario.compile import compile_program
from engine.scenario.data_files import DataFile
from engine.scenario.load import load_scenario
from engine.scenario.model import Scenario
from engine.scenario.program import RunFacts
from engine.shard.assembly import NS_PER_MS, context, facts, facts_of_incoming, make_pacer
from engine.shard.beside import Beside
from engine.shard.calls import CallTable
from engine.shard.commands import Commands
from engine.shard.following.asked import asked_by, with_failed
from engine.shard.following.tap import Tap
from engine.shard.init import run_init
from engine.shard.media.opening import open_media
from engine.shard.notes import Notes
from engine.shard.protocol import (
    AnyFromShard,
    AnyToShard,
    Ended,
    Failed,
    Finish,
    Follow,
    Followed,
    Go,
    Ready,
    Report,
    Secured,
    ShardPlan,
    StopAsked,
)
from engine.shard.reactor import Reactor
from engine.shard.shares import call_limit, calls_per_second, share_of, with_own_sockets
from engine.shard.sources import make_sources
from engine.shard.steering import Steering
from engine.shard.timers import Timers
from engine.shard.trace import MessageTrace, open_traces
from engine.shard.watching import open_tap
from engine.stats.measurements import Measurements
from engine.transport import TRANSPORTS, Poller, Transport
from engine.transport.descriptors import prepare_descriptors
from engine.transport.holders import with_holder

if TYPE_CHECKING:
    from engine.shard.media.desk import MediaDesk

YOUNG_OBJECTS = 10_000
"""Objects between two collections of the youngest: some 0.3 ms of work. Older ones, open calls by the ten thousand, are
left alone: calls make no cycles and are freed without the collector."""


MAIN, INCOMING, OUT_OF_CALL = "main", "incoming", "out of call"
"""The scenarios that a shard may have."""


async def run_shard(plan: ShardPlan, inbox: ReceiveChannel[AnyToShard], outbox: SendChannel[AnyFromShard]) -> None:
    """Run one shard from its plan to its last word. A closed inbox means that nobody is there any more: it stops."""
    try:
        with contextlib.closing(Shard(plan, outbox)) as shard:
            await shard.prepare()
            await shard.run(inbox)
    except GossipperError as error:
        await outbox.send(Failed(kind=type(error).__name__, text=str(error)))


class Shard:
    """The parts of a shard and how they work together."""

    def __init__(self, plan: ShardPlan, outbox: SendChannel[AnyFromShard]) -> None:
        self._plan = plan
        self._outbox = outbox
        self._poller = Poller()
        self._timers = Timers()
        self._notes = Notes()
        self._cpu_start_ns = time.process_time_ns()
        self._wall_start_ns = time.monotonic_ns()
        self._transport: Transport | None = None
        self._desk: MediaDesk | None = None
        self._traces: tuple[MessageTrace, ...] = ()
        self._tap: Tap | None = None
        self._data_files: tuple[DataFile, ...] = ()
        self._stops: list[bool] = []
        self._stops_told = 0
        self._has_told_security = False
        self._stop_asked = trio.Event()
        self._table = CallTable(
            timers=self._timers,
            notes=self._notes,
            first_number=1 + plan.index,
            number_step=plan.count,
            base_cseq=plan.config.base_cseq,
            dead_call_wait_ns=plan.config.dead_call_wait_ms * NS_PER_MS,
            cut_prefix=not plan.config.ignore_call_id_slash,
        )
        self._table.ask_to_stop = self._ask_to_stop

    async def prepare(self) -> None:
        """Read the scenario, open the transport, compile. Raises what is wrong, then nothing runs.

        What reads files or takes long does so in a thread: in this loop other runs may have calls.
        """
        plan, config = self._plan, self._plan.config
        scenarios = await trio.to_thread.run_sync(_load, plan)
        transport = TRANSPORTS[config.transport](
            plan.addresses, self._poller, self._table, with_own_sockets(config, plan.index, plan.count)
        )
        try:
            await transport.open()
        except BindError as error:
            raise await with_holder(error, "tcp" if transport.reliable else "udp") from None
        self._transport = transport
        constants = facts(plan, transport, self._table.coming_number)
        self._desk = await open_media(plan, scenarios.values(), self._poller, self._notes, constants.random)
        if self._desk is not None:
            constants = replace(constants, with_media=True, media_port=self._desk.media_port)
            constants.tracks.beside = Beside().run
            self._table.make_media = self._desk.media_of
        self._data_files = tuple(constants.data_files.values())
        contexts = {kind: await self._compile(kind, scenario, constants) for kind, scenario in scenarios.items()}
        await self._open_commands(scenarios.values())
        self._context = contexts[MAIN]
        self._program = self._context.program
        self._context.meter.media = self._desk.meter if self._desk is not None else None
        self._notes.counters = self._context.meter.counters
        for warning in [warning for file in plan.data_files for warning in file.warnings] if plan.index == 0 else []:
            self._notes.warn(warning)
        if transport.shortage and plan.index == 0 and config.buffer_size != RunConfig().buffer_size:
            self._notes.warn(f"-buff_size {config.buffer_size}: {transport.shortage}")
        self._table.connect(self._context, transport, contexts.get(INCOMING), contexts.get(OUT_OF_CALL))
        self._table.sources = make_sources(config, self._program.role, plan.addresses.sources, constants.data_files)
        self._table.max_calls = share_of(config.max_calls, plan.index, plan.count)
        self._table.call_limit = self._limit_at(calls_per_second(config.rate, config))
        self._allow_descriptors(transport)
        self._traces = self._table.traces = open_traces(plan, transport.protocol, self._notes.warn)
        if not self._traces:
            for each in contexts.values():
                each.send = transport.send
        self._contexts = contexts
        asked = asked_by(config)
        self._follow(msgspec.structs.replace(asked, next=share_of(asked.next, plan.index, plan.count)))
        await self._run_inits(contexts.values())
        _settle_process()
        limit = self._table.call_limit
        await self._outbox.send(Ready(local=transport.bound(), measured=self._measurements(), call_limit=limit))

    def _follow(self, asked: Follow) -> None:
        """Follow these calls from now on; those that are open and nobody watches stay as they are.

        Of a few calls for all shards together this one's share may be none, which is no reason to watch any.
        """
        if self._tap is None:
            if asked == Follow() and self._plan.records_fd is None:
                return
            self._tap = open_tap(self._plan, self._table, self._contexts)
        self._tap.histories.ask(with_failed(asked, self._plan.config))

    async def _compile(self, kind: str, scenario: Scenario, constants: RunFacts) -> CallContext:
        own = facts_of_incoming(self._plan, constants) if kind == INCOMING else constants
        program = await trio.to_thread.run_sync(compile_program, scenario, own)
        return context(self._plan, own, program, self._table)

    async def _open_commands(self, scenarios: Iterable[Scenario]) -> None:
        """Be ready for commands of the shell, where there are any."""
        if any(runs_commands(step.actions) for scenario in scenarios for step in (*scenario.init, *scenario.steps)):
            self._table.commands = Commands(self._notes)
            await self._table.commands.open()

    async def _run_inits(self, contexts: Iterable[CallContext]) -> None:
        """Do what is to be done once before the first call."""
        for each in contexts:
            if each.program.init:
                await run_init(each, self._table.take_number())
        if self._table.commands is not None:
            await self._table.commands.flush()

    def _allow_descriptors(self, transport: Transport) -> None:
        """Have as many files allowed as there may be sockets, and say when that cannot be."""
        limits = (transport.config.max_socket, self._table.call_limit, self._table.max_calls)
        sockets = min(limit for limit in limits if limit is not None) if transport.port_per_call else 0
        problem = prepare_descriptors(sockets, skip=transport.config.skip_rlimit)
        if problem and self._plan.index == 0:
            self._notes.warn(problem)

    def _limit_at(self, rate: float) -> int:
        """This shard's part of the most open calls, at least one; a server has no limit."""
        if self._program.role is Role.UAS:
            return 0
        return max(1, share_of(call_limit(self._plan.config, self._program, rate), self._plan.index, self._plan.count))

    async def run(self, inbox: ReceiveChannel[AnyToShard]) -> None:
        """Wait for `Go`, run the calls, and say the last word."""
        async for message in inbox:
            if isinstance(message, Go):
                await self._run_from(message.start_ns, inbox)
                break
            if isinstance(message, Finish):
                break
        self._close_traces()
        await self._tell_stops_so_far()
        await self._tell_notes()
        await self._tell_followed()
        await self._tell_security()
        await self._outbox.send(Ended(measured=self._measurements(), broken=self._table.failure))
        if self._tap is not None:
            # An exporter that hangs takes nothing: that is no time of the run's any more.
            await trio.to_thread.run_sync(self._tap.close)

    async def _run_from(self, start_ns: int, inbox: ReceiveChannel[AnyToShard]) -> None:
        pacer = self._table.pacer = make_pacer(self._plan, self._program, start_ns)
        reactor = Reactor(
            table=self._table,
            timers=self._timers,
            poller=self._poller,
            pacer=pacer,
            meter=self._context.meter,
            media=self._desk,
        )
        self._table.changed = reactor.wake
        steering = Steering(
            reactor, self._table, pacer, self._limit_at if self._plan.config.call_limit is None else None, self._follow
        )
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(steering.obey, inbox)
                nursery.start_soon(self._report)
                nursery.start_soon(self._tell_stops)
                nursery.start_soon(self._table.transport.tend)
                nursery.start_soon(self._table.destinations.names.tend)
                if self._table.commands is not None:
                    nursery.start_soon(self._table.commands.carry)
                    nursery.start_soon(self._table.commands.listen)
                await reactor.run()
                if self._table.commands is not None:
                    await self._table.commands.finish()
                nursery.cancel_scope.cancel()
        finally:
            self._table.cut_off()
            gc.unfreeze()

    def _ask_to_stop(self, now: bool) -> None:
        """Tell the run that it is to end, once for each way of ending."""
        if now not in self._stops:
            self._stops.append(now)
            self._stop_asked.set()

    async def _tell_stops(self) -> None:
        while True:
            await self._stop_asked.wait()
            self._stop_asked = trio.Event()
            await self._tell_stops_so_far()

    async def _tell_stops_so_far(self) -> None:
        while self._stops_told < len(self._stops):
            await self._outbox.send(StopAsked(now=self._stops[self._stops_told]))
            self._stops_told += 1

    async def _report(self) -> None:
        """Tell what was measured and noted, in intervals."""
        while True:
            await trio.sleep(self._plan.report_every_ns / 1e9)
            measured = self._measurements()
            try:
                await self._outbox.send(Report(measured=measured, call_limit=self._table.call_limit))
            except trio.Cancelled:
                self._context.meter.give_back(measured)  # it was not sent, and the last word is still to come
                raise
            await self._tell_notes()
            await self._tell_followed()
            await self._tell_security()

    async def _tell_notes(self) -> None:
        """Tell what was noted; what a cancelled report has not told is for the last word."""
        notes = self._notes.take()
        for index, note in enumerate(notes):
            try:
                await self._outbox.send(note)
            except trio.Cancelled:
                self._notes.give_back(notes[index:])
                raise

    async def _tell_followed(self) -> None:
        """Tell the calls that were followed and are over; what a cancelled report has not told is for the last word."""
        while self._tap is not None and (calls := self._tap.histories.take()):
            try:
                await self._outbox.send(Followed(calls=calls))
            except trio.Cancelled:
                self._tap.histories.give_back(calls)
                raise

    async def _tell_security(self) -> None:
        """Tell what TLS agreed on, once that is known."""
        secured = self._transport.secured if self._transport is not None else None
        if secured is not None and not self._has_told_security:
            await self._outbox.send(Secured(version=secured[0], cipher=secured[1]))
            self._has_told_security = True  # not before: a report may be cancelled, and the last word is still to come

    def _measurements(self) -> Measurements:
        counters = self._context.meter.counters
        counters.cpu_ns = time.process_time_ns() - self._cpu_start_ns
        self._context.meter.wall_ns = time.monotonic_ns() - self._wall_start_ns
        if self._transport is not None:
            counters.kernel_drops = self._transport.drops()
            counters.without_socket = self._transport.without_socket()
        if self._desk is not None:
            self._desk.count()
        counters.trace_drops = sum(trace.dropped for trace in self._traces)
        measured = self._context.meter.take()
        if self._tap is not None:
            measured.queues = self._tap.counts
        return measured

    def _close_traces(self) -> None:
        """Write what is left; no message is traced any more."""
        for trace in self._table.traces:
            trace.close()
        self._table.traces = ()

    def close(self) -> None:
        """Close files and sockets, and end what runs beside."""
        if self._table.commands is not None:
            self._table.commands.close()
        self._close_traces()
        if self._tap is not None:
            self._tap.let_go()
        for file in self._data_files:
            file.close()
        self._data_files = ()
        if self._desk is not None:
            self._desk.close()
            self._desk = None
        if self._transport is not None:
            self._transport.close()
            self._transport = None
        self._poller.close()


def _load(plan: ShardPlan) -> dict[str, Scenario]:
    """The scenarios of a plan. Raises ScenarioErrors."""
    keywords = [name for name, _ in plan.config.keywords]
    scenarios = {MAIN: load_scenario(plan.scenario, plan.xml, keywords)}
    for kind, text in ((INCOMING, plan.incoming), (OUT_OF_CALL, plan.out_of_call)):
        if text is not None:
            scenarios[kind] = load_scenario(text.name, text.xml, keywords)
    return scenarios


def _settle_process() -> None:
    """Make the process fit to run calls on time, once everything is loaded.

    What exists now lives as long as the run; the collector need not look at it again. Linux rounds the ends of waits by
    50 µs to save power unless it is asked not to (prctl(2), PR_SET_TIMERSLACK).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, 1000, 1000)
    with contextlib.suppress(OSError):
        Path("/proc/self/timerslack_ns").write_text("1000")
