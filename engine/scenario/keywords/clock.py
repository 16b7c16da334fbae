# SPDX-License-Identifier: AGPL-3.0-or-later
"""Keywords for the time."""

from __future__ import annotations

import time
from collections.abc import Mapping

from engine.scenario.assemble import Slot
from engine.scenario.program import CallState
from engine.scenario.scope import Compiled, Keyword, Scope
from engine.scenario.template import Word


def _clock_tick(word: Word, scope: Scope) -> Compiled:
    tick_ns, started_ns = scope.facts.tick_ns, scope.facts.started_ns
    return Slot(lambda call: (tick_ns() - started_ns) // 1_000_000, format=b"%d")


def _timestamp(word: Word, scope: Scope) -> Compiled:
    clock = scope.facts.wall_clock

    def render(call: CallState) -> bytes:
        microseconds = int(clock() * 1_000_000)
        seconds, fraction = divmod(microseconds, 1_000_000)
        local = time.strftime("%Y-%m-%d\t%H:%M:%S", time.localtime(seconds))
        return f"{local}.{fraction:06d}\t{seconds}.{fraction:06d}".encode("ascii")

    return Slot(render)


_DAYS = (b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat", b"Sun")
_MONTHS = (b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec")


def _date(word: Word, scope: Scope) -> Compiled:
    clock = scope.facts.wall_clock

    def render(call: CallState) -> bytes:
        year, month, day, hour, minute, second, weekday, *_ = time.gmtime(clock())
        return b"%b, %02d %b %d %02d:%02d:%02d GMT" % (_DAYS[weekday], day, _MONTHS[month - 1], year, hour, minute, second)

    return Slot(render)


KEYWORDS: Mapping[str, Keyword] = {
    "clock_tick": Keyword(_clock_tick),
    "timestamp": Keyword(_timestamp),
    "date": Keyword(_date),
}
