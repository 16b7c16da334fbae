# SPDX-License-Identifier: AGPL-3.0-or-later
"""The events of the event log: one for each record, with what it says of it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.export.event_maker import MOST_TOLD, WANTS, EventMaker, resource_of
from engine.export.log_events import RECORDS, Level, LogEvent, LogKind, asked_of
from engine.messages import Event, Failure, Role
from engine.messages.records import Record
from engine.version import __version__
from tests.engine.bus.events import snapshot, warning
from tests.engine.export.examples import (
    UNIX_NS,
    action,
    call_ended,
    call_started,
    challenged,
    finished,
    message,
    request,
    response,
    response_timed,
    started,
    timed_out,
)

OF_CALL = {"call_id": "7-4242@127.0.0.1", "call_num": 7}


def made(*items: Record | Event, dropped: int = 0, **options: Any) -> list[LogEvent]:
    """What is made of these, in a run with these options."""
    told: list[LogEvent] = []
    run = started(**options)
    maker = EventMaker(run, asked_of(run.config), told.append, lambda: dropped, lambda: UNIX_NS + 5)
    for item in items:
        maker.take(item)
    return told


def kinds(events: list[LogEvent]) -> list[str]:
    return [event.kind.value for event in events]


def test_a_call_begins_and_ends() -> None:
    begun, ended = made(
        call_started(), call_ended(response_times={"invite": 1_234_567}, media={"audio_mos": 4.4, "audio_jitter": 0.5})
    )
    assert begun == LogEvent(
        UNIX_NS,
        Level.INFO,
        LogKind.CALL_STARTED,
        "call 7 started",
        {**OF_CALL, "direction": "outgoing", "late_ms": 0.021},
    )
    assert (ended.level, ended.kind, ended.message) == (Level.INFO, LogKind.CALL_ENDED, "call 7 succeeded")
    assert ended.attributes == {
        **OF_CALL,
        "result": "success",
        "duration_ms": 9.123,
        "direction": "outgoing",
        "sip.status": 200,
        "messages.sent": 3,
        "messages.received": 4,
        "retransmissions": 0,
        "rtd.invite_ms": 1.235,
        "media.audio.mos": 4.4,
        "media.audio.jitter_ms": 0.5,
    }


def test_a_call_that_fails_is_an_error_too() -> None:
    reason = "unexpected 486 in step 3 (200)"
    ended, error = made(call_ended(failure=Failure.UNEXPECTED_MESSAGE, reason=reason, status=486))
    told = {name: ended.attributes[name] for name in ("result", "failure", "reason", "sip.status")}
    assert told == {"result": "unexpected_sip", "failure": "FailedUnexpectedMessage", "reason": reason, "sip.status": 486}
    assert ended.level is Level.INFO
    assert (error.level, error.kind, error.message) == (Level.ERROR, LogKind.ERROR, f"call 7 failed: {reason}")
    assert error.attributes == {**OF_CALL, "error.kind": "FailedUnexpectedMessage", "result": "unexpected_sip"}


def test_a_call_that_was_cut_off_is_cancelled_and_no_error() -> None:
    [ended] = made(call_ended(cut_off=True))
    assert (ended.attributes["result"], ended.message) == ("cancelled", "call 7 was cut off")


def test_a_message_goes_from_its_source_to_its_target() -> None:
    [sent, received] = made(message(request("INVITE"), sent=True), message(response(180, "Ringing", "INVITE")), transport="t1")
    ours, theirs = {"src_ip": "127.0.0.1", "src_port": 5061}, {"src_ip": "127.0.0.2", "src_port": 5060}
    assert sent == LogEvent(
        UNIX_NS,
        Level.INFO,
        LogKind.SIP_SEND,
        "sent INVITE",
        {**OF_CALL, **ours, "dst_ip": "127.0.0.2", "dst_port": 5060, "transport": "tcp", "sip.method": "INVITE"},
    )
    assert received == LogEvent(
        UNIX_NS,
        Level.INFO,
        LogKind.SIP_RECV,
        "received 180 Ringing",
        {
            **OF_CALL,
            **theirs,
            "dst_ip": "127.0.0.1",
            "dst_port": 5061,
            "transport": "tcp",
            "sip.method": "INVITE",
            "sip.status": 180,
            "sip.reason": "Ringing",
        },
    )


def test_an_unexpected_message_is_told_as_received_and_as_unexpected() -> None:
    received, unexpected = made(message(response(486, "Busy", "INVITE"), expected="200"))
    assert kinds([received, unexpected]) == ["sip.recv", "sip.unexpected"]
    assert (unexpected.level, unexpected.message) == (Level.WARN, "unexpected 486 Busy")
    assert unexpected.attributes == {**received.attributes, "expected": "200"}


@pytest.mark.parametrize(("sent", "direction"), [(True, "sent"), (False, "received")])
def test_a_retransmission_is_told_as_one_and_not_as_a_message(sent: bool, direction: str) -> None:
    [event] = made(message(request("INVITE"), sent=sent, again=True))
    assert (event.kind, event.level, event.attributes["direction"]) == (LogKind.SIP_RETRANSMISSION, Level.WARN, direction)


def test_a_message_without_a_call_and_of_another_scenario() -> None:
    [event] = made(message(b"\xff\xfe", call=0, call_id=b"\xff", scenario="out of call"))
    assert event.message == "received what is no SIP"
    told = {name: event.attributes[name] for name in ("call_id", "call_num", "scenario", "sip.method")}
    assert told == {"call_id": "\N{REPLACEMENT CHARACTER}", "call_num": 0, "scenario": "out of call", "sip.method": ""}


def test_a_long_call_id_is_cut() -> None:
    [event] = made(message(b"x", call_id=b"c" * 60_000))
    assert event.attributes["call_id"] == "c" * MOST_TOLD


def test_credentials_are_told_once_their_answer_is_there() -> None:
    header = 'Authorization: Digest username="joe", realm="r", algorithm=MD5, qop=auth'
    again = message(request("REGISTER", header, cseq=2), sent=True, again=True)
    events = made(
        challenged(401),
        message(request("REGISTER", header, cseq=2), sent=True),
        again,
        message(response(200, "OK", "REGISTER", 2)),
        call_ended(),
    )
    assert kinds(events) == ["sip.send", "sip.retransmission", "sip.recv", "auth", "call.ended"]
    assert events[3].message == "credentials of joe accepted"
    assert events[3].attributes == {
        **OF_CALL,
        "scheme": "digest",
        "username": "joe",
        "realm": "r",
        "algorithm": "MD5",
        "qop": "auth",
        "challenge.status": 401,
        "sip.status": 200,
        "result": "accepted",
    }


def test_credentials_that_come_in_are_none_of_ours() -> None:
    header = 'Authorization: Digest username="joe"'
    assert kinds(made(message(request("REGISTER", header)), call_ended())) == ["sip.recv", "call.ended"]


def test_credentials_of_a_call_that_ends_without_an_answer() -> None:
    sent = message(request("REGISTER", 'Authorization: Digest username="joe"'), sent=True)
    events = made(sent, call_ended(cut_off=True))
    assert kinds(events) == ["sip.send", "auth", "call.ended"]
    assert events[1].attributes["result"] == "unanswered"


def test_times_are_told() -> None:
    waited, measured = made(timed_out(), response_timed())
    assert (waited.level, waited.kind, waited.message) == (Level.WARN, LogKind.TIMEOUT, "waited 500 ms in vain for 200")
    assert waited.attributes == {**OF_CALL, "command.index": 4, "expected": "200", "timeout_ms": 500, "source": "recv"}
    assert (measured.kind, measured.message) == (LogKind.RTD, "timer invite took 1.235 ms")
    assert measured.attributes == {**OF_CALL, "command.index": 5, "rtd.name": "invite", "elapsed_ms": 1.235}


def test_what_a_scenario_logs_has_its_attributes_beside_ours() -> None:
    plain, named = made(action("a\nb"), action("x", "warn", "routing", cause="busy", call_id="mine"))
    assert (plain.level, plain.message, plain.attributes) == (Level.INFO, "a\nb", {**OF_CALL, "command.index": 3})
    assert (named.level, named.kind) == (Level.WARN, LogKind.ACTION_LOG)
    assert named.attributes == {**OF_CALL, "command.index": 3, "name": "routing", "cause": "busy"}


def test_a_run_begins_and_ends() -> None:
    options: dict[str, Any] = {"max_calls": 10, "rate": 20.0}
    later = msgspec.structs.replace(started(**options), started_unix_ns=UNIX_NS)
    begun, ended = made(later, finished(), dropped=5, **options)
    assert (begun.unix_ns, begun.kind) == (UNIX_NS, LogKind.ENGINE_STARTED)
    assert begun.attributes == {
        "run": "run-1",
        "scenario": "uac",
        "transport": "udp",
        "local": "127.0.0.1:5060",
        "workers": 1,
        "pid": 7,
        "remote": "127.0.0.2",
        "rate": 20.0,
        "total_calls": 10,
    }
    summary = finished().summary
    assert ended.unix_ns == UNIX_NS + 5
    assert ended.attributes == {
        "run": "run-1",
        "outcome": summary.outcome.value,
        "exit_code": summary.exit_code,
        "elapsed_ms": round(summary.elapsed_s * 1000),
        "total_calls": summary.counters.incoming + summary.counters.outgoing,
        "successful": summary.counters.successful,
        "failed": summary.counters.failed,
        "verdict": str(summary.verdict),
        "dropped_logs": 5,
    }


def test_a_run_that_ends_by_an_error_tells_it() -> None:
    told = finished()
    failed = msgspec.structs.replace(told, summary=msgspec.structs.replace(told.summary, error="worker 1 is gone"))
    error, ended = made(failed)
    assert (error.kind, error.message, error.attributes) == (LogKind.ERROR, "worker 1 is gone", {"error.kind": "run"})
    assert ended.kind is LogKind.ENGINE_STOPPED


def test_warnings_of_the_run_are_told() -> None:
    [event] = made(warning("nothing listens there"))
    assert (event.level, event.kind, event.message) == (Level.WARN, LogKind.ENGINE_WARNING, "nothing listens there")


@pytest.mark.parametrize(
    ("level", "told"),
    [
        ("info", ["call.started", "sip.recv", "sip.unexpected", "timeout", "rtd", "action.log", "call.ended", "error"]),
        ("warn", ["sip.unexpected", "timeout", "error"]),
        ("error", ["error"]),
    ],
)
def test_levels(level: str, told: list[str]) -> None:
    items = (
        call_started(),
        message(response(486, "Busy", "INVITE"), expected="200"),
        timed_out(),
        response_timed(),
        action(),
        call_ended(failure=Failure.TIMEOUT_ON_RECV),
    )
    assert kinds(made(*items, log_level=level)) == told


def test_samples() -> None:
    items = [message(request("INVITE"), sent=True, call=number) for number in range(5)]
    events = made(*items, call_started(), log_samples=("sip.send=2",))
    assert [event.attributes["call_num"] for event in events] == [0, 2, 4, 7]


def test_what_is_not_known_is_passed_over() -> None:
    assert made(snapshot(1)) == []


def test_all_that_is_wanted_is_what_kinds_are_made_from() -> None:
    records = {kind for kind in WANTS if issubclass(kind, Record)}
    assert records == frozenset().union(*RECORDS.values())


def test_the_resource_says_which_side_it_is_and_the_users_attributes_win() -> None:
    own = {"site": "lab", "service.name": "mine"}
    assert resource_of(started(), {}) == {
        "service.name": "gossipper",
        "service.version": __version__,
        "gossipper.role": "client",
    }
    server = started()
    server = msgspec.structs.replace(server, scenario=msgspec.structs.replace(server.scenario, role=Role.UAS))
    assert resource_of(server, own) == {"service.version": __version__, "gossipper.role": "server", **own}


@given(data=st.binary(max_size=200), sent=st.booleans(), again=st.booleans(), expected=st.text(max_size=5))
def test_any_message_is_told(data: bytes, sent: bool, again: bool, expected: str) -> None:
    events = made(message(data, sent=sent, again=again, expected=expected))
    assert len(events) == (2 if expected else 1)
    assert msgspec.json.decode(msgspec.json.encode(events))
