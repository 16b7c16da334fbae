# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the engine answers: a handler for each command of the bus.

To add a command: a struct in `engine.messages.commands`, a method of `Engine` here, and its line in `handlers`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from functools import partial
from itertools import count
from pathlib import PurePath
from typing import Any

import msgspec
import trio

from engine.bus import Bus, Handler
from engine.errors import CommandError, ScenarioError, ScenarioErrors
from engine.messages import (
    Certificates,
    CheckOptions,
    CheckScenario,
    DescribeScenario,
    Done,
    FollowCalls,
    ListScenarios,
    MakeCertificates,
    OptionProblem,
    PauseTraffic,
    Problem,
    ProblemCode,
    ResumeTraffic,
    Role,
    RunStarted,
    ScenarioDescription,
    ScenarioList,
    SetLimit,
    SetRate,
    SetUsers,
    StartRun,
    StopRun,
)
from engine.options import RunConfig, check_config, settled
from engine.run.data_memory import close_data_files, load_data_files
from engine.run.exporting import Exporting, start_exporter
from engine.run.links import ShardLink, start_child, start_in_process
from engine.run.preparation import Prepared, in_thread, prepare
from engine.run.readiness import wait_until_ready
from engine.run.run import Run
from engine.run.source_addresses import addresses_of
from engine.run.texts import check_texts
from engine.run.validation import check_options, check_stderr
from engine.scenario.data_files import LoadedFile
from engine.scenario.describe import describe_scenario
from engine.scenario.library import list_scenarios
from engine.shard.protocol import Ready, ShardPlan
from engine.transport.addresses import together

CHILD_REPORTS_NS = 250_000_000
IN_PROCESS_REPORTS_NS = 1_000_000_000
"""Beside the load, in its own process, a report costs time that calls need."""
MOST_PIDS = 1 << 22
"""Linux's process ids are smaller."""


class Engine:
    """The runs of one engine and the answers to its commands. With `in_process` a single worker is no child process."""

    def __init__(self, nursery: trio.Nursery, bus: Bus, in_process: bool) -> None:
        self._nursery = nursery
        self._bus = bus
        self._in_process = in_process
        self._runs: dict[str, Run] = {}
        self._numbers = count(1)

    # --- questions -----------------------------------------------------------------------------------------------------

    async def list_scenarios(self, command: ListScenarios) -> ScenarioList:
        """See `ListScenarios`."""
        return await in_thread(partial(list_scenarios, command.directory))

    async def describe_scenario(self, command: DescribeScenario) -> ScenarioDescription:
        """See `DescribeScenario`."""
        return await in_thread(partial(describe_scenario, command.source, diagnosed=True))

    async def check_scenario(self, command: CheckScenario) -> tuple[Problem, ...]:
        """See `CheckScenario`."""
        try:
            look = partial(describe_scenario, command.source, command.keywords, pipes=True, diagnosed=True)
            return (await in_thread(look)).problems
        except ScenarioErrors as error:
            return tuple(_problem(one) for one in error.problems)

    async def check_options(self, command: CheckOptions) -> tuple[OptionProblem, ...]:
        """See `CheckOptions`."""
        return await in_thread(partial(check_options, command.config, has_stderr=self._in_process))

    async def make_certificates(self, command: MakeCertificates) -> Certificates:
        """See `MakeCertificates`. Whoever gives up waits for the end of it: there are all files then, or none."""
        return await trio.to_thread.run_sync(partial(_make_certificates, command))

    # --- runs ----------------------------------------------------------------------------------------------------------

    async def start_run(self, command: StartRun) -> RunStarted:
        """See `StartRun`."""
        check_stderr(command.config, has_stderr=self._in_process)
        if not self._in_process:
            check_texts(command.config)
        prepared = await in_thread(partial(prepare, command.config))
        config = settled(command.config)
        number = next(self._numbers)
        name = f"{PurePath(prepared.scenario.source).stem}-{number}"
        # Two runs must not share their Call-IDs and files, which SIPp makes with its process id: a peer that remembers
        # the calls of the first would take those of the second for repetitions.
        pid = os.getpid() + (number - 1) * MOST_PIDS
        return await self._nursery.start(self._run, name, pid, config, prepared)  # type: ignore[no-any-return]

    async def _run(
        self, name: str, pid: int, config: RunConfig, prepared: Prepared, task_status: trio.TaskStatus[RunStarted]
    ) -> None:
        """Live through one run. What keeps it from starting is raised as it is, not in a group."""
        failure: Exception | None = None
        async with trio.open_nursery() as shards:
            try:
                exporting = await start_exporter(config, shards, has_stderr=self._in_process)
                links, ready = await self._ready_shards(config, prepared, pid, shards, exporting)
                started = RunStarted(
                    run=name,
                    config=config,
                    scenario=prepared.scenario,
                    started_unix_ns=time.time_ns(),
                    pid=pid,
                    local=together(one.local for one in ready),
                    workers=len(links),
                )
                if exporting is not None:
                    await exporting.open(started)
                    started = msgspec.structs.replace(started, started_unix_ns=time.time_ns())
                run = self._runs[name] = Run(self._bus, started, links, ready, exporting)
                await run.live(_StartedWith(task_status, started))
            except Exception as error:
                failure = error
            finally:
                self._runs.pop(name, None)
            shards.cancel_scope.cancel()
        if failure is not None:
            raise failure

    async def _ready_shards(
        self, config: RunConfig, prepared: Prepared, pid: int, nursery: trio.Nursery, exporting: Exporting | None
    ) -> tuple[list[ShardLink], list[Ready]]:
        """Shards that could start, and what they said. They have the descriptors then, which we need no more."""
        files = await trio.to_thread.run_sync(load_data_files, config)
        try:
            links = await self._start_shards(config, prepared, files, pid, nursery, exporting)
            return links, await wait_until_ready(links)
        finally:
            close_data_files(files)
            if exporting is not None:
                exporting.let_go()

    async def _start_shards(
        self,
        config: RunConfig,
        prepared: Prepared,
        files: tuple[LoadedFile, ...],
        pid: int,
        nursery: trio.Nursery,
        exporting: Exporting | None,
    ) -> list[ShardLink]:
        in_process = self._in_process and config.workers == 1
        every_ns = IN_PROCESS_REPORTS_NS if in_process else CHILD_REPORTS_NS
        plan = ShardPlan(
            config=config,
            scenario=prepared.scenario.source,
            xml=prepared.xml,
            incoming=prepared.seconds.get("incoming"),
            out_of_call=prepared.seconds.get("out_of_call"),
            addresses=await addresses_of(config, files, prepared.scenario.role),
            data_files=files,
            count=config.workers,
            pid=pid,
            report_every_ns=min(every_ns, config.statistics_period_ms * 1_000_000),
            recorded=exporting.recorded if exporting is not None else (),
        )
        start = start_in_process if in_process else start_child
        fds = [exporting.records_fd(index) if exporting is not None else None for index in range(config.workers)]
        return [await start(_plan_of(plan, index, fd), nursery) for index, fd in enumerate(fds)]

    def _find(self, name: str) -> Run:
        try:
            return self._runs[name]
        except KeyError:
            raise CommandError(f"there is no run {name!r}; it has ended or never was") from None

    async def stop_run(self, command: StopRun) -> Done:
        """See `StopRun`."""
        self._find(command.run).stop(now=command.now)
        return Done()

    async def set_rate(self, command: SetRate) -> Done:
        """See `SetRate`."""
        run = self._find(command.run)
        if run.started.config.users is not None:
            raise CommandError("the run has users, not a rate; start it without -users")
        if run.started.scenario.role is Role.UAS:
            raise CommandError("a server starts no calls; it has no rate")
        _check(msgspec.structs.replace(run.started.config, rate=command.rate))
        run.set_rate(command.rate)
        return Done()

    async def set_users(self, command: SetUsers) -> Done:
        """See `SetUsers`."""
        run = self._find(command.run)
        if run.started.config.users is None:
            raise CommandError("the run has a rate, not users; start it with -users")
        _check(msgspec.structs.replace(run.started.config, users=command.users))
        run.set_users(command.users)
        return Done()

    async def set_limit(self, command: SetLimit) -> Done:
        """See `SetLimit`."""
        run = self._find(command.run)
        _check(msgspec.structs.replace(run.started.config, call_limit=command.call_limit))
        if command.call_limit < run.started.workers:
            raise CommandError(f"-l: {run.started.workers} workers need at least as many open calls")
        run.set_limit(command.call_limit)
        return Done()

    async def pause(self, command: PauseTraffic) -> Done:
        """See `PauseTraffic`."""
        self._find(command.run).pause()
        return Done()

    async def resume(self, command: ResumeTraffic) -> Done:
        """See `ResumeTraffic`."""
        self._find(command.run).resume()
        return Done()

    async def follow_calls(self, command: FollowCalls) -> Done:
        """See `FollowCalls`."""
        if command.every < 0 or command.next < 0 or not all(command.texts):
            raise CommandError(
                "followed are every n-th call, the next so many, those that hold a text: numbers from 0 on, no empty text"
            )
        self._find(command.run).follow(command)
        return Done()


