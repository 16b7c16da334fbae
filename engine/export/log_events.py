# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the event log tells: `LogEvent`, which kinds there are, and which of them somebody asked for (`Asked`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final, TypeAlias

import msgspec

from engine.messages.records import (
    ActionLogged,
    CallEnded,
    CallStarted,
    Challenged,
    MessageRecorded,
    Record,
    ResponseTimed,
    TimedOut,
)
from engine.options import RunConfig


class Level(StrEnum):
    """How much an event matters, the least first."""

    INFO = "info"
    WARN = "warn"
    ERROR = "error"


class LogKind(StrEnum):
    """What an event is about. `sip.retransmission` stands in the place of `sip.send` or `sip.recv`; `sip.unexpected` follows
    the `sip.recv` of its message, and `error` the `call.ended` of its call."""

    ENGINE_STARTED = "engine.started"
    ENGINE_WARNING = "engine.warning"
    ENGINE_STOPPED = "engine.stopped"
    CALL_STARTED = "call.started"
    CALL_ENDED = "call.ended"
    SIP_SEND = "sip.send"
    SIP_RECV = "sip.recv"
    SIP_UNEXPECTED = "sip.unexpected"
    SIP_RETRANSMISSION = "sip.retransmission"
    AUTH = "auth"
    TIMEOUT = "timeout"
    RTD = "rtd"
    ACTION_LOG = "action.log"
    ERROR = "error"


LEVELS: Final[Mapping[LogKind, Level]] = {
    **dict.fromkeys(LogKind, Level.INFO),
    LogKind.ENGINE_WARNING: Level.WARN,
    LogKind.SIP_UNEXPECTED: Level.WARN,
    LogKind.SIP_RETRANSMISSION: Level.WARN,
    LogKind.TIMEOUT: Level.WARN,
    LogKind.ERROR: Level.ERROR,
}
"""The level of each kind; an `action.log` says its own, and this is where it says none."""

_RANKS: Final = {level: rank for rank, level in enumerate(Level)}

Attributes: TypeAlias = "dict[str, str | int | float]"


class LogEvent(msgspec.Struct, frozen=True, gc=False):
    """One event. `unix_ns` is wall time; `attributes` are named as in OpenTelemetry, and their units stand in their names."""

    unix_ns: int
    level: Level
    kind: LogKind
    message: str
    attributes: Attributes


RECORDS: Final[Mapping[LogKind, frozenset[type[Record]]]] = {
    **dict.fromkeys(LogKind, frozenset()),
    LogKind.CALL_STARTED: frozenset({CallStarted}),
    LogKind.CALL_ENDED: frozenset({CallEnded}),
    **dict.fromkeys(
        (LogKind.SIP_SEND, LogKind.SIP_RECV, LogKind.SIP_UNEXPECTED, LogKind.SIP_RETRANSMISSION), frozenset({MessageRecorded})
    ),
    LogKind.AUTH: frozenset({MessageRecorded, Challenged, CallEnded}),
    LogKind.TIMEOUT: frozenset({TimedOut}),
    LogKind.RTD: frozenset({ResponseTimed}),
    LogKind.ACTION_LOG: frozenset({ActionLogged}),
    LogKind.ERROR: frozenset({CallEnded}),
}
"""What shards have to record for each kind."""


class Asked:
    """Which events are told: those of a level at least, and of some kinds one in so many (`-log_level`, `-log_sample`).

    Of one in N the first is told, then each Nth after it, counted over the whole run, so what is told is the same each time
    the same happens. Calls are not chosen: of one call the INVITE may be told and the answer not.
    """

    def __init__(self, least: Level, samples: Mapping[LogKind, int]) -> None:
        """`samples`: one in how many, 1 or more, of which kinds."""
        self._least = _RANKS[least]
        self._samples = dict(samples)
        self._seen = dict.fromkeys(samples, 0)

    @property
    def records(self) -> frozenset[type[Record]]:
        """What shards have to record for the kinds that may be told."""
        return frozenset().union(*(RECORDS[kind] for kind in LogKind if self.may_tell(kind)))

    def may_tell(self, kind: LogKind) -> bool:
        """Whether any event of this kind is told."""
        return kind is LogKind.ACTION_LOG or _RANKS[LEVELS[kind]] >= self._least

    def tells(self, kind: LogKind, level: Level) -> bool:
        """Whether the event at hand is told; it is counted."""
        if _RANKS[level] < self._least:
            return False
        every = self._samples.get(kind)
        if every is None:
            return True
        seen = self._seen[kind]
        self._seen[kind] = seen + 1
        return seen % every == 0


def asked_of(config: RunConfig) -> Asked:
    """What a configuration asks for. Raises ValueError for samples that cannot be read."""
    return Asked(Level(config.log_level), read_samples(config.log_samples))


def read_samples(texts: Iterable[str]) -> dict[LogKind, int]:
    """What `-log_sample KIND=N` says, given any number of times; the last of a kind counts. Raises ValueError."""
    samples = {}
    for text in texts:
        kind, equals, number = text.partition("=")
        if kind not in set(LogKind):
            raise ValueError(f"'{kind}' is no kind of event; there are {', '.join(LogKind)}")
        if not (equals and number.isascii() and number.isdigit() and len(number) < 10 and int(number)):
            raise ValueError(f"'{text}' says not one in how many; write {kind}=100")
        samples[LogKind(kind)] = int(number)
    return samples


def read_attributes(texts: Iterable[str]) -> dict[str, str]:
    """What `-log_attr NAME=VALUE` says, given any number of times; the last of a name counts. Raises ValueError."""
    attributes = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not (equals and name.strip()):
            raise ValueError(f"'{text}' is no attribute; write NAME=VALUE")
        attributes[name.strip()] = value
    return attributes
