# SPDX-License-Identifier: AGPL-3.0-or-later
"""The <init> of a scenario: run once a shard before the first call, for what it assigns to global variables.

It is run like a call that nobody hears of: it has no peer and is not counted. Its pauses hold up the start of the traffic.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final

import trio

from engine.call import Call, CallBase, CallContext, Host
from engine.messages import Failure
from engine.scenario.call_media import CallMedia
from engine.scenario.program import Unsendable
from engine.shard.mishap import end_spoiled
from engine.stats.meter import Meter

CALL_ID: Final = b"///main-init"
"""SIPp's."""


async def run_init(context: CallContext, number: int) -> None:
    """Run the <init> of the scenario of `context`, as the call of that number. What fails in it is a warning."""
    program = replace(context.program, steps=context.program.init)
    meter = Meter(steps=len(program.steps), timers=program.timers, counters=program.counters)
    own = replace(context, program=program, meter=meter, host=_Nobody(context.host))
    call = Call(own, number, CALL_ID, due_ns=time.monotonic_ns(), cseq=0)
    if program.user_memory is not None:
        call.user_variables = program.user_memory.of_user(0)
    _step(call, lambda now_ns: call.start(now_ns, outgoing=True))
    while not call.is_over:
        await trio.sleep(max(0, call.wake_ns - time.monotonic_ns()) / 1e9)
        call.queued_ns = 0
        _step(call, call.wake)
    for reason in meter.counters.reasons:
        context.host.warned(f"<init> has failed: {reason}")


def _step(call: Call, work: Callable[[int], None]) -> None:
    """Let the call work. What it raises ends it."""
    now_ns = time.monotonic_ns()
    try:
        work(now_ns)
    except Exception as error:
        end_spoiled(call, error, now_ns)


class _Nobody:
    """The host of a call without a peer, whose times are looked at where it is run; the rest is for the host of the others."""

    def __init__(self, host: Host) -> None:
        self.logged = host.logged
        self.warned = host.warned
        self.execute = host.execute
        self.end_run = host.end_run
        self.aborted = host.aborted

    def send(self, call: CallBase, data: bytes) -> bool:
        """Nothing can be sent."""
        return False

    def refusal(self, call: CallBase) -> tuple[Failure, str]:
        """There is nobody to send to."""
        return Failure.CANNOT_SEND, "<init> has no peer"

    def wake(self, call: CallBase, due_ns: int) -> None:
        """The time is kept in the call."""
        call.queued_ns = due_ns

    def redirect(self, call: CallBase, host: str, port: str, protocol: str) -> None:
        """Nothing goes anywhere."""

    def renew(self, call: CallBase) -> None:
        """Nothing goes out."""

    def media_of(self, call: CallBase) -> CallMedia:
        """There is none."""
        raise Unsendable("<init> has no media")

    def ended(self, call: CallBase, now_ns: int) -> None:
        """Nobody waits for it."""
