# SPDX-License-Identifier: AGPL-3.0-or-later
"""Makes the events of the event log out of records of shards and events of the run. No I/O, and a clock for the end only.

Of what nobody asked for (`Asked`) no event is made. What peers wrote is told as it came, cut where it is long.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from engine.export.authentications import Authentications
from engine.export.log_events import LEVELS, Asked, Attributes, Level, LogEvent, LogKind
from engine.export.media_figures import figures_of
from engine.export.results import result_of
from engine.export.start_lines import StartLine, cseq_of, start_line_of
from engine.messages import Event, Role, RunFinished, RunStarted, Warning
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
from engine.options.transports import KINDS
from engine.version import __version__

MOST_TOLD: Final = 500
"""Bytes of a Call-ID; what is longer is cut."""

_MAIN: Final = "main"
_ACTION_LEVELS: Final = {level.value: level for level in Level}
_ROLES: Final = {Role.UAC: "client", Role.UAS: "server"}

WANTS: Final[frozenset[type[Record] | type[Event]]] = frozenset(
    {
        CallStarted,
        MessageRecorded,
        ActionLogged,
        TimedOut,
        ResponseTimed,
        Challenged,
        CallEnded,
        RunStarted,
        Warning,
        RunFinished,
    }
)
"""What events are made from."""


def resource_of(started: RunStarted, own: Mapping[str, str]) -> dict[str, str]:
    """What is the same for all events of a run; `own` are the user's, and win."""
    return {
        "service.name": "gossipper",
        "service.version": __version__,
        "gossipper.role": _ROLES[started.scenario.role],
        **own,
    }


