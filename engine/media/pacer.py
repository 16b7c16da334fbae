# SPDX-License-Identifier: AGPL-3.0-or-later
"""Sends the packets of all streams of a shard when they are due.

Packet *k* is due at the start of its track + its due time there; that an earlier one was late changes nothing. What each packet
was late is kept, in ns, for whoever measures. A turn does so much at most, so that signalling has its turns in between.

A stream that is more than `LATE_NS` behind, because the process was stopped or there is more to send than can be, leaves out
what has passed and goes on with what is due next. Sent as a burst, old packets would do nobody any good: a receiver throws away
what comes after its time, and the burst makes others late.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, cast

from engine.media.outlet import Sender
from engine.media.stream import GATHERED, LEFT, OutStream
from engine.media.wheel import NEVER_NS, Wheel

LATE_NS: Final = 200_000_000
"""A stream that is further behind does not catch up: as long as the longest jitter buffers wait."""
LONGEST_NS: Final = 300_000
"""The longest that a turn takes, but for what was gathered, which still leaves."""
LOT: Final = 64
"""Streams that are looked at before what was gathered leaves."""
MOST_KEPT: Final = 1 << 18
"""Times of lateness that are kept for whoever measures; further ones are only counted, when he does not come."""

_PHASES_NS: Final = 20_000_000
_32_BITS: Final = 0xFFFF_FFFF


def phase_ns(number: int) -> int:
    """By how much a call's media begins later than asked for, less than 20 ms; `number` is the call's.

    Calls that come 50 a second, or at once, would all have their packets due at the same moment, 20 ms apart: many would be
    late, and no network sees such bursts from callers who know nothing of each other. It is as good as drawn, so that no rate
    of calls undoes it, and the same in each run.
    """
    mixed = number * 0x9E37_79B1 & _32_BITS
    mixed = (mixed ^ mixed >> 15) * 0x85EB_CA77 & _32_BITS
    return (mixed ^ mixed >> 13) * _PHASES_NS >> 32


class Pacer:
    """Streams that are sent by the clock. Single-threaded; `sender` is that of the sockets the streams have."""

    __slots__ = ("_clock", "_gathered", "_lateness_ns", "_sender", "_wheel", "sent", "skipped", "streams")

    def __init__(self, sender: Sender, clock: Callable[[], int]) -> None:
        self._sender = sender
        self._clock = clock
        self._wheel = Wheel()
        self._gathered: list[int] = []
        self._lateness_ns: list[int] = []
        self.streams = 0
        """Streams that it looks after."""
        self.sent = 0
        """Packets that were handed to the kernel; streams know of those that it did not take."""
        self.skipped = 0
        """Packets that were left out, being too late."""

    def add(self, stream: OutStream) -> None:
        """Look after a stream: what it plays is sent from now on."""
        if stream.wheel is None:
            self.streams += 1
        stream.attach(self._wheel)

    def remove(self, stream: OutStream) -> None:
        """Send nothing more of a stream."""
        if stream.wheel is not None:
            self.streams -= 1
            stream.attach(None)

    def next_ns(self) -> int:
        """When `run` has something to do, `NEVER_NS` when there is nothing."""
        return self._wheel.next_ns()

    @property
    def events(self) -> int:
        """Packets so far, those that came to the sockets too."""
        return self.sent + self._sender.received

    def take_lateness(self) -> list[int]:
        """How late the packets were that have left since this was last asked, in ns after their due times."""
        taken, self._lateness_ns = self._lateness_ns, []
        return taken

    def run(self, now_ns: int) -> int:
        """Send what is due, within limits; when there is more to do, which may be now."""
        wheel = self._wheel
        if wheel.next_ns() > now_ns:
            return wheel.next_ns()
        wheel.come(now_ns)
        until_ns = now_ns + LONGEST_NS
        while now_ns < until_ns and self._run_lot(now_ns, until_ns):
            now_ns = self._clock()
        return wheel.next_ns()

    def _run_lot(self, now_ns: int, until_ns: int) -> bool:
        """Send some of what is due; whether there is more."""
        wheel, gathered = self._wheel, self._gathered
        more = True
        for _ in range(LOT):
            due = wheel.take(now_ns)
            if due is None:
                more = False
                break
            stream = cast(OutStream, due)
            due_ns = stream.due_ns
            if due_ns > now_ns:
                wheel.put(stream, due_ns)
            elif due_ns + LATE_NS < now_ns:
                self.skipped += stream.skip(now_ns)
            else:
                done = stream.send_due(now_ns)
                if done == LEFT:
                    now_ns = self._clock()
                    self._note(now_ns - due_ns)
                    if now_ns >= until_ns:
                        break
                elif done == GATHERED:
                    gathered.append(due_ns)
        if gathered:
            self._flush()
        return more

    def _flush(self) -> None:
        self._sender.flush()
        now_ns = self._clock()
        for due_ns in self._gathered:
            self._note(now_ns - due_ns)
        self._gathered.clear()

    def _note(self, late_ns: int) -> None:
        self.sent += 1
        if len(self._lateness_ns) < MOST_KEPT:
            self._lateness_ns.append(late_ns)


__all__ = ["NEVER_NS", "Pacer"]
