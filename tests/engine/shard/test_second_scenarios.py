# SPDX-License-Identifier: AGPL-3.0-or-later
"""A client with a second scenario: a server for calls that come in, and answers to requests that belong to no call."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import engine.shard.calls
from engine.call import Behaviours
from engine.messages import Failure
from tests.engine.call.virtual import UAC_CALL
from tests.engine.shard.test_calls import SERVER, Switchboard

ANSWER = """
  <recv request="{method}"/>
  <send><![CDATA[
    SIP/2.0 200 OK
    [last_Via:]
    [last_From:]
    [last_To:];tag=1
    [last_Call-ID:]
    [last_CSeq:]
    Subject: [call_number] [cseq]
    Content-Length: 0

  ]]></send>
"""
MESSAGES = ANSWER.format(method="MESSAGE")


@pytest.fixture
def both() -> Iterator[Switchboard]:
    """A client that takes calls too."""
    board = Switchboard(UAC_CALL, incoming=SERVER)
    yield board
    board.poller.close()


@pytest.fixture
def answering() -> Iterator[Switchboard]:
    """A client that answers MESSAGE out of call."""
    board = Switchboard(UAC_CALL, out_of_call=MESSAGES + '<recv request="ACK"/>')
    yield board
    board.poller.close()


# --- calls that come in ------------------------------------------------------------------------------------------------


def test_a_call_that_comes_in_runs_the_server_scenario_and_is_counted(both: Switchboard) -> None:
    both.start()
    both.invite("in@peer")
    assert both.line.sent[-1].startswith(b"SIP/2.0 200 OK")
    both.bye("in@peer")
    counters = both.counters
    assert (counters.outgoing, counters.incoming, counters.successful, counters.open) == (1, 1, 1, 1)


def test_the_steps_of_the_main_scenario_count_their_own_messages_only(both: Switchboard) -> None:
    both.invite("in@peer")
    assert sum(step.messages for step in both.meter.take().steps) == 0


def test_its_failures_count(both: Switchboard) -> None:
    both.invite("in@peer")
    both.bring("REFER sip:t@h SIP/2.0", call_id="in@peer", cseq="2 REFER")
    counters = both.counters
    assert counters.failures == {Failure.UNEXPECTED_MESSAGE: 1}
    assert counters.reasons == {"unexpected REFER in step 2 (BYE)": 1}


def test_calls_that_come_in_use_up_neither_the_number_nor_the_limit_of_calls(both: Switchboard) -> None:
    both.table.max_calls = 1
    both.table.call_limit = 1
    for number in range(3):
        both.invite(f"{number}@peer")
    assert not both.table.all_created
    assert both.table.may_start()
    both.start()
    assert both.table.all_created
    assert not both.table.may_start()
    assert {call.number for call in both.table.calls.values()} == {1, 2, 3, 4}


def test_they_come_in_as_long_as_there_are_calls_of_our_own(both: Switchboard) -> None:
    both.table.max_calls = 1
    both.start()
    both.invite("1@peer")
    assert both.counters.incoming == 1
    (own,) = [call for call in both.table.calls.values() if call.number == 1]
    own.stop(0)
    both.invite("2@peer")
    assert (both.counters.incoming, both.counters.out_of_call) == (1, 1)
    both.bye("1@peer")
    assert both.table.calls == {}


def test_a_run_that_is_told_to_end_takes_none(both: Switchboard) -> None:
    both.start()
    both.table.closing = True
    both.invite("in@peer")
    assert (both.counters.incoming, both.counters.out_of_call) == (0, 1)


def test_the_end_of_one_gives_back_no_circuit() -> None:
    board = Switchboard(UAC_CALL, incoming=SERVER, tdm_map="{0-1}{99}{5-5}{1-1}")
    board.invite("in@peer")
    board.bye("in@peer")
    board.start()
    board.start()
    assert not board.table.may_start()
    board.poller.close()


# --- requests out of call ----------------------------------------------------------------------------------------------


def test_a_request_out_of_call_runs_its_scenario_and_is_no_call(answering: Switchboard) -> None:
    answering.bring("MESSAGE sip:t@h SIP/2.0", call_id="x@y", cseq="5 MESSAGE")
    assert b"Call-ID: x@y\r\nCSeq: 5 MESSAGE\r\nSubject: 0 5\r\n" in answering.line.sent[-1]
    answering.bring("ACK sip:t@h SIP/2.0", call_id="x@y", cseq="5 ACK")
    counters = answering.counters
    assert (counters.created, counters.auto_answered, counters.out_of_call) == (0, 1, 0)
    assert answering.warnings == []


def test_the_end_of_the_run_does_not_wait_for_it(answering: Switchboard) -> None:
    answering.bring("MESSAGE sip:t@h SIP/2.0", call_id="x@y", cseq="5 MESSAGE")
    assert (len(answering.table.calls), answering.table.unawaited) == (1, 1)
    answering.bring("ACK sip:t@h SIP/2.0", call_id="x@y", cseq="5 ACK")
    assert (len(answering.table.calls), answering.table.unawaited) == (0, 0)


def test_one_that_the_scenario_does_not_know_gets_the_default_behaviours(answering: Switchboard) -> None:
    answering.bring("NOTIFY sip:t@h SIP/2.0", call_id="1@y", cseq="5 NOTIFY")
    answering.bring("BYE sip:t@h SIP/2.0", call_id="2@y", cseq="5 BYE")
    assert [data[:11] for data in answering.line.sent] == [b"SIP/2.0 200"]
    assert answering.warnings == ["a request out of call was not answered as the scenario for it says"] * 1
    assert (answering.counters.failed, answering.counters.auto_answered, answering.table.calls) == (0, 2, {})


def test_a_response_out_of_call_begins_nothing(answering: Switchboard) -> None:
    answering.bring("SIP/2.0 200 OK", call_id="x@y")
    assert (answering.counters.out_of_call, answering.counters.auto_answered) == (1, 0)


def test_a_flood_out_of_call_is_only_counted(answering: Switchboard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine.shard.calls, "MOST_OUT_OF_CALL", 3)
    for number in range(5):
        answering.bring("MESSAGE sip:t@h SIP/2.0", call_id=f"{number}@y", cseq="5 MESSAGE")
    assert (len(answering.table.calls), answering.counters.out_of_call) == (3, 2)


def test_a_call_that_comes_in_goes_before() -> None:
    board = Switchboard(UAC_CALL, incoming=SERVER, out_of_call=MESSAGES)
    board.invite("in@peer")
    board.bring("MESSAGE sip:t@h SIP/2.0", call_id="x@y", cseq="5 MESSAGE")
    assert (board.counters.incoming, board.counters.auto_answered) == (1, 1)
    board.poller.close()


@pytest.mark.parametrize(
    ("method", "answered"),
    [("INFO", 1), ("NOTIFY", 1), ("OPTIONS", 1), ("UPDATE", 1), ("MESSAGE", 0), ("BYE", 0), ("ACK", 0)],
)
def test_what_is_answered_out_of_call_without_a_scenario(method: str, answered: int) -> None:
    board = Switchboard(UAC_CALL, behaviours=Behaviours(auto_answer=True))
    board.bring(f"{method} sip:t@h SIP/2.0", call_id="x@y", cseq=f"5 {method}")
    assert (board.counters.auto_answered, board.counters.out_of_call) == (answered, 1 - answered)
    assert len(board.line.sent) == answered
    board.poller.close()
