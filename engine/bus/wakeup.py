# SPDX-License-Identifier: AGPL-3.0-or-later
"""A flag that a task waits for, whatever loop it runs in, and that any thread may set.

The bus serves callers in its own trio loop, in another trio loop, and in asyncio (Textual's loop). They differ only in
how a waiting task is woken from outside; that difference is here and nowhere else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import trio

if TYPE_CHECKING:
    import asyncio


class Wakeup(Protocol):
    """Set once, from any thread; setting it again, or after its loop has ended, does nothing."""

    def set(self) -> None:
        """Let `wait` return."""

    async def wait(self) -> None:
        """Return when it has been set. Cancellation is that of the surrounding loop."""


def wakeup_here() -> Wakeup:
    """A wakeup for the task that calls this, under trio or asyncio. Raises RuntimeError outside of both."""
    if trio.lowlevel.in_trio_task():
        return _TrioWakeup()
    import asyncio

    return _AsyncioWakeup(asyncio.get_running_loop())


class _TrioWakeup:
    def __init__(self) -> None:
        self._event = trio.Event()
        self._token = trio.lowlevel.current_trio_token()

    def set(self) -> None:
        try:
            self._token.run_sync_soon(self._event.set, idempotent=True)
        except trio.RunFinishedError:
            return

    async def wait(self) -> None:
        await self._event.wait()


class _AsyncioWakeup:
    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._future: asyncio.Future[None] = loop.create_future()

    def set(self) -> None:
        try:
            self._loop.call_soon_threadsafe(self._finish)
        except RuntimeError:  # the loop is closed: nobody waits any more
            return

    def _finish(self) -> None:
        if not self._future.done():
            self._future.set_result(None)

    async def wait(self) -> None:
        await self._future
