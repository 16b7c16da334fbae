# SPDX-License-Identifier: AGPL-3.0-or-later
"""The engine, and how it is opened: in the caller's own trio loop, or in a thread of its own.

Either way one gets a bus, and whoever opened the engine ends it: no run outlives its engine, no child process its run.
What the engine needs is imported when it is opened, so that importing a part of it stays cheap.
"""

from __future__ import annotations

import threading
import typing
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import Future
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from types import TracebackType

from engine.version import __version__, built_as

if typing.TYPE_CHECKING:
    from engine.bus import Bus, Handler

__all__ = ["EngineThread", "__version__", "built_as", "open_engine"]

END_LIMIT_S = 10.0
"""How long leaving an `EngineThread` waits for its loop: children are told to end, then killed, well within this."""


@asynccontextmanager
async def open_engine(*, in_process: bool = True) -> AsyncIterator[Bus]:
    """Under trio: the bus of an engine in this loop. Leaving the block ends every run.

    With `in_process` a run with one worker is played in this loop, else its shards are child processes. What the block
    raises comes out as it is, not in an exception group.
    """
    import trio

    from engine.bus import open_bus
    from engine.run.commands import handlers

    failure: Exception | None = None
    async with open_bus() as bus, trio.open_nursery() as nursery:
        bus.serve(handlers(nursery, bus, in_process))
        try:
            yield bus
        except Exception as error:
            failure = error
        nursery.cancel_scope.cancel()
    if failure is not None:
        raise failure


class EngineThread:
    """A context manager: an engine in a thread of its own, whose shards are child processes; it hands out the bus.

    With `replay`, a recording is played on the bus instead, from the first subscription on and `speed` times as fast;
    scenarios can be looked at, but what would start or steer a run fails with CommandError.
    """

    def __init__(self, *, replay: Path | None = None, speed: float = 1.0) -> None:
        self._replay = replay
        self._speed = speed
        self._bus: Future[Bus] = Future()
        self._stop: Callable[[], None] = lambda: None
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)

    def __enter__(self) -> Bus:
        """The bus of the running engine. Raises what kept it from starting: RecordingError for a bad `replay`."""
        self._thread.start()
        return self._bus.result()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """End every run and the thread. Raises what had ended the engine before its time, if anything did."""
        self._stop()
        self._thread.join(END_LIMIT_S)
        if self._failure is not None and error is None:
            raise self._failure

    def _run(self) -> None:
        import trio

        try:
            trio.run(self._serve)
        except BaseException as error:
            if self._bus.done():
                self._failure = error
            else:
                self._bus.set_exception(_sole(error))

    async def _serve(self) -> None:
        import trio

        stop = trio.Event()
        token = trio.lowlevel.current_trio_token()
        async with open_engine(in_process=False) as bus, trio.open_nursery() as nursery:
            if self._replay is not None:
                from engine.bus import replay

                bus.serve(_without_steering())
                await nursery.start(replay, bus, self._replay, self._speed)

            def stop_soon() -> None:
                with suppress(trio.RunFinishedError):
                    token.run_sync_soon(stop.set)

            self._stop = stop_soon
            self._bus.set_result(bus)
            await stop.wait()
            nursery.cancel_scope.cancel()


def _without_steering() -> Mapping[type, Handler]:
    """Handlers for a replay: a refusal for every command that is not just a question."""
    from engine.errors import CommandError
    from engine.messages import AnyCommand, CheckOptions, CheckScenario, DescribeScenario, ListScenarios

    async def refuse(command: object) -> None:
        raise CommandError(f"{type(command).__name__}: a replay cannot be steered")

    questions = (CheckOptions, CheckScenario, DescribeScenario, ListScenarios)
    return {command: refuse for command in typing.get_args(AnyCommand) if command not in questions}


def _sole(error: BaseException) -> BaseException:
    """The exception inside groups of one, which nurseries make."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error