class EventMaker:
    """Takes records and events of one run; `tell` gets what is made of them, at once and in order."""

    def __init__(
        self,
        started: RunStarted,
        asked: Asked,
        tell: Callable[[LogEvent], None],
        dropped: Callable[[], int],
        now_unix_ns: Callable[[], int],
    ) -> None:
        """`dropped` says how many events have been dropped so far, `now_unix_ns` is wall time; both are for the last event."""
        self._run = started
        self._asked = asked
        self._tell = tell
        self._dropped = dropped
        self._now_unix_ns = now_unix_ns
        self._transport = KINDS[started.config.transport].protocol
        self._authentications = Authentications() if asked.may_tell(LogKind.AUTH) else None
        self._takers: Mapping[type[Any], Callable[[Any], None]] = {
            CallStarted: self._call_started,
            MessageRecorded: self._message,
            ActionLogged: self._action,
            TimedOut: self._timeout,
            ResponseTimed: self._response_time,
            Challenged: self._challenge,
            CallEnded: self._call_ended,
            RunStarted: self._started,
            Warning: self._warning,
            RunFinished: self._finished,
        }

    def take(self, item: Record | Event) -> None:
        """Make what there is to be made of it; of what the event log does not know, nothing."""
        taker = self._takers.get(type(item))
        if taker is not None:
            taker(item)

    def _make(self, unix_ns: int, kind: LogKind, message: str, attributes: Attributes) -> None:
        level = LEVELS[kind]
        if self._asked.tells(kind, level):
            self._tell(LogEvent(unix_ns, level, kind, message, attributes))

    def _of_call(self, record: Record) -> Attributes:
        attributes: Attributes = {"call_id": record.call_id[:MOST_TOLD].decode("utf-8", "replace"), "call_num": record.call}
        if record.scenario != _MAIN:
            attributes["scenario"] = record.scenario
        return attributes

    # --- calls ---------------------------------------------------------------------------------------------------------

    def _call_started(self, record: CallStarted) -> None:
        attributes = self._of_call(record)
        attributes["direction"] = "outgoing" if record.outgoing else "incoming"
        attributes["late_ms"] = _ms(record.late_ns)
        self._make(record.unix_ns, LogKind.CALL_STARTED, f"call {record.call} started", attributes)

    def _call_ended(self, record: CallEnded) -> None:
        if self._authentications is not None:
            for told in self._authentications.ended(record):
                self._authentication(record, told)
        result = result_of(record.failure, cut_off=record.cut_off)
        outcome = f"failed: {record.reason}" if record.failure else "was cut off" if record.cut_off else "succeeded"
        attributes = self._of_call(record)
        attributes |= {
            "result": result,
            "duration_ms": _ms(record.duration_ns),
            "direction": "outgoing" if record.outgoing else "incoming",
            "messages.sent": record.sent,
            "messages.received": record.received,
            "retransmissions": record.retransmissions,
        }
        if record.status:
            attributes["sip.status"] = record.status
        if record.failure:
            attributes |= {"failure": record.failure.value, "reason": record.reason}
        for name, elapsed_ns in record.response_times.items():
            attributes[f"rtd.{name}_ms"] = _ms(elapsed_ns)
        for kind, figures in figures_of(record.media).items():
            attributes |= {f"media.{kind}.{name}": figure for name, figure in figures.items()}
        self._make(record.unix_ns, LogKind.CALL_ENDED, f"call {record.call} {outcome}", attributes)
        if record.failure:
            error = self._of_call(record) | {"error.kind": record.failure.value, "result": result}
            self._make(record.unix_ns, LogKind.ERROR, f"call {record.call} {outcome}", error)

    # --- what happens in calls -----------------------------------------------------------------------------------------

    def _message(self, record: MessageRecorded) -> None:
        line = start_line_of(record.data)
        kind = LogKind.SIP_SEND if record.sent else LogKind.SIP_RECV
        if record.again:
            kind = LogKind.SIP_RETRANSMISSION
        level = LEVELS[kind]
        if self._asked.tells(kind, level):
            message = f"sent {line.words}" if record.sent else f"received {line.words}"
            attributes = self._of_message(record, line)
            if record.again:
                attributes["direction"] = "sent" if record.sent else "received"
            self._tell(LogEvent(record.unix_ns, level, kind, message, attributes))
        if record.expected and self._asked.tells(LogKind.SIP_UNEXPECTED, Level.WARN):
            attributes = self._of_message(record, line)
            attributes["expected"] = record.expected
            message = f"unexpected {line.words}"
            self._tell(LogEvent(record.unix_ns, Level.WARN, LogKind.SIP_UNEXPECTED, message, attributes))
        if self._authentications is not None and not record.again:
            if not record.sent:
                told = self._authentications.received(record, line.status)
            elif line.method:
                told = self._authentications.sent(record)
            else:
                return
            for each in told:
                self._authentication(record, each)

    def _of_message(self, record: MessageRecorded, line: StartLine) -> Attributes:
        source, target = (record.local, record.remote) if record.sent else (record.remote, record.local)
        attributes: Attributes = {
            "call_id": record.call_id[:MOST_TOLD].decode("utf-8", "replace"),
            "call_num": record.call,
            "src_ip": source[0],
            "src_port": source[1],
            "dst_ip": target[0],
            "dst_port": target[1],
            "transport": self._transport,
            "sip.method": line.method or cseq_of(record.data)[1],
        }
        if line.status:
            attributes["sip.status"] = line.status
            attributes["sip.reason"] = line.reason
        if record.scenario != _MAIN:
            attributes["scenario"] = record.scenario
        return attributes

    def _authentication(self, record: Record, told: Attributes) -> None:
        message = f"credentials of {told.get('username', 'nobody')} {told['result']}"
        self._make(record.unix_ns, LogKind.AUTH, message, {**self._of_call(record), **told})

    def _challenge(self, record: Challenged) -> None:
        if self._authentications is not None:
            self._authentications.challenged(record)

    def _timeout(self, record: TimedOut) -> None:
        attributes = self._of_call(record)
        attributes |= {
            "command.index": record.step,
            "expected": record.expected,
            "timeout_ms": record.timeout_ms,
            "source": record.source,
        }
        waited = f"waited {record.timeout_ms} ms in vain for {record.expected or 'what follows'}"
        self._make(record.unix_ns, LogKind.TIMEOUT, waited, attributes)

    def _response_time(self, record: ResponseTimed) -> None:
        elapsed_ms = _ms(record.elapsed_ns)
        attributes = self._of_call(record)
        attributes |= {"command.index": record.step, "rtd.name": record.name, "elapsed_ms": elapsed_ms}
        self._make(record.unix_ns, LogKind.RTD, f"timer {record.name} took {elapsed_ms:g} ms", attributes)

    def _action(self, record: ActionLogged) -> None:
        """The scenario's own attributes come after ours, and do not take their places."""
        level = _ACTION_LEVELS[record.level]
        if not self._asked.tells(LogKind.ACTION_LOG, level):
            return
        attributes = self._of_call(record)
        attributes["command.index"] = record.step
        if record.name:
            attributes["name"] = record.name
        for name, value in record.attributes:
            attributes.setdefault(name, value)
        self._tell(LogEvent(record.unix_ns, level, LogKind.ACTION_LOG, record.text, attributes))

    # --- the run -------------------------------------------------------------------------------------------------------

    def _started(self, started: RunStarted) -> None:
        self._run = started
        config = started.config
        attributes: Attributes = {
            "run": self._run.run,
            "scenario": self._run.scenario.source,
            "transport": self._transport,
            "local": self._run.local,
            "workers": self._run.workers,
            "pid": self._run.pid,
        }
        if self._run.scenario.role is Role.UAC:
            attributes |= {"remote": config.remote, "rate": config.rate}
        if config.max_calls is not None:
            attributes["total_calls"] = config.max_calls
        self._make(self._run.started_unix_ns, LogKind.ENGINE_STARTED, f"run {self._run.run} started", attributes)

    def _warning(self, warning: Warning) -> None:
        unix_ns = self._run.started_unix_ns + warning.elapsed_ns
        self._make(unix_ns, LogKind.ENGINE_WARNING, warning.text, {"count": warning.count})

    def _finished(self, finished: RunFinished) -> None:
        summary = finished.summary
        unix_ns = self._now_unix_ns()
        if summary.error:
            self._make(unix_ns, LogKind.ERROR, summary.error, {"error.kind": "run"})
        counters = summary.counters
        attributes: Attributes = {
            "run": self._run.run,
            "outcome": summary.outcome,
            "exit_code": summary.exit_code,
            "elapsed_ms": round(summary.elapsed_s * 1000),
            "total_calls": counters.incoming + counters.outgoing,
            "successful": counters.successful,
            "failed": counters.failed,
            "verdict": str(summary.verdict),
            "dropped_logs": self._dropped(),
        }
        self._make(unix_ns, LogKind.ENGINE_STOPPED, f"run {self._run.run} {summary.outcome}", attributes)


def _ms(ns: int) -> float:
    return round(ns / 1e6, 3)
