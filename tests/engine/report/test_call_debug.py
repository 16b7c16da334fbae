# SPDX-License-Identifier: AGPL-3.0-or-later
"""SIPp's log of failed calls, line for line as SIPp 3.6.1 writes it."""

from __future__ import annotations

import re
import time
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.messages import EntryKind, Failure, FollowedCall, TraceEntry
from engine.report.call_debug import format_call
from tests.engine.report.examples import STARTED_UNIX_NS, run_started
from tests.engine.report.followed import followed, message, refused

WHEN = "2026-11-22\t18:18:30.468204\t1795371510.468204"


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


def lines(call: FollowedCall, **options: Any) -> list[str]:
    """The entry of a call, without messages and with its times, which are SIPp's, and its hashes as words."""
    text = format_call(call, run_started(**options)).decode("latin-1")
    for entry in call.entries:
        text = text.replace(entry.data.decode("latin-1"), "<message>") if entry.data else text
    text = re.sub(r"^\d{4}-\d\d-\d\d\t\d\d:\d\d:\d\d\.\d{6}\t\d+\.\d{6} ", "<time> ", text, flags=re.M)
    return re.sub(r"(?i)(hash:? )\d+", r"\1<hash>", text).split("\n")


def with_entries(call: FollowedCall, *entries: TraceEntry) -> FollowedCall:
    return msgspec.structs.replace(call, entries=entries)


def test_an_entry_of_a_refused_call() -> None:
    assert lines(refused()) == [
        "-" * 79,
        "Call debugging information for call 1@here:",
        "<time> Starting call 1@here",
        "<time> Processing message 0 of type 2 for call 1@here at 100.",
        "<time> Sending UDP message for call 1@here (index 0, hash <hash>):",
        *("<message>", ""),
        f"<time> Processing {len(message('180', 1))} byte incoming message for call-ID 1@here (hash <hash>):",
        *("<message>", ""),
        "<time> Set Last Recv Hash: <hash> (recv index 2)",
        f"<time> Processing {len(message('486', 1))} byte incoming message for call-ID 1@here (hash <hash>):",
        *("<message>", ""),
        "<time> Unexpected UDP message received (index 4, hash <hash>):",
        *("", "<message>"),
        "<time> Call 1@here has failed: unexpected 486 in step 4 (200)",
        "<time> Aborting call 1@here (index 4).",
        "<time> Sending UDP message for call 1@here (index -1, hash <hash>):",
        *("<message>", ""),
        "",
    ]


def test_times_and_messages_stand_as_they_were() -> None:
    text = format_call(refused(), run_started())
    assert f"\n{WHEN} Starting call 1@here\n".encode() in text
    assert b"):\n" + message("INVITE", 1) + b"\n\n2026-" in text
    in_utc = format_call(refused(), run_started(rfc3339=True))
    assert b"\n2026-11-22T18:18:30.468204Z Starting call 1@here\n" in in_utc


def test_a_call_that_did_not_fail_has_no_entry() -> None:
    assert format_call(followed(), run_started()) == b""
    assert format_call(followed(is_over=False), run_started()) == b""


@pytest.mark.parametrize(
    ("options", "most"), [({}, 5), ({"max_invite_retransmissions": 3}, 3), ({"max_retransmissions": 2}, 2)]
)
def test_retransmissions_are_counted(options: dict[str, int], most: int) -> None:
    first = followed().entries[0]
    again = msgspec.structs.replace(first, again=True)
    call = followed(failure=Failure.MAX_RETRANSMISSIONS, reason="no answer in step 1 (100)")
    told = lines(with_entries(call, first, again, again), **options)
    required = [line for line in told if "required" in line]
    assert required == [f"<time> Retransmisison required ({number} retransmissions, max {most})" for number in (1, 2)]
    assert told[-2] == "<time> Aborting call 1@here (index 1)."


def test_an_answer_that_is_repeated_was_not_due() -> None:
    request = TraceEntry(unix_ns=1, kind=EntryKind.RECEIVED, step=0, data=b"a")
    answer = TraceEntry(unix_ns=2, kind=EntryKind.SENT, step=1, data=b"b")
    again = [msgspec.structs.replace(entry, again=True) for entry in (request, answer)]
    told = lines(with_entries(refused(), request, answer, *again))
    assert not any("required" in line for line in told)


def test_messages_lost_on_purpose_are_told_as_such() -> None:
    entries = (
        TraceEntry(unix_ns=1, kind=EntryKind.LOST, step=0, text="not sent"),
        TraceEntry(unix_ns=2, kind=EntryKind.RECEIVED, step=2, data=b"<180>"),
        TraceEntry(unix_ns=3, kind=EntryKind.LOST, step=2, text="not taken"),
    )
    told = lines(with_entries(refused(failure=Failure.TIMEOUT_ON_RECV), *entries))
    assert told[3] == "<time> UDP message voluntary lost (while sending) (index 0)."
    assert told[-4] == "<time> UDP message lost (recv) (hash <hash>)."
    assert not any("Set Last Recv Hash" in line for line in told)


def test_why_a_call_ended_is_told_once_and_before_what_was_sent_after() -> None:
    call = refused()
    reason = TraceEntry(unix_ns=1, kind=EntryKind.NOTE, text=call.reason)
    assert lines(with_entries(call, *call.entries, reason)) == lines(call)


def test_what_else_is_known_has_lines_too() -> None:
    entries = (TraceEntry(unix_ns=STARTED_UNIX_NS, kind=EntryKind.ACTION, step=3, text="log: hello"),)
    told = lines(msgspec.structs.replace(with_entries(refused(), *entries), left_out=7))
    assert "<time> 7 entries of call 1@here were forgotten" in told
    assert "<time> log: hello" in told


def test_the_same_message_has_the_same_hash_in_64_bits() -> None:
    hashes = re.findall(rb"index 0, hash (\d+)\)", format_call(refused(), run_started()) * 2)
    assert len(set(hashes)) == 1
    assert int(hashes[0]) < 1 << 64
    other = re.findall(rb"index 0, hash (\d+)\)", format_call(refused(2), run_started()))
    assert hashes[0] != other[0]


@given(st.text(max_size=40), st.text(max_size=40), st.binary(max_size=100), st.sampled_from(list(Failure)))
def test_any_call_that_failed_has_its_entry(call_id: str, reason: str, data: bytes, failure: Failure) -> None:
    call = refused(call_id=call_id, reason=reason, failure=failure)
    entries = tuple(msgspec.structs.replace(entry, data=data) for entry in call.entries)
    text = format_call(with_entries(call, *entries), run_started())
    assert text.startswith(b"-" * 79 + b"\nCall debugging information for call ")
    assert text.count(data) >= len(entries)
