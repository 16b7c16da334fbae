# SPDX-License-Identifier: AGPL-3.0-or-later
"""Signals while a run goes on.

Ctrl-C finishes the open calls, a second one stops now, a third gives the terminal back and leaves at once, even when the
loop is stuck: that is why the handler is not trio's. USR1 finishes as SIPp's does, TERM stops now. A lost terminal
(HUP) does not end a run.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import trio

from engine.messages import EXIT_CODES, Outcome
from gossipper_tui.cli.keyboard import Keyboard

INTERRUPTS_TO_LEAVE = 3


@contextmanager
def trapped_signals(act: Callable[[signal.Signals], None], keyboard: Keyboard) -> Iterator[None]:
    """In the main thread's trio loop: call `act` in that loop for INT, TERM and USR1 until the block is left."""
    token = trio.lowlevel.current_trio_token()
    interrupts = 0

    def trap(number: int, frame: FrameType | None) -> None:
        nonlocal interrupts
        interrupts += number == signal.SIGINT
        if interrupts >= INTERRUPTS_TO_LEAVE:
            keyboard.restore()
            os._exit(EXIT_CODES[Outcome.STOPPED])
        token.run_sync_soon(act, signal.Signals(number))

    traps: dict[signal.Signals, Callable[[int, FrameType | None], None] | signal.Handlers] = {
        signal.SIGINT: trap,
        signal.SIGTERM: trap,
        signal.SIGUSR1: trap,
        signal.SIGCONT: lambda number, frame: keyboard.take(),
        signal.SIGHUP: signal.SIG_IGN,
    }
    before = {number: signal.signal(number, handler) for number, handler in traps.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
