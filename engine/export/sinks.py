# SPDX-License-Identifier: AGPL-3.0-or-later
"""The sinks that there are, when they are asked for, and what they need of shards.

To add one: a module with a `Sink`, a function here that imports it, and its line in `SINKS`. The module is imported in the
exporter alone, and only when its sink is asked for; this one is imported by every run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

from engine.export.log_events import asked_of
from engine.export.log_outputs import outputs_of
from engine.export.otel.settings import Signal, signals_of
from engine.export.sink import Sink, Surroundings
from engine.messages.records import CallEnded, MessageRecorded, Record
from engine.options import RunConfig

Records: TypeAlias = "frozenset[type[Record]]"


def _never(config: RunConfig) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class SinkKind:
    """One kind of sink. `records` says which types shards have to record for it; what it wants of these and of events it says
    itself. `to_stderr`: whether it writes to standard error."""

    asked_for: Callable[[RunConfig], bool]
    records: Callable[[RunConfig], Records]
    make: Callable[[Surroundings], Sink]
    to_stderr: Callable[[RunConfig], bool] = _never


def _call_records(surroundings: Surroundings) -> Sink:
    from engine.export.call_records import CallRecords

    return CallRecords(surroundings)


def _homer(surroundings: Surroundings) -> Sink:
    from engine.export.homer import homer_of

    return homer_of(surroundings)


def _otel_metrics(surroundings: Surroundings) -> Sink:
    from engine.export.otel.metrics import OtelMetrics

    return OtelMetrics(surroundings)


def _otel_traces(surroundings: Surroundings) -> Sink:
    from engine.export.otel.traces import OtelTraces

    return OtelTraces(surroundings)


def _event_log(surroundings: Surroundings) -> Sink:
    from engine.export.event_log import EventLog

    return EventLog(surroundings)


def _metrics(surroundings: Surroundings) -> Sink:
    from engine.export.metrics.sink import Metrics

    return Metrics(surroundings)


SINKS: tuple[SinkKind, ...] = (
    SinkKind(
        asked_for=lambda config: bool(config.call_records),
        records=lambda config: frozenset({CallEnded}),
        make=_call_records,
    ),
    SinkKind(
        asked_for=lambda config: bool(config.hep_address),
        records=lambda config: frozenset({MessageRecorded} if config.hep_what == "all" else ()),
        make=_homer,
    ),
    SinkKind(
        asked_for=lambda config: bool(outputs_of(config)),
        records=lambda config: asked_of(config).records,
        make=_event_log,
        to_stderr=lambda config: config.log_to_stderr,
    ),
    SinkKind(asked_for=lambda config: bool(config.metrics), records=lambda config: frozenset(), make=_metrics),
    SinkKind(
        asked_for=lambda config: Signal.METRICS in signals_of(config),
        records=lambda config: frozenset(),
        make=_otel_metrics,
    ),
    SinkKind(
        asked_for=lambda config: Signal.TRACES in signals_of(config),
        records=lambda config: frozenset(),
        make=_otel_traces,
    ),
)


def asked_for(config: RunConfig) -> tuple[SinkKind, ...]:
    """The sinks that this configuration wants."""
    return tuple(kind for kind in SINKS if kind.asked_for(config))


def recorded(kinds: Iterable[SinkKind], config: RunConfig) -> tuple[str, ...]:
    """The names of the types of records that shards have to make for these sinks, sorted."""
    return tuple(sorted({record.__name__ for kind in kinds for record in kind.records(config)}))
