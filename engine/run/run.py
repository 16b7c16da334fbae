# SPDX-License-Identifier: AGPL-3.0-or-later
"""The life of one run: start its shards, merge what they report, tell it, and sum up at the end.

A run listens to all of its shards at once and adds up what they report. Of a shard whose child process died stays what it
had reported; the calls that it had open are counted as lost, the other shards are stopped, and the run has failed.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial

import msgspec
import trio

from engine.bus import Bus
from engine.errors import ReportError, ShardDied
from engine.messages import (
    CallTrace,
    Event,
    FollowCalls,
    Logged,
    Outcome,
    Role,
    RunFinished,
    RunStarted,
    RunState,
    Snapshot,
    Summary,
    Verdict,
    Warning,
)
from engine.report.summary import summarize, write_summary_json
from engine.run import patience
from engine.run.exporting import Exporting
from engine.run.followed import FollowedCalls
from engine.run.idle_checks import idle_export_options
from engine.run.links import ShardLink, wait_until_gone
from engine.run.observers import Observers, open_observers
from engine.run.patience import Patience
from engine.run.preparation import in_thread
from engine.run.transport_checks import idle_options, tls_of
from engine.shard.following.asked import most_failed
from engine.shard.protocol import (
    AnyFromShard,
    AnyToShard,
    Ended,
    Finish,
    Follow,
    Followed,
    Go,
    LoggedText,
    NewLimit,
    NewRate,
    NewUsers,
    Pause,
    Ready,
    Report,
    Resume,
    Secured,
    StopAsked,
    Warned,
)
from engine.shard.shares import calls_per_second, share_of
from engine.stats.gathered import Gathered
from engine.stats.measurements import Measurements
from engine.stats.verdict import Judge

START_LEAD_NS = 10_000_000
"""How long before the first call is due its shards are told: what a message to a child and its first turn may take."""
LAST_WRITES_S = 5.0
"""How long files may take to be completed when the run has ended, whoever is waiting."""
SUMMARY_WRITE_S = 3.0
"""How much of that the summary may take: its name may be that of a pipe that nobody reads."""


class Run:
    """One run. `live` runs it from its shards' readiness to its summary; the other methods steer it meanwhile."""

    def __init__(
        self,
        bus: Bus,
        started: RunStarted,
        links: Sequence[ShardLink],
        ready: Sequence[Ready],
        exporting: Exporting | None = None,
    ) -> None:
        self._bus = bus
        self._exporting = exporting
        self.started = started
        self._links = links
        self._gathered = Gathered([one.measured for one in ready])
        self._limits: list[int] = [one.call_limit for one in ready]
        self._live = set(range(len(links)))
        self._patience = [Patience() for _ in links]
        self._fresh: set[int] = set()
        self._state = RunState.RUNNING
        is_client = started.scenario.role is Role.UAC
        self._rate = calls_per_second(started.config.rate, started.config) if is_client else 0.0
        self._users = started.config.users
        self._tls = tls_of(started.config, started.scenario.role)
        self._start_ns = 0
        self._end_ns: int | None = None
        self._sequence = 0
        self._observers: Observers | None = None
        self._judge = Judge()
        self._followed = FollowedCalls(most_failed(started.config))
        self._stopped_by_hand = False
        self._stopped_at_once = False
        self._error = ""
        self._died = False
        self._timed_out = False

    @property
    def name(self) -> str:
        """What events call this run."""
        return self.started.run

    async def live(self, task_status: trio.TaskStatus[None]) -> None:
        """Run to the end; `task_status.started` tells that `RunStarted` was published. Raises ReportError before it."""
        async with open_observers(self._bus, self.started) as observers:
            self._observers = observers
            if self._exporting is not None:
                self._exporting.follow(self._bus, self.name, self._warn)
            self._bus.publish(self.started)
            task_status.started()
            self._start_ns = time.monotonic_ns() + START_LEAD_NS
            self._tell_all(Go(start_ns=self._start_ns))
            self._publish_snapshot()
            config = self.started.config
            for text in (*idle_options(config, self.started.scenario.role), *idle_export_options(config)):
                self._warn(text)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._time_out)
                nursery.start_soon(self._watch_over)
                async with trio.open_nursery() as listeners:
                    for index, link in enumerate(self._links):
                        listeners.start_soon(self._listen, index, link)
                nursery.cancel_scope.cancel()
            self._end_ns = time.monotonic_ns()
            await wait_until_gone(self._links)
            await self._complete(observers)
            # Whoever waits for the end of the run may close the engine at the next event: the files come first.
            observers.complete_within(LAST_WRITES_S)
            await self._finish()

    # --- listening -----------------------------------------------------------------------------------------------------

    async def _listen(self, index: int, link: ShardLink) -> None:
        """Hear one shard to its end."""
        async for message in link.receiver:
            self._patience[index].heard()
            if isinstance(message, Report):
                self._gathered.take(index, message.measured)
                self._limits[index] = message.call_limit
                self._fresh.add(index)
                if self._fresh >= self._speaking():
                    self._publish_snapshot()
            elif isinstance(message, Ended):
                self._gathered.take(index, message.measured)
                self._live.discard(index)
                self._ended(message)
                return
            else:
                self._tell(message)
        self._live.discard(index)
        await self._lost(index, link)

    def _speaking(self) -> set[int]:
        """The shards whose reports make a snapshot: all that live, but for those that have said nothing for long."""
        return {index for index in self._live if not self._patience[index].is_silent}

    def _tell(self, message: AnyFromShard) -> None:
        if isinstance(message, Warned):
            self._warn(message.text, message.count)
        elif isinstance(message, LoggedText):
            self._publish(Logged(run=self.name, elapsed_ns=self._elapsed_ns(), text=message.text))
        elif isinstance(message, Followed):
            for call in self._followed.told(message.calls):
                self._publish(CallTrace(run=self.name, elapsed_ns=self._elapsed_ns(), call=call))
        elif isinstance(message, StopAsked):
            self._stop_asked(message)
        elif isinstance(message, Secured) and self._tls is not None and not self._tls.version:
            self._tls = msgspec.structs.replace(self._tls, version=message.version, cipher=message.cipher)

    def _warn(self, text: str, count: int = 1) -> None:
        self._publish(Warning(run=self.name, elapsed_ns=self._elapsed_ns(), text=text, count=count))

    def _elapsed_ns(self) -> int:
        now_ns = time.monotonic_ns() if self._end_ns is None else self._end_ns
        return max(0, now_ns - self._start_ns)

    async def _watch_over(self) -> None:
        """Report shards that say nothing, and kill those that hang: then their calls are lost, and the run ends."""
        looked_s = trio.current_time()
        while True:
            await trio.sleep(patience.LOOK_EVERY_S)
            now_s = trio.current_time()
            for index in sorted(self._live):
                with_it = self._patience[index]
                with_it.pass_time(now_s - looked_s)
                if report := with_it.report():
                    self._warn(f"worker {index + 1} {report}")
                if reason := with_it.at_an_end():
                    await self._links[index].kill(reason)
            looked_s = now_s

    def _stop_asked(self, message: StopAsked) -> None:
        """The scenario ends the run, in all shards; at once means that nobody is told, as in SIPp."""
        self._stopped_at_once = self._stopped_at_once or message.now
        self._state = RunState.FINISHING
        self._warn(f"the scenario has ended the run ({'stop_now' if message.now else 'stop_gracefully'})")
        self._tell_all(Finish(now=message.now, silently=message.now))

    def _ended(self, message: Ended) -> None:
        if message.broken:
            self._error = self._error or message.broken
            self._cut_off()

    async def _lost(self, index: int, link: ShardLink) -> None:
        """A shard's process died: its open calls are lost, and the run with them."""
        self._gathered.lose(index)
        self._died = True
        self._error = str(ShardDied(f"worker {index + 1} died: {await link.last_words()}"))
        self._cut_off()

    async def _time_out(self) -> None:
        """`-timeout`."""
        limit_ms = self.started.config.run_timeout_ms
        if limit_ms is None:
            return
        await trio.sleep(limit_ms / 1000)
        self._timed_out = True
        self._state = RunState.FINISHING
        self._cut_off()

    # --- steering ------------------------------------------------------------------------------------------------------

    def stop(self, *, now: bool) -> None:
        """No new calls; `now`: no calls at all."""
        self._stopped_by_hand = True
        self._state = RunState.FINISHING
        if now:
            self._cut_off()
        else:
            self._tell_all(Finish())
        self._publish_snapshot()

    def set_rate(self, rate: float) -> None:
        """A new rate, in calls a rate period."""
        self._rate = calls_per_second(rate, self.started.config)
        self._tell_all(NewRate(calls_per_second=self._rate))
        self._publish_snapshot()

    def set_users(self, users: int) -> None:
        """A new number of users."""
        self._users = users
        for index, link in enumerate(self._links):
            link.tell(NewUsers(users=share_of(users, index, len(self._links))))
        self._publish_snapshot()

    def set_limit(self, call_limit: int) -> None:
        """A new limit of open calls."""
        for index, link in enumerate(self._links):
            self._limits[index] = share_of(call_limit, index, len(self._links))
            link.tell(NewLimit(call_limit=self._limits[index]))
        self._publish_snapshot()

    def pause(self) -> None:
        """Start no calls for now."""
        if self._state is RunState.RUNNING:
            self._state = RunState.PAUSED
        self._tell_all(Pause())
        self._publish_snapshot()

    def resume(self) -> None:
        """Start calls again."""
        if self._state is RunState.PAUSED:
            self._state = RunState.RUNNING
        self._tell_all(Resume())
        self._publish_snapshot()

    def follow(self, command: FollowCalls) -> None:
        """Follow these calls from now on."""
        for index, link in enumerate(self._links):
            share = share_of(command.next, index, len(self._links))
            link.tell(Follow(every=command.every, failed=command.failed, texts=command.texts, next=share))

    def _tell_all(self, message: AnyToShard) -> None:
        for link in self._links:
            link.tell(message)

    def _cut_off(self) -> None:
        """Have all calls ended now. Shards that do not obey are not waited for, see `_watch_over`."""
        self._tell_all(Finish(now=True))
        for each in self._patience:
            each.told_to_stop()

    # --- telling -------------------------------------------------------------------------------------------------------

    def _publish(self, event: Event) -> None:
        self._bus.publish(event)

    def _publish_snapshot(self) -> Snapshot:
        self._fresh.clear()
        snapshot = self._snapshot()
        self._sequence = snapshot.sequence
        self._publish(snapshot)
        return snapshot

    def _snapshot(self) -> Snapshot:
        """How the run stands."""
        measured = self._gathered.measurements()
        measured.queues = self._followed.corrected(measured.queues)
        if self._exporting is not None:
            measured.queues = self._exporting.queues(measured.queues)
        if self._observers is not None:
            measured.queues |= self._observers.queues
        elapsed_ns = self._elapsed_ns()
        return Snapshot(
            run=self.name,
            sequence=self._sequence + 1,
            elapsed_ns=elapsed_ns,
            state=self._state,
            target_rate=0.0 if self._users is not None else self._rate,
            users=self._users,
            call_limit=sum(self._limits),
            counters=measured.counters,
            steps=measured.steps,
            response_times=measured.response_times,
            response_times_from_due=measured.response_times_from_due,
            call_length=measured.call_length,
            lateness=measured.lateness,
            verdict=self._verdict(measured, elapsed_ns),
            tls=self._tls,
            media=measured.media,
            queues=measured.queues,
        )

    def _verdict(self, measured: Measurements, elapsed_ns: int) -> Verdict:
        return self._judge.verdict(measured, elapsed_ns, last=self._state is RunState.FINISHED)

    async def _complete(self, observers: Observers) -> None:
        """The calls are over, and the run's time with them: wait for what writes single calls down or sends them on."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(observers.complete_calls)
            if self._exporting is not None:
                last = msgspec.structs.replace(self._snapshot(), state=RunState.FINISHED)
                summary = summarize(self.started, last, self._outcome(last), self._error)
                nursery.start_soon(self._exporting.complete, last, RunFinished(run=self.name, summary=summary))

    async def _finish(self) -> None:
        self._state = RunState.FINISHED
        last = self._publish_snapshot()
        outcome = self._outcome(last)
        summary = summarize(self.started, last, outcome, self._error)
        path = self.started.config.summary_json
        if path and (error := await _write_summary(path, summary)):
            summary = summarize(self.started, last, Outcome.ERROR, self._error or error)
        self._publish(RunFinished(run=self.name, summary=summary))

    def _outcome(self, last: Snapshot) -> Outcome:
        """How the run ended; what is worse comes first."""
        counters = last.counters
        if self._timed_out and self.started.config.timeout_error:
            self._error = f"-timeout: the run was ended after {(self.started.config.run_timeout_ms or 0) / 1000:g} s"
            return Outcome.ERROR
        if self._error and not self._died:
            return Outcome.ERROR
        if self._stopped_at_once and not self._died:
            return Outcome.STOPPED
        if not self._died and last.media is not None and last.media.counters.checks_failed:
            return Outcome.CHECK_FAILED
        if self._died or counters.failed:
            return Outcome.FAILED
        if self._stopped_by_hand:
            return Outcome.STOPPED
        return Outcome.PASSED if counters.successful else Outcome.NO_CALLS


async def _write_summary(path: str, summary: Summary) -> str:
    """Write the summary; why that failed, or nothing."""
    try:
        with trio.fail_after(SUMMARY_WRITE_S):
            await in_thread(partial(write_summary_json, path, summary))
    except ReportError as error:
        return str(error)
    except trio.TooSlowError:
        return f"{path}: could not be written within {SUMMARY_WRITE_S:g} s"
    return ""
