# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a run may tell its shard while calls are running: a handler for each message, between two turns of the reactor."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from trio.abc import ReceiveChannel

from engine.shard.calls import CallTable
from engine.shard.pacing import Pacer, RatePacer, UserPacer
from engine.shard.protocol import AnyToShard, Finish, Follow, NewLimit, NewRate, NewUsers, Pause, Resume
from engine.shard.reactor import Reactor


class Steering:
    """Carries out what the run says.

    `limit_at` is the most open calls at a rate in calls a second, None when that does not depend on the load. A limit
    that was set by hand stays, whatever the load becomes. `follow` follows calls.
    """

    def __init__(
        self,
        reactor: Reactor,
        table: CallTable,
        pacer: Pacer,
        limit_at: Callable[[float], int] | None,
        follow: Callable[[Follow], None],
    ) -> None:
        self._reactor = reactor
        self._table = table
        self._pacer = pacer
        self._limit_at = limit_at
        self._follow_calls = follow

    async def obey(self, inbox: ReceiveChannel[AnyToShard]) -> None:
        """Obey until nobody is there any more; then there is nobody to run calls for either."""
        async for message in inbox:
            handler = _HANDLERS.get(type(message))
            if handler is not None:
                handler(self, message)
                self._reactor.wake()
        self._finish(Finish(now=True))
        self._reactor.wake()

    def _finish(self, message: Finish) -> None:
        self._table.closing = True
        self._table.cutting_off = self._table.cutting_off or message.now
        self._table.silent = self._table.silent or message.silently

    def _new_rate(self, message: NewRate) -> None:
        if isinstance(self._pacer, RatePacer):
            self._pacer.set_rate(time.monotonic_ns(), message.calls_per_second)
            if self._limit_at is not None:
                self._table.call_limit = self._limit_at(message.calls_per_second)

    def _new_users(self, message: NewUsers) -> None:
        if isinstance(self._pacer, UserPacer):
            self._pacer.set_users(time.monotonic_ns(), message.users)
            if self._limit_at is not None:
                self._table.call_limit = message.users

    def _new_limit(self, message: NewLimit) -> None:
        self._table.call_limit = message.call_limit
        self._limit_at = None

    def _follow(self, message: Follow) -> None:
        self._follow_calls(message)

    def _pause(self, message: Pause) -> None:
        self._pacer.pause(time.monotonic_ns())

    def _resume(self, message: Resume) -> None:
        self._pacer.resume(time.monotonic_ns())


_HANDLERS: dict[type, Callable[[Steering, Any], None]] = {
    Finish: Steering._finish,
    Follow: Steering._follow,
    NewRate: Steering._new_rate,
    NewUsers: Steering._new_users,
    NewLimit: Steering._new_limit,
    Pause: Steering._pause,
    Resume: Steering._resume,
}
