# SPDX-License-Identifier: AGPL-3.0-or-later
"""One run without the full-screen application: start, steer, report, exit code.

`gossipper sipp` and `gossipper tui --headless` are this, and differ only in whether a log gets a status line a second.
It knows of the run what the bus tells, as every interface does.
"""

from __future__ import annotations

import signal
from collections.abc import Callable

import trio

from engine import open_engine
from engine.bus import Subscription
from engine.errors import KeyPasswordNeeded
from engine.messages import (
    EXIT_CODES,
    CallTrace,
    Event,
    FollowedCall,
    Outcome,
    Role,
    RunFinished,
    RunStarted,
    Snapshot,
    StartRun,
    Warning,
)
from engine.options import RunConfig
from gossipper_tui.cli.key_password import ask_password
from gossipper_tui.cli.keyboard import Keyboard
from gossipper_tui.cli.output import Output
from gossipper_tui.cli.signals import trapped_signals
from gossipper_tui.cli.steering import Steering
from gossipper_tui.views.followed import MOST_CALLS
from gossipper_tui.views.numbers import rate
from gossipper_tui.views.status import run_title, status

STATUS_PERIOD_NS = 1_000_000_000

ON_SIGNAL: dict[signal.Signals, Callable[[Steering], None]] = {
    signal.SIGINT: Steering.finish,
    signal.SIGUSR1: Steering.finish,
    signal.SIGTERM: Steering.stop_now,
}
"""What a signal asks for; `gossipper_tui.cli.signals` tells which are caught."""


def run(config: RunConfig, *, status_in_log: bool) -> int:
    """Play the run to its end and return its exit code. On anything but a terminal the status line is only written
    with `status_in_log`. Raises the GossipperError that kept the run from starting."""
    try:
        return _run(config, status_in_log)
    except KeyPasswordNeeded as needed:
        ask_password(needed)
        return _run(config, status_in_log)


def _run(config: RunConfig, status_in_log: bool) -> int:
    with Output() as output:
        return trio.run(_play, config, output, output.terminal or status_in_log)


async def _play(config: RunConfig, output: Output, with_status: bool) -> int:
    keyboard = Keyboard(enabled=not config.no_stdin)
    starting = trio.CancelScope()
    steering: Steering | None = None

    def act(number: signal.Signals) -> None:
        if steering is None:
            starting.cancel()
        else:
            ON_SIGNAL[number](steering)

    # The signals first: none may end the process while the terminal is in cbreak mode.
    with trapped_signals(act, keyboard), keyboard:
        async with open_engine(in_process=True) as bus:
            with bus.subscribe(Snapshot, Warning, CallTrace, RunFinished) as events:
                with starting:
                    started = await bus.call(StartRun(config=config))
                if starting.cancelled_caught:
                    return EXIT_CODES[Outcome.STOPPED]
                async with trio.open_nursery() as nursery:
                    steering = Steering(bus, started, nursery, output.line)
                    nursery.start_soon(keyboard.read, steering.press)
                    code = await _report(started, events, output, with_status)
                    steering = None  # a late signal finds nothing to steer
                    nursery.cancel_scope.cancel()
    return code


async def _report(started: RunStarted, events: Subscription[Event], output: Output, with_status: bool) -> int:
    """Write what the events tell until the run has finished, and at last its final screen."""
    output.line(_opening(started))
    shown: Snapshot | None = None
    newest: Snapshot | None = None
    followed: list[FollowedCall] = []
    followed_in_all = 0
    async for event in events:
        match event:
            case Snapshot():
                newest = event
                if with_status and (shown is None or event.elapsed_ns - shown.elapsed_ns >= STATUS_PERIOD_NS):
                    output.status(status(started, event, shown).line(output.width - 1))
                    shown = event
            case CallTrace() if started.config.follow:  # a file of calls has them followed too, and shows them itself
                followed_in_all += 1
                if len(followed) < MOST_CALLS:
                    followed.append(event.call)
            case Warning():
                output.line(f"warning: {event.text}" + (f" (×{event.count})" if event.count > 1 else ""))
            case RunFinished():
                from gossipper_tui.views.final import final_screen

                output.status("")
                output.line(final_screen(started, newest, event.summary, output.width, followed, followed_in_all))
                return event.summary.exit_code
    return EXIT_CODES[Outcome.ERROR]


def _opening(started: RunStarted) -> str:
    config = started.config
    if started.scenario.role is Role.UAS:
        return f"{run_title(started)}: waiting for calls"
    per_second = config.rate * 1000 / config.rate_period_ms
    load = f"{rate(per_second)} calls/s" if config.users is None else f"{config.users} users"
    return f"{run_title(started)} from {started.local}: {load}"
