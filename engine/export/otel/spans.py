# SPDX-License-Identifier: AGPL-3.0-or-later
"""A followed call as spans: one for the call, and below it one for each of its transactions.

Times are the messages' own. Names of attributes are OpenTelemetry's where it has one (`server.address`, `network.transport`,
`error.type`), else `sip.` and `gossipper.`. What a scenario waited for is no error, so of a call that succeeded nothing is one,
whatever statuses came; of a call that failed, transactions that were refused or not answered are errors as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, TypeAlias

from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

from engine.export.otel.identity import SCOPE, Identity
from engine.export.otel.transactions import Told, Transaction, transactions_of
from engine.messages import EntryKind, FollowedCall, TraceEntry
from engine.messages.following import Place

MOST_EVENTS: Final = 500
"""Of a span; more are left out, and a number says so."""
MOST_TEXT: Final = 500
"""Of what an action did or a message said."""
_SAMPLED: Final = TraceFlags(TraceFlags.SAMPLED)
_CHALLENGES: Final = (401, 407)
_LEAST_REFUSAL: Final = 400
_NS_PER_SECOND: Final = 1_000_000_000
_NETWORKS: Final = {"UDP": "udp"}
_EVENTS: Final = {
    EntryKind.SENT: "sip.send",
    EntryKind.RECEIVED: "sip.recv",
    EntryKind.LOST: "sip.lost",
    EntryKind.ACTION: "action",
    EntryKind.NOTE: "note",
}

Attributes: TypeAlias = "dict[str, str | int | float | bool]"


def spans_of(calls: Iterable[FollowedCall], identity: Identity) -> list[ReadableSpan]:
    """The spans of calls, that of each call before those of its transactions."""
    return [span for call in calls for span in _spans(call, identity)]


def _spans(call: FollowedCall, identity: Identity) -> Iterator[ReadableSpan]:
    trace_id, span_id = identity.call(call.scenario, call.number, call.call_id)
    context = SpanContext(trace_id, span_id, is_remote=False, trace_flags=_SAMPLED)
    sorted_out = transactions_of(call.entries)
    start = min([call.started_unix_ns, *(entry.unix_ns for entry in call.entries[:1])])
    end = max([call.started_unix_ns + call.duration_ns, *(entry.unix_ns for entry in call.entries[-1:])])
    events, left_out = _events(sorted_out.others)
    attributes = _of_call(call)
    if left_out or call.left_out:
        attributes["gossipper.trace.left_out"] = left_out + call.left_out
    yield ReadableSpan(
        name="outgoing call" if call.outgoing else "incoming call",
        context=context,
        resource=identity.resource,
        instrumentation_scope=SCOPE,
        attributes=attributes,
        events=events,
        kind=SpanKind.INTERNAL,
        status=_status(call),
        start_time=start,
        end_time=end,
    )
    for index, transaction in enumerate(sorted_out.transactions):
        own = SpanContext(trace_id, identity.child(span_id, index), is_remote=False, trace_flags=_SAMPLED)
        yield _transaction(transaction, call, identity, context, own, end)


def _status(call: FollowedCall) -> Status:
    if call.failure is not None:
        return Status(StatusCode.ERROR, call.reason or call.failure)
    return Status(StatusCode.OK if call.is_over else StatusCode.UNSET)


def _of_call(call: FollowedCall) -> Attributes:
    attributes: Attributes = {
        "gossipper.call.number": call.number,
        "gossipper.call.scenario": call.scenario,
        "gossipper.call.direction": "outgoing" if call.outgoing else "incoming",
        "gossipper.call.result": "failed" if call.failure else "success" if call.is_over else "cancelled",
        "gossipper.follow.why": call.why,
        "sip.call_id": call.call_id[:MOST_TEXT],
        "network.protocol.name": "sip",
        "network.transport": _NETWORKS.get(call.protocol, "tcp"),
        "sip.transport": call.protocol,
    }
    if call.status:
        attributes["sip.status_code"] = call.status
    if call.failure:
        attributes["error.type"] = call.failure
    for name, elapsed_ns in call.response_times.items():
        attributes[f"gossipper.response_time.{name}"] = elapsed_ns / _NS_PER_SECOND
    return attributes


def _transaction(
    transaction: Transaction, call: FollowedCall, identity: Identity, parent: SpanContext, own: SpanContext, call_end: int
) -> ReadableSpan:
    request, final = transaction.request, transaction.final
    events, left_out = _events(each for each in transaction.told if each is not final)
    attributes: Attributes = {
        "sip.method": request.method[:MOST_TEXT],
        "sip.call_id": call.call_id[:MOST_TEXT],
        "sip.cseq": transaction.cseq,
        "network.protocol.name": "sip",
        "network.transport": _NETWORKS.get(call.protocol, "tcp"),
        **_ends(request.entry, ours=transaction.ours),
    }
    if request.entry.step >= 0:
        attributes["gossipper.step"] = request.entry.step
    if final is not None:
        attributes |= {"sip.status_code": final.status, "sip.reason": final.reason[:MOST_TEXT]}
    if left_out:
        attributes["gossipper.trace.left_out"] = left_out
    why = _error(transaction, call)
    if why:
        attributes["error.type"] = str(final.status) if final is not None else "timeout"
    start = request.entry.unix_ns
    return ReadableSpan(
        name=request.method[:MOST_TEXT],
        context=own,
        parent=parent,
        resource=identity.resource,
        instrumentation_scope=SCOPE,
        attributes=attributes,
        events=events,
        kind=SpanKind.CLIENT if transaction.ours else SpanKind.SERVER,
        status=Status(StatusCode.ERROR, why) if why else Status(),
        start_time=start,
        end_time=max(start, transaction.end_unix_ns or call_end),
    )


def _error(transaction: Transaction, call: FollowedCall) -> str:
    """What went wrong with it; "" where nothing did, or the scenario had it so."""
    if call.failure is None:
        return ""
    final = transaction.final
    if final is None:
        return "no final response"
    return final.words if final.status >= _LEAST_REFUSAL and final.status not in _CHALLENGES else ""


def _ends(entry: TraceEntry, *, ours: bool) -> Attributes:
    """Where a request came from and went to: the server is who was asked."""
    server, client = (entry.remote, entry.local) if ours else (entry.local, entry.remote)
    return {
        **_place("server", server),
        **_place("client", client),
        **_place("network.peer", entry.remote),
        **_place("network.local", entry.local),
    }


def _place(name: str, place: Place | None) -> Attributes:
    return {f"{name}.address": place[0], f"{name}.port": place[1]} if place else {}


def _events(told: Iterable[Told | TraceEntry]) -> tuple[Sequence[Event], int]:
    """What happened within a span, and how much of it was left out."""
    events = [_event(each) for each in told]
    return events[:MOST_EVENTS], max(0, len(events) - MOST_EVENTS)


def _event(told: Told | TraceEntry) -> Event:
    entry = told.entry if isinstance(told, Told) else told
    attributes: Attributes = {"gossipper.step": entry.step} if entry.step >= 0 else {}
    if isinstance(told, Told):
        attributes["sip.message"] = told.words[:MOST_TEXT]
        if told.status:
            attributes["sip.status_code"] = told.status
        else:
            attributes["sip.method"] = told.method[:MOST_TEXT]
    elif entry.is_message:
        attributes["sip.message"] = entry.data.partition(b"\r\n")[0][:MOST_TEXT].decode("utf-8", "replace")
    if entry.text:
        attributes["gossipper.text"] = entry.text[:MOST_TEXT]
    if entry.again:
        attributes["direction"] = "sent" if entry.kind is EntryKind.SENT else "received"
    return Event("sip.retransmission" if entry.again else _EVENTS[entry.kind], attributes, entry.unix_ns)
