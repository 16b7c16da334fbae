# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which messages of a call are one transaction."""

from __future__ import annotations

import pytest

from engine.export.otel import transactions
from engine.export.otel.transactions import transactions_of
from engine.messages import EntryKind
from tests.engine.export.otel.calls import MS, START, WHOLE, entry, message, received, request, response, sent
from tests.growth import grows_linearly


def test_a_call_has_an_invite_with_its_ack_and_a_bye() -> None:
    found = transactions_of(WHOLE)
    invite, bye = found.transactions
    assert [(each.method, each.ours, each.cseq) for each in (invite, bye)] == [("INVITE", True, 1), ("BYE", True, 2)]
    assert [each.words for each in invite.told] == ["INVITE", "100 Trying", "180 Ringing", "200 OK", "ACK"]
    assert invite.final is not None
    assert (invite.final.status, invite.end_unix_ns) == (200, START + 602 * MS)
    assert bye.end_unix_ns == START + 1010 * MS
    assert [each.kind for each in found.others] == [EntryKind.ACTION]


def test_what_the_peer_asks_is_its_own_transaction() -> None:
    [theirs] = transactions_of([received(0, request("BYE", 1)), sent(2, response(200, "OK", "BYE", 1))]).transactions
    assert (theirs.ours, theirs.end_unix_ns) == (False, START + 2 * MS)


def test_both_sides_may_use_the_same_cseq() -> None:
    entries = [
        sent(0, request("INFO", 5, "ours")),
        received(1, request("INFO", 5, "theirs")),
        sent(2, response(200, "OK", "INFO", 5, "theirs")),
        received(3, response(500, "No", "INFO", 5, "ours")),
    ]
    ours, theirs = transactions_of(entries).transactions
    assert (ours.final and ours.final.status, theirs.final and theirs.final.status) == (500, 200)


def test_an_answer_to_a_challenge_is_another_transaction_also_with_the_same_cseq() -> None:
    entries = [
        sent(0, request("INVITE", 1, "a")),
        received(1, response(401, "Unauthorized", "INVITE", 1, "a")),
        sent(2, request("ACK", 1, "a")),
        sent(3, request("INVITE", 1, "b")),
        received(4, response(200, "OK", "INVITE", 1, "b")),
        sent(5, request("ACK", 1, "c")),
    ]
    first, second = transactions_of(entries).transactions
    assert [each.words for each in first.told] == ["401 Unauthorized", "ACK"]
    assert [each.words for each in second.told] == ["200 OK", "ACK"]


def test_a_cancel_is_not_the_invite_that_it_cancels() -> None:
    entries = [
        sent(0, request("INVITE", 1)),
        sent(1, request("CANCEL", 1)),
        received(2, response(200, "OK", "CANCEL", 1)),
        received(3, response(487, "Request Terminated", "INVITE", 1)),
        sent(4, request("ACK", 1)),
    ]
    invite, cancel = transactions_of(entries).transactions
    assert invite.final is not None
    assert invite.final.status == 487
    assert cancel.final is not None
    assert cancel.final.status == 200


def test_calls_in_a_call_are_told_apart_by_their_call_ids() -> None:
    entries = [
        sent(0, message("INVITE sip:a SIP/2.0", "1 INVITE", "a", "one")),
        sent(1, message("INVITE sip:a SIP/2.0", "1 INVITE", "b", "two")),
        received(2, message("SIP/2.0 486 Busy", "1 INVITE", "a", "one")),
    ]
    one, two = transactions_of(entries).transactions
    assert one.final is not None
    assert two.final is None


def test_without_a_final_response_it_has_no_end() -> None:
    [only] = transactions_of([sent(0, request("OPTIONS", 1)), received(1, response(100, "Trying", "OPTIONS", 1))]).transactions
    assert only.end_unix_ns == 0


@pytest.mark.parametrize(
    "data", [b"", b"\r\n\r\n", b"nonsense", b"SIP/2.0 200 OK\r\n\r\n", response(200, "OK", "INVITE", 9), request("ACK", 9)]
)
def test_what_belongs_to_no_transaction_is_kept(data: bytes) -> None:
    stray = received(5, data)
    found = transactions_of([*WHOLE, stray])
    assert len(found.transactions) == 2
    assert found.others[-1] is stray


def test_there_are_no_more_than_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transactions, "MOST", 3)
    entries = [each for n in range(5) for each in (sent(n, request("INFO", n)), received(n, response(200, "OK", "INFO", n)))]
    found = transactions_of(entries)
    assert len(found.transactions) == 3
    assert len(found.others) == 4


def test_it_takes_time_in_proportion_to_the_messages() -> None:
    entries = [sent(n, request("INFO", n)) for n in range(2000)] * 8
    assert grows_linearly(lambda size: transactions_of(entries[:size]), 2000)


def test_notes_are_kept() -> None:
    note = entry(3, EntryKind.NOTE, text="recv timed out")
    assert transactions_of([note]).others == [note]