class _StartedWith:
    """A task status that starts with one answer."""

    def __init__(self, status: trio.TaskStatus[RunStarted], answer: RunStarted) -> None:
        self._status = status
        self._answer = answer

    def started(self, value: None = None) -> None:
        self._status.started(self._answer)


def handlers(nursery: trio.Nursery, bus: Bus, in_process: bool) -> Mapping[Any, Handler]:
    """The handlers of a new engine whose runs live in `nursery`."""
    engine = Engine(nursery, bus, in_process)
    return {
        ListScenarios: engine.list_scenarios,
        DescribeScenario: engine.describe_scenario,
        CheckScenario: engine.check_scenario,
        CheckOptions: engine.check_options,
        MakeCertificates: engine.make_certificates,
        StartRun: engine.start_run,
        StopRun: engine.stop_run,
        SetRate: engine.set_rate,
        SetUsers: engine.set_users,
        SetLimit: engine.set_limit,
        PauseTraffic: engine.pause,
        ResumeTraffic: engine.resume,
        FollowCalls: engine.follow_calls,
    }


def _make_certificates(command: MakeCertificates) -> Certificates:
    # It takes a while to import, and hardly any engine makes certificates.
    from engine.run.certificates import make_certificates

    return make_certificates(command)


def _check(config: RunConfig) -> None:
    for error in check_config(config):
        raise CommandError(str(error))


def _problem(error: ScenarioError) -> Problem:
    """What kept a file from being read at all, as a problem of it."""
    return Problem(
        file=error.file,
        line=error.line,
        column=error.column,
        message=error.message,
        hint=error.hint,
        code=ProblemCode.UNREADABLE,
    )


def _plan_of(plan: ShardPlan, index: int, records_fd: int | None) -> ShardPlan:
    """The plan of one shard; each binds a port of its own, counted on from the first when one was given."""
    port = plan.addresses.local_port
    addresses = msgspec.structs.replace(plan.addresses, local_port=port + index if port else port)
    return msgspec.structs.replace(plan, index=index, addresses=addresses, records_fd=records_fd)
