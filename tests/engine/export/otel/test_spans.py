# SPDX-License-Identifier: AGPL-3.0-or-later
"""The spans of a followed call: times, parents, attributes, events, and what is an error."""

from __future__ import annotations

from typing import Any

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanKind, StatusCode

from engine.export.otel.identity import Identity
from engine.export.otel.spans import MOST_EVENTS, spans_of
from engine.messages import EntryKind, FollowedCall
from tests.engine.export.otel.calls import LOCAL, MS, REMOTE, START, call, entry, failed_call, received, request, response, sent
from tests.engine.report.examples import run_started


def spans(followed: FollowedCall) -> list[ReadableSpan]:
    return spans_of([followed], Identity(run_started(), {"service.name": "gossipper"}, {}))


def told(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


def test_a_call_is_a_span_and_its_transactions_are_below_it() -> None:
    whole, invite, bye = spans(call())
    assert [span.name for span in (whole, invite, bye)] == ["outgoing call", "INVITE", "BYE"]
    assert (whole.start_time, whole.end_time) == (START, START + 1011 * MS)
    assert (invite.start_time, invite.end_time) == (START, START + 602 * MS)
    assert (bye.start_time, bye.end_time) == (START + 1000 * MS, START + 1010 * MS)
    assert whole.parent is None
    assert invite.parent == bye.parent == whole.context
    assert len({span.context.trace_id for span in (whole, invite, bye) if span.context}) == 1
    assert len({span.context.span_id for span in (whole, invite, bye) if span.context}) == 3
    assert [span.kind for span in (whole, invite, bye)] == [SpanKind.INTERNAL, SpanKind.CLIENT, SpanKind.CLIENT]


def test_attributes_say_what_it_was() -> None:
    whole, invite, _ = spans(call())
    assert told(whole) == {
        "gossipper.call.number": 7,
        "gossipper.call.scenario": "main",
        "gossipper.call.direction": "outgoing",
        "gossipper.call.result": "success",
        "gossipper.follow.why": "every 1",
        "sip.call_id": "7-4242@127.0.0.1",
        "network.protocol.name": "sip",
        "network.transport": "udp",
        "sip.transport": "UDP",
        "sip.status_code": 200,
        "gossipper.response_time.1": 0.6,
    }
    assert told(invite) == {
        "sip.method": "INVITE",
        "sip.call_id": "7-4242@127.0.0.1",
        "sip.cseq": 1,
        "sip.status_code": 200,
        "sip.reason": "OK",
        "network.protocol.name": "sip",
        "network.transport": "udp",
        "server.address": REMOTE[0],
        "server.port": REMOTE[1],
        "client.address": LOCAL[0],
        "client.port": LOCAL[1],
        "network.peer.address": REMOTE[0],
        "network.peer.port": REMOTE[1],
        "network.local.address": LOCAL[0],
        "network.local.port": LOCAL[1],
        "gossipper.step": 0,
    }


def test_what_happened_meanwhile_are_events() -> None:
    whole, invite, bye = spans(call())
    assert [(event.name, event.timestamp, dict(event.attributes or {})) for event in whole.events] == [
        ("action", START + 601 * MS, {"gossipper.step": 3, "gossipper.text": "log: answered"})
    ]
    assert [(event.name, (event.timestamp - START) // MS) for event in invite.events] == [
        ("sip.retransmission", 500),
        ("sip.recv", 501),
        ("sip.recv", 520),
        ("sip.send", 602),
    ]
    assert [dict(event.attributes or {})["sip.message"] for event in invite.events] == [
        "INVITE",
        "100 Trying",
        "180 Ringing",
        "ACK",
    ]
    assert list(bye.events) == []


def test_of_a_call_that_comes_in_we_are_the_server() -> None:
    entries = (received(0, request("INVITE", 1)), sent(1, response(200, "OK", "INVITE", 1)), received(2, request("ACK", 1)))
    whole, invite = spans(call(entries, outgoing=False, started_unix_ns=START + MS // 2))
    assert whole.name == "incoming call"
    assert whole.start_time == START
    assert invite.kind is SpanKind.SERVER
    assert (told(invite)["server.address"], told(invite)["client.address"]) == (LOCAL[0], REMOTE[0])


def test_a_failed_call_is_an_error_with_its_reason() -> None:
    entries = (
        sent(0, request("INVITE", 1)),
        received(5, response(486, "Busy Here", "INVITE", 1)),
        entry(6, EntryKind.NOTE, text="unexpected 486 in step 3 (200)"),
    )
    whole, invite = spans(failed_call(entries, "unexpected 486 in step 3 (200)", status=486))
    assert (whole.status.status_code, whole.status.description) == (StatusCode.ERROR, "unexpected 486 in step 3 (200)")
    assert told(whole)["error.type"] == "FailedUnexpectedMessage"
    assert told(whole)["gossipper.call.result"] == "failed"
    assert (invite.status.status_code, invite.status.description) == (StatusCode.ERROR, "486 Busy Here")
    assert told(invite)["error.type"] == "486"


def test_what_the_scenario_waited_for_is_no_error() -> None:
    entries = (sent(0, request("INVITE", 1)), received(5, response(486, "Busy Here", "INVITE", 1)))
    whole, invite = spans(call(entries))
    assert whole.status.status_code is StatusCode.OK
    assert invite.status.status_code is StatusCode.UNSET
    assert told(invite)["sip.status_code"] == 486


def test_a_request_without_an_answer_lasts_as_long_as_its_call() -> None:
    whole, invite = spans(failed_call((sent(10, request("INVITE", 1)),), "recv timed out"))
    assert (invite.start_time, invite.end_time) == (START + 10 * MS, whole.end_time)
    assert (invite.status.status_code, invite.status.description) == (StatusCode.ERROR, "no final response")
    assert told(invite)["error.type"] == "timeout"


def test_a_challenge_is_no_error() -> None:
    entries = (sent(0, request("REGISTER", 1)), received(5, response(401, "Unauthorized", "REGISTER", 1)))
    assert spans(failed_call(entries, "whatever"))[1].status.status_code is StatusCode.UNSET


def test_a_call_that_was_cut_off_is_neither_good_nor_an_error() -> None:
    whole, *_ = spans(call((sent(0, request("INVITE", 1)),), is_over=False))
    assert whole.status.status_code is StatusCode.UNSET
    assert told(whole)["gossipper.call.result"] == "cancelled"


def test_what_is_left_out_is_told() -> None:
    notes = tuple(entry(n, EntryKind.ACTION, text="x" * 5000) for n in range(MOST_EVENTS + 3))
    [whole] = spans(call(notes, left_out=2))
    assert len(whole.events) == MOST_EVENTS
    assert told(whole)["gossipper.trace.left_out"] == 5
    assert len(dict(whole.events[0].attributes or {})["gossipper.text"]) == 500


def test_ids_are_a_calls_own_and_stay_the_same() -> None:
    one, other = Identity(run_started(), {}, {}), Identity(run_started(), {}, {})
    assert one.call("main", 7, "a@b") == other.call("main", 7, "a@b")
    calls = {one.call(scenario, number, "a@b") for scenario in ("main", "incoming") for number in (1, 2)}
    assert len(calls) == 4
