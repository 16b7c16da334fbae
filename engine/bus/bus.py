# SPDX-License-Identifier: AGPL-3.0-or-later
"""Delivery of commands to their handlers and of events to their readers. It decides nothing.

A handler is an async function of the engine's trio loop. A caller in that loop awaits it directly. A caller anywhere
else gets it run in the bus's nursery and waits for its outcome: the answer, the exception that it raised, or
`CommandError` when the bus closes first. A caller that is cancelled cancels its handler. Every call that is under way
has a cancel scope which the bus knows, so that closing it leaves nobody waiting.
"""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from concurrent.futures import Future, InvalidStateError
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar, cast

import trio

from engine.bus.subscription import E, Subscription
from engine.bus.wakeup import wakeup_here
from engine.errors import CommandError
from engine.messages import Command, Event

A = TypeVar("A")
Handler = Callable[[Any], Awaitable[Any]]
"""An async function from a command to its answer, run in the engine's loop."""

_CLOSED = "the engine is closed"


class Bus:
    """The typed commands and events of one engine, made by `open_bus`.

    For any thread: `call`, `call_blocking`, `subscribe`, `publish`. The rest is for the engine's own loop.
    """

    def __init__(self, nursery: trio.Nursery) -> None:
        self._nursery = nursery
        self._token = trio.lowlevel.current_trio_token()
        self._handlers: dict[type[Command[Any]], Handler] = {}
        self._scopes: set[trio.CancelScope] = set()
        self._subscriptions: tuple[Subscription[Any], ...] = ()
        self._lock = threading.Lock()
        self._subscribed = trio.Event()
        self._closed = False

    def serve(self, handlers: Mapping[Any, Handler]) -> None:
        """Have these commands answered by these handlers; a later handler of a command takes an earlier one's place."""
        self._handlers.update(handlers)

    async def call(self, command: Command[A]) -> A:
        """The answer, under trio or asyncio, in whatever thread.

        Raises what the handler raises; CommandError for a command without a handler or when the bus is or gets closed.
        """
        if self._is_here():
            return cast("A", await self._run(command))
        future = self._send(command)
        done = wakeup_here()
        future.add_done_callback(lambda _: done.set())
        try:
            await done.wait()
            return cast("A", future.result())
        finally:
            future.cancel()

    def call_blocking(self, command: Command[A], timeout_s: float | None = None) -> A:
        """The answer, in a thread that runs no loop. Raises as `call` does, and TimeoutError after `timeout_s`."""
        if self._is_here():
            raise RuntimeError("call_blocking in the engine's own thread would wait for itself; await call()")
        future = self._send(command)
        try:
            return cast("A", future.result(timeout_s))
        finally:
            future.cancel()

    def publish(self, event: Event) -> None:
        """Offer the event to every subscription, in order; never waits. On a closed bus it is lost."""
        for subscription in self._subscriptions:
            subscription.offer(event)

    def subscribe(self, event_type: type[E], *more: type[E], capacity: int = 256) -> Subscription[E]:
        """Events of these types (`Event`: all) from now on; at most `capacity` unread ones are kept, see `lost`."""
        subscription = Subscription((event_type, *more), capacity, self._forget)
        with self._lock:
            if self._closed:
                subscription.end()
                return subscription
            self._subscriptions = (*self._subscriptions, subscription)
        self._in_loop(self._subscribed.set)
        return subscription

    async def wait_for_readers(self, backlog: int) -> None:
        """Return when there has been a subscription and none has `backlog` events unread. For a replay, which may wait."""
        await self._subscribed.wait()
        for subscription in self._subscriptions:
            await subscription.wait_for_room(backlog)

    def close(self) -> None:
        """Every call under way and every later one fails, subscriptions end when they are read."""
        with self._lock:
            self._closed = True
            subscriptions, self._subscriptions = self._subscriptions, ()
        for subscription in subscriptions:
            subscription.end()
        for scope in self._scopes:
            scope.cancel()

    async def _run(self, command: Command[Any]) -> Any:
        handler = self._handlers.get(type(command))
        if self._closed:
            raise CommandError(f"{type(command).__name__}: {_CLOSED}")
        if handler is None:
            raise CommandError(f"{type(command).__name__}: the engine does not know this command")
        with trio.CancelScope() as scope:
            self._scopes.add(scope)
            try:
                return await handler(command)
            finally:
                self._scopes.discard(scope)
        raise CommandError(f"{type(command).__name__}: {_CLOSED}")

    def _send(self, command: Command[Any]) -> Future[Any]:
        """Have the command run in the engine's loop; cancelling the future before it is done cancels its handler."""
        future: Future[Any] = Future()
        if not self._in_loop(self._start, command, future):
            future.set_exception(CommandError(f"{type(command).__name__}: {_CLOSED}"))
        return future

    def _start(self, command: Command[Any], future: Future[Any]) -> None:
        """In the loop, whose own callbacks must not raise: the future may have been cancelled on the way here."""
        if self._closed:
            with suppress(InvalidStateError):
                future.set_exception(CommandError(f"{type(command).__name__}: {_CLOSED}"))
            return
        self._nursery.start_soon(self._run_for, command, future)

    async def _run_for(self, command: Command[Any], future: Future[Any]) -> None:
        """Run the command and settle the future, whatever happens; the future may be cancelled at any moment."""
        with trio.CancelScope() as scope, suppress(InvalidStateError):
            future.add_done_callback(lambda _: self._in_loop(scope.cancel))
            try:
                answer = await self._run(command)
            except Exception as error:
                future.set_exception(error)
            except BaseException:
                future.cancel()
                raise
            else:
                future.set_result(answer)

    def _is_here(self) -> bool:
        """Whether the caller runs in the engine's loop."""
        return trio.lowlevel.in_trio_run() and trio.lowlevel.current_trio_token() is self._token

    def _in_loop(self, function: Callable[..., None], *args: object) -> bool:
        """Call the function in the engine's loop soon; false when that loop has ended."""
        try:
            self._token.run_sync_soon(function, *args)
        except trio.RunFinishedError:
            return False
        return True

    def _forget(self, subscription: Subscription[Any]) -> None:
        with self._lock:
            self._subscriptions = tuple(kept for kept in self._subscriptions if kept is not subscription)


@asynccontextmanager
async def open_bus() -> AsyncIterator[Bus]:
    """Under trio: a bus that closes when the block is left; then nothing that it ran is running any more.

    What the block raises comes out as it is, not in an exception group.
    """
    failure: Exception | None = None
    async with trio.open_nursery() as nursery:
        bus = Bus(nursery)
        try:
            yield bus
        except Exception as error:
            failure = error
        finally:
            bus.close()
    if failure is not None:
        raise failure
